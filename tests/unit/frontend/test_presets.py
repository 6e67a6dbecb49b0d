"""Presets come from a file that an operator may write; what is wrong with it ends the start and is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from frontend.presets import PACKAGED, Presets, read_presets
from frontend.rendition_choice import RenditionLimits
from pipeline.errors import InvalidSetting

LIMITS = RenditionLimits(max_renditions=4, max_output_pixels=1_000_000)
GENEROUS = RenditionLimits(max_renditions=20, max_output_pixels=100_000_000)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "presets.toml"


def presets_of(file: Path, text: str) -> Presets:
    file.write_text(text, encoding="utf-8")
    return read_presets(file, limits=LIMITS)


def test_the_packaged_presets_have_titles_and_are_what_people_expect() -> None:
    presets = read_presets(None, limits=GENEROUS)

    assert {"thumbnail", "responsive", "preview", "social"} <= presets.keys()
    assert presets == read_presets(PACKAGED, limits=GENEROUS)
    assert all(preset.title != preset.name for preset in presets.values())


def test_packaged_presets_that_are_more_than_is_allowed_are_left_out() -> None:
    presets = read_presets(None, limits=RenditionLimits(max_renditions=3, max_output_pixels=100_000))

    assert "thumbnail" in presets
    assert "responsive" not in presets


def test_a_preset_is_one_rendition_with_its_options(file: Path) -> None:
    presets = presets_of(file, '[card]\ntitle = "Card"\nwidth = 300\nlossless = true\nposition = "center"\n')

    assert presets["card"].title == "Card"
    assert presets["card"].choices == ({"width": 300, "lossless": True, "position": "centre"},)


def test_a_preset_without_a_title_is_called_by_its_name(file: Path) -> None:
    assert presets_of(file, "[card]\nwidth = 300\n")["card"].title == "card"


def test_a_preset_without_anything_keeps_the_size(file: Path) -> None:
    assert presets_of(file, "[same]\n")["same"].choices == ({},)


def test_widths_and_formats_make_a_rendition_for_each_of_both(file: Path) -> None:
    presets = presets_of(file, '[set]\nwidths = [9, 8]\nformats = ["webp", "png"]\nquality = 60\n')

    assert presets["set"].choices == (
        {"quality": 60, "format": "webp", "width": 9},
        {"quality": 60, "format": "webp", "width": 8},
        {"quality": 60, "format": "png", "width": 9},
        {"quality": 60, "format": "png", "width": 8},
    )


def test_renditions_that_differ_in_more_are_tables_and_share_the_rest(file: Path) -> None:
    text = '[two]\nfit = "inside"\nrenditions = [{name = "s", width = 9}, {height = 8, fit = "fill"}]\n'

    assert presets_of(file, text)["two"].choices == (
        {"fit": "inside", "name": "s", "width": 9},
        {"fit": "fill", "height": 8},
    )


def test_presets_keep_the_order_of_the_file(file: Path) -> None:
    assert list(presets_of(file, "[b]\n[a]\n[c]\n")) == ["b", "a", "c"]


def test_a_file_without_presets_is_one_too(file: Path) -> None:
    assert presets_of(file, "") == {}


WRONG = {
    "a value": ("[card]\nwidth = 0", ("'card'", "width", "'0'", "1 to 16384")),
    "a word": ('[card]\nfit = "stretch"', ("'card'", "fit", "'stretch'", "cover, contain")),
    "one of many": ("[card]\nwidths = [300, -1]", ("'card'", "width", "'-1'")),
    "a format of many": ('[card]\nformats = ["bmp"]', ("'card'", "format", "'bmp'", "avif")),
    "an option that there is not": ("[card]\nwidht = 3", ("'card'", "widht", "did you mean 'width'?")),
    "an option in a table": (
        "[card]\nrenditions = [{}, {size = 3}]",
        ("'card'", "renditions[1].size", "'3'"),
    ),
    "a list that is none": ("[card]\nwidths = 300", ("'card'", "widths", "'300'", "a list")),
    "an empty list": ("[card]\nformats = []", ("'card'", "formats", "a list with at least one")),
    "entries that are no tables": ("[card]\nrenditions = [3]", ("'card'", "renditions[0]", "a table")),
    "a preset that is no table": ("card = 3", ("'card'", "'3'", "a table")),
    "a title that is no text": ("[card]\ntitle = 3", ("'card'", "title", "'3'", "a text")),
    "a name with a comma": ('["a,b"]', ("'a,b'", "name", "letters")),
    "the same name twice": ('[card]\nrenditions = [{name = "a"}, {name = "a"}]', ("'card'", "'a'", "twice")),
    "a contradiction": ('[card]\nformat = "jpeg"\nlossless = true', ("'card'", "lossless", "'true'")),
    "too many renditions": ("[card]\nwidths = [1, 2, 3, 4, 5]", ("'card'", "'5'", "at most 4 renditions")),
    "too many pixels": ("[card]\nwidth = 2000\nheight = 2000", ("'card'", "width", "'2000'", "1,000,000")),
    "a day": ("[card]\nwidth = 2026-11-24", ("'card'", "width", "2026-11-24")),
    "no number": ("[card]\nwidth = nan", ("'card'", "width")),
    "no TOML": ("[card]\nwidth = ?\n", ("presets.toml", "not TOML", "line 2")),
}


@pytest.mark.parametrize(("text", "named"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_named_with_its_preset_and_value(
    file: Path, text: str, named: tuple[str, ...]
) -> None:
    with pytest.raises(InvalidSetting, match=r"^PRESETS_FILE") as caught:
        presets_of(file, text)

    assert all(part in str(caught.value) for part in named), str(caught.value)


def test_a_file_that_is_not_there_is_named(file: Path) -> None:
    with pytest.raises(InvalidSetting, match=r"^PRESETS_FILE has value .*presets\.toml.*No such file"):
        read_presets(file, limits=LIMITS)


def test_a_file_that_is_no_text_is_named(file: Path) -> None:
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(InvalidSetting, match=r"^PRESETS_FILE has value .* not TOML"):
        read_presets(file, limits=LIMITS)


def test_a_frontend_with_a_wrong_file_ends_and_says_why(file: Path, tmp_path: Path) -> None:
    file.write_text("[card]\nwidth = 0\n")
    environment = {
        **os.environ,
        "PRESETS_FILE": str(file),
        "STORAGE_DIR": str(tmp_path / "storage"),
        "PORT": "0",
    }

    ended = subprocess.run(
        [sys.executable, "-m", "frontend"], env=environment, capture_output=True, text=True, timeout=30
    )

    assert ended.returncode == 2
    assert ended.stderr.splitlines()[-1] == (
        "frontend: PRESETS_FILE: preset 'card': width has the value '0'; "
        "allowed is a whole number from 1 to 16384."
    )
