"""Bytes that are not, or not quite, an image. Whatever they are, they end in an ImageError."""

import pickle
import random
import struct
from itertools import permutations
from pathlib import Path

import pytest
from PIL import Image

from pipeline.messages import Rendition
from tests.unit.imaging.animations import Cel, animation, flat
from tests.unit.imaging.conftest import Render
from tests.unit.imaging.png_files import PNG_SIGNATURE
from tests.unit.imaging.samples import READABLE, file_of, noise
from worker.imaging import (
    ImageError,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    Limits,
    UnsupportedFormat,
    render,
)

TELLING = ["JPEG", "PNG", "GIF", "WEBP", "TIFF", "BMP"]
"""Formats of which Pillow says that a part is missing."""
MOVING = ["GIF", "PNG", "WEBP"]


@pytest.mark.parametrize("part", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_an_image_that_ends_too_early_is_truncated(rendered: Render, kind: str, part: float) -> None:
    whole = file_of(noise(120, 90), kind)

    with pytest.raises(ImageTruncated):
        rendered(whole[: int(len(whole) * part)])


@pytest.mark.parametrize("part", [0.02, 0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("kind", READABLE)
def test_a_part_of_an_image_is_no_image(rendered: Render, kind: str, part: float) -> None:
    whole = file_of(noise(120, 90), kind)

    with pytest.raises(ImageError) as error:
        rendered(whole[: int(len(whole) * part)])

    assert error.value.code in ("image_truncated", "image_unreadable", "unsupported_format")


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_box_that_ends_too_early_is_truncated(rendered: Render, kind: str, part: float) -> None:
    whole = file_of(noise(120, 90), kind)

    with pytest.raises(ImageTruncated):
        rendered(whole[: int(len(whole) * part)])


def test_a_progressive_jpeg_that_ends_too_early_is_truncated(rendered: Render) -> None:
    whole = file_of(noise(120, 90), "JPEG", progressive=True)

    with pytest.raises(ImageTruncated):
        rendered(whole[: len(whole) // 2])


@pytest.mark.parametrize("kind", MOVING)
def test_an_animation_that_ends_too_early_is_no_animation(rendered: Render, kind: str) -> None:
    cels = [Cel(noise(40, 40).convert("RGBA").quantize(200).convert("RGBA")) for _ in range(4)]
    whole = animation(kind, (40, 40), cels)

    with pytest.raises(ImageError) as error:
        rendered(whole[: int(len(whole) * 0.85)], 20, 20)

    assert error.value.code in ("image_truncated", "image_unreadable")


@pytest.mark.parametrize(
    "start",
    [
        b"\xff\xd8\xff\xe0\0\4",
        PNG_SIGNATURE,
        b"GIF89a\x10\x00\x10\x00\x00\x00\x00",
        b"RIFF" + struct.pack("<I", 804) + b"WEBP",
        b"II*\0\x08\0\0\0",
        b"MM\0*\0\0\0\x08",
        b"BM" + bytes(12) + struct.pack("<I", 40),
        b"\0\0\0\x14ftypavif\0\0\0\0avif",
        b"\0\0\0\x14ftypheic\0\0\0\0mif1",
        b"\xff\x0a",
        b"\0\0\0\x0cJXL \r\n\x87\n",
    ],
)
@pytest.mark.parametrize("garbage", [b"garbage!" * 100, bytes(800), b"\xff" * 800])
def test_garbage_after_the_right_signature_is_no_image(
    rendered: Render, start: bytes, garbage: bytes
) -> None:
    with pytest.raises(ImageError) as error:
        rendered(start + garbage)

    assert error.value.code in ("image_unreadable", "image_truncated", "image_too_large")


@pytest.mark.parametrize(("pretended", "real"), list(permutations(READABLE, 2)))
def test_the_first_bytes_of_one_format_and_the_rest_of_another_are_no_image(
    rendered: Render, pretended: str, real: str
) -> None:
    head, rest = (file_of(noise(16, 12), kind) for kind in (pretended, real))

    with pytest.raises(ImageError):
        rendered(head[:20] + rest[20:])


@pytest.mark.parametrize(
    "data",
    [
        b"Just some text.\n",
        b"<svg/>",
        b"BM" + bytes(100),
        b"\0",
        b"%PDF-1.7",
        b"\xff\xd8",
        b"8BPS\0\1" + bytes(60),
    ],
)
def test_what_is_not_on_the_list_of_formats_is_not_opened(rendered: Render, data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        rendered(data)


@pytest.mark.parametrize("kind", ["PPM", "ICO", "TGA", "PCX", "JPEG2000", "DDS", "ICNS", "EPS", "SGI"])
def test_formats_that_pillow_knows_and_we_do_not_are_refused(rendered: Render, kind: str) -> None:
    with pytest.raises(UnsupportedFormat):
        rendered(file_of(noise(16, 16), kind))


def test_no_other_decoder_gets_to_see_a_file(rendered: Render, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []
    monkeypatch.setattr(Image, "ID", [*Image.ID, "GREEDY"])
    monkeypatch.setitem(Image.OPEN, "GREEDY", (lambda *file: seen.append(file), lambda start: True))

    with pytest.raises(ImageUnreadable):
        rendered(PNG_SIGNATURE + b"garbage!" * 100)

    assert not seen


def test_an_empty_file_is_unreadable(rendered: Render) -> None:
    with pytest.raises(ImageUnreadable, match=r"^The file is empty\.$"):
        rendered(b"")


def dented(whole: bytes, dice: random.Random) -> bytes:
    """The file with a few bytes changed, more often near its beginning."""
    damaged = bytearray(whole)
    for _ in range(dice.choice((1, 4, 20))):
        place = dice.randrange(min(len(damaged), dice.choice((60, 600, len(damaged)))))
        damaged[place] = dice.randrange(256)
    return bytes(damaged)


@pytest.mark.parametrize("kind", TELLING)
def test_whatever_bytes_are_wrong_it_is_an_image_error(rendered: Render, kind: str) -> None:
    dice = random.Random(kind)
    whole = file_of(noise(40, 30), kind)
    limits = Limits(memory_bytes=32 * 1024**2)

    for _ in range(150):
        try:
            rendered(dented(whole, dice), 8, 8, limits=limits)
        except ImageError as error:
            assert str(error).endswith(".")  # no error at all is fine as well


@pytest.mark.parametrize("kind", MOVING)
def test_whatever_is_wrong_with_an_animation_it_is_an_image_error(rendered: Render, kind: str) -> None:
    dice = random.Random(kind)
    cels = [
        Cel(flat((20, 20), colour), (place, place))
        for place, colour in ((0, "red"), (4, "lime"), (8, "blue"))
    ]
    whole = animation(kind, (40, 40), [Cel(flat((40, 40), "white")), *cels])
    limits = Limits(memory_bytes=32 * 1024**2, animation_pixels=10**6)

    for _ in range(150):
        try:
            rendered(dented(whole, dice), 8, 8, limits=limits)
        except ImageError as error:
            assert str(error).endswith(".")  # no error at all is fine as well


def test_what_is_wrong_ends_all_renditions(rendered_all: Render) -> None:
    whole = file_of(noise(40, 30), "PNG")
    asked = [Rendition(name=f"r{width}", width=width, height=8) for width in (8, 16)]

    with pytest.raises(ImageTruncated):
        rendered_all(whole[: len(whole) // 2], *asked)


def test_a_missing_file_is_no_fault_of_the_image(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        render(tmp_path / "nothing", [Rendition(name="it", width=8, height=8)], on_ready=lambda made: None)


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
