"""What people call their files: shown as far as it does no harm, stored as what does none at all."""

import re

import pytest

from pipeline.file_names import (
    NAMELESS,
    SHOWN_CHARACTERS,
    STEM_BYTES,
    rendition_name,
    shown_name,
    stored_name,
)
from pipeline.image_formats import JPEG, PNG

RIGHT_TO_LEFT_OVERRIDE, ZERO_WIDTH_JOINER, ISOLATE = "\u202e", "\u200d", "\u2066"

SHOWN = {
    "an ordinary one": ("holiday.jpg", "holiday.jpg"),
    "spaces": ("  my  holiday .jpg ", "my  holiday .jpg"),
    "unicode": ("Ünïcödé 写真 🏖.jpg", "Ünïcödé 写真 🏖.jpg"),
    "a path": ("../../etc/passwd.jpg", "passwd.jpg"),
    "an absolute path": ("/etc/shadow", "shadow"),
    "a Windows path": (r"C:\Users\me\Pictures\a.png", "a.png"),
    "a mixed path": (r"..\..//a\b/c.gif", "c.gif"),
    "a folder": ("photos/", NAMELESS),
    "markup": ("<img src=x onerror=alert(1)>.png", "<img src=x onerror=alert(1)>.png"),
    "line breaks": ("a\r\nSet-Cookie: b\tc\0.png", "aSet-Cookie: bc.png"),
    "escape sequences": ("\x1b[31mred\x9b.png", "[31mred.png"),
    "reversed text": (f"gpj.{RIGHT_TO_LEFT_OVERRIDE}exe{ISOLATE}{ZERO_WIDTH_JOINER}.png", "gpj.exe.png"),
    "bytes that were no UTF-8": ("a\udcff.png", "a?.png"),
    "nothing": ("", NAMELESS),
    "none": (None, NAMELESS),
    "only spaces": ("   ", NAMELESS),
    "only control characters": ("\0\x07\u200b", NAMELESS),
    "dots": ("..", ".."),
}

STORED = {
    "an ordinary one": ("holiday.jpg", "holiday.jpg"),
    "the suffix of the content": ("holiday.png.exe", "holiday.png.jpg"),
    "no suffix": ("holiday", "holiday.jpg"),
    "spaces": ("my holiday.jpg", "my_holiday.jpg"),
    "markup": ("<img src=x>.png", "img_src_x.jpg"),
    "a command": ("$(rm -rf ~); `id`|&.jpg", "rm_-rf_id.jpg"),
    "unicode": ("Ünïcödé 写真 🏖.jpg", "Ünïcödé_写真.jpg"),
    "hidden": (".htaccess", "htaccess.jpg"),
    "dots": ("..", "image.jpg"),
    "one dot": (".", "image.jpg"),
    "only signs": ("???.png", "image.jpg"),
    "a record of ours": ("job.json", "job.jpg"),
    "a device": ("CON", "CON.jpg"),
}


@pytest.mark.parametrize(("raw", "shown"), SHOWN.values(), ids=SHOWN)
def test_a_name_is_shown_without_folders_and_control_characters(raw: str | None, shown: str) -> None:
    assert shown_name(raw) == shown


@pytest.mark.parametrize(("shown", "stored"), STORED.values(), ids=STORED)
def test_a_name_is_stored_as_letters_digits_and_three_signs(shown: str, stored: str) -> None:
    assert stored_name(shown, JPEG) == stored


def test_an_endless_name_is_shown_in_part() -> None:
    assert shown_name("n" * 100_000 + ".jpg") == "n" * SHOWN_CHARACTERS


@pytest.mark.parametrize("char", ["n", "ü", "写", "𠀀"])
def test_an_endless_name_is_stored_short_enough_for_any_disk(char: str) -> None:
    stored = stored_name(shown_name(char * 100_000 + ".jpg"), JPEG)

    assert set(stored.removesuffix(".jpg")) == {char}
    assert STEM_BYTES - 4 < len(stored.removesuffix(".jpg").encode()) <= STEM_BYTES


@pytest.mark.parametrize("raw", [raw for raw, _ in SHOWN.values()])
def test_no_name_leads_out_of_its_folder(raw: str | None) -> None:
    stored = stored_name(shown_name(raw), PNG)

    assert re.fullmatch(r"[^\W_][\w.-]*\.png", stored)


def test_a_rendition_is_named_after_its_source_and_itself() -> None:
    assert rendition_name("uploads/2026-11-24/id/holiday.png", "300x300", JPEG) == "holiday_300x300.jpg"


def test_a_rendition_of_a_source_named_by_hand_stays_one_file_name() -> None:
    assert "/" not in rendition_name("../../etc/passwd", "300x300", JPEG)
