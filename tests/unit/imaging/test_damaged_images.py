"""Bytes that are not, or not quite, an image. Whatever they are, they end in an ImageError."""

import pickle
import random
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from pipeline.messages import Rendition
from tests.unit.imaging.conftest import Render
from tests.unit.imaging.samples import PNG_SIGNATURE, file_of, noise, png_chunk
from worker.imaging import (
    ImageError,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    UnsupportedFormat,
    recipe,
    render,
)

FORMATS = ["JPEG", "PNG", "GIF", "WEBP"]
SMALL = [Rendition(name="small", width=8, height=8)]


@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("image_format", FORMATS)
def test_an_image_that_ends_too_early_is_truncated(rendered: Render, image_format: str, part: float) -> None:
    whole = file_of(noise(120, 90), image_format)

    with pytest.raises(ImageTruncated):
        rendered(whole[: int(len(whole) * part)])


def test_a_progressive_jpeg_that_ends_too_early_is_truncated(rendered: Render) -> None:
    whole = file_of(noise(120, 90), "JPEG", progressive=True)

    with pytest.raises(ImageTruncated):
        rendered(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    "start",
    [
        b"\xff\xd8\xff\xe0\0\4",
        PNG_SIGNATURE,
        b"GIF89a\x10\x00\x10\x00\x00\x00\x00",
        b"RIFF" + struct.pack("<I", 804) + b"WEBP",
    ],
)
def test_garbage_after_the_right_signature_is_unreadable(rendered: Render, start: bytes) -> None:
    with pytest.raises(ImageUnreadable):
        rendered(start + b"garbage!" * 100)


@pytest.mark.parametrize("data", [b"Just some text.\n", b"<svg/>", b"BM" + bytes(100), b"\0", b"%PDF-1.7"])
def test_what_is_not_on_the_list_of_formats_is_not_opened(rendered: Render, data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        rendered(data)


@pytest.mark.parametrize("image_format", ["BMP", "TIFF", "PPM", "ICO", "TGA"])
def test_formats_that_pillow_knows_and_we_do_not_are_refused(rendered: Render, image_format: str) -> None:
    with pytest.raises(UnsupportedFormat):
        rendered(file_of(noise(16, 16), image_format))


def test_no_other_decoder_gets_to_see_a_file(rendered: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(Image, "ID", [*Image.ID, "GREEDY"])
    monkeypatch.setitem(Image.OPEN, "GREEDY", (lambda *file: seen.append(file), lambda start: True))

    with pytest.raises(ImageUnreadable):
        rendered(PNG_SIGNATURE + b"garbage!" * 100)

    assert not seen


def test_an_empty_file_is_unreadable(rendered: Render) -> None:
    with pytest.raises(ImageUnreadable, match=r"^The file is empty\.$"):
        rendered(b"")


@pytest.mark.parametrize("image_format", FORMATS)
def test_whatever_bytes_are_wrong_it_is_an_image_error(
    image_file: Callable[[bytes], Path], image_format: str
) -> None:
    dice = random.Random(image_format)
    whole = file_of(noise(40, 30), image_format)

    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.choice((1, 4, 20))):
            place = dice.randrange(min(len(damaged), dice.choice((60, 600, len(damaged)))))
            damaged[place] = dice.randrange(256)
        try:
            render(image_file(bytes(damaged)), SMALL, max_pixels=1_000_000)
        except ImageError as error:
            assert str(error).endswith(".")  # no error at all is fine as well


def test_a_huge_size_in_the_header_is_refused_before_any_pixel(rendered: Render) -> None:
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0))

    with pytest.raises(ImageTooLarge, match="more than 100,000,000 pixels"):
        rendered(PNG_SIGNATURE + header + png_chunk(b"IDAT", b"") + png_chunk(b"IEND", b""))


@pytest.mark.parametrize("image_format", FORMATS)
def test_the_limit_of_pixels_is_exact(image_file: Callable[[bytes], Path], image_format: str) -> None:
    path = image_file(file_of(noise(40, 30), image_format))

    render(path, SMALL, max_pixels=1200)
    with pytest.raises(ImageTooLarge, match="more than 1,199 pixels"):
        render(path, SMALL, max_pixels=1199)


def test_the_limit_is_ours_and_not_the_one_pillow_happens_to_have(
    rendered: Render, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)

    rendered(file_of(noise(40, 30), "PNG"))

    assert Image.MAX_IMAGE_PIXELS == 100


def test_a_rendition_has_the_same_limit(image_file: Callable[[bytes], Path]) -> None:
    path = image_file(file_of(noise(4, 4), "PNG"))

    with pytest.raises(ImageTooLarge, match="rendition small"):
        render(path, SMALL, max_pixels=63)


def test_want_of_memory_is_a_fault_of_the_image(rendered: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(recipe, "resample", no_room)

    with pytest.raises(ImageTooLarge, match="memory"):
        rendered(file_of(noise(4, 4), "PNG"))


def test_a_missing_file_is_no_fault_of_the_image(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        render(tmp_path / "nothing", SMALL)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ImageUnreadable, "image_unreadable"),
        (ImageTruncated, "image_truncated"),
        (ImageTooLarge, "image_too_large"),
        (UnsupportedFormat, "unsupported_format"),
    ],
)
def test_errors_keep_class_code_and_message_when_they_are_pickled(kind: type[ImageError], code: str) -> None:
    for error in (kind(), kind("A better sentence.")):
        copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own bytes

        assert type(copy) is kind
        assert copy.code == code
        assert str(copy) == str(error)
        assert str(copy).endswith(".")
