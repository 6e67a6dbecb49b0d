from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import ExifTags, Image

from pipeline.messages import Rendition
from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.samples import CORNERS, GREY, corners_of, file_of, four_corners, png_chunk, png_row
from worker.imaging import render
from worker.imaging.orientation import upright

# The turn that undoes another is itself, except for the two quarter turns.
UNDONE_BY = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}


def exif(orientation: int) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    return tags


def stored(orientation: int, image_format: str) -> bytes:
    """A file that shows `four_corners(160, 80)` once its orientation is applied."""
    image = upright(four_corners(160, 80), UNDONE_BY[orientation])
    return file_of(image, image_format, exif=exif(orientation))


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(resized: Resize, orientation: int, image_format: str) -> None:
    image = resized(stored(orientation, image_format), 40, 20)

    assert image.size == (40, 20)
    assert corners_of(image) == CORNERS


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_size_of_the_source_is_told_as_people_see_it(rendered: Render, orientation: int) -> None:
    result = rendered(stored(orientation, "JPEG"))

    assert (result.width, result.height) == (160, 80)


def test_the_crop_is_taken_from_the_upright_picture(resized: Resize) -> None:
    bands = Image.new("RGB", (300, 100), "lime")
    bands.paste("red", (0, 0, 100, 100))
    bands.paste("blue", (200, 0, 300, 100))
    sideways = file_of(upright(bands, 8), "JPEG", exif=exif(6))

    middle = resized(sideways, 50, 50)

    assert corners_of(middle) == ((0, 255, 0),) * 4


def test_the_result_does_not_ask_to_be_turned_again(resized: Resize) -> None:
    assert not resized(stored(6, "JPEG")).getexif()


def test_an_orientation_that_follows_the_pixels_of_a_png_counts(rendered: Render) -> None:
    late = png_chunk(b"eXIf", exif(6).tobytes().removeprefix(b"Exif\0\0"))

    result = rendered(png_row(b"\x00\xff", width=2, depth=8, colour=GREY, last=late))

    assert (result.width, result.height) == (1, 2)


@pytest.mark.parametrize("block", [b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"?"])
def test_a_broken_exif_block_does_not_spoil_the_photograph(resized: Resize, block: bytes) -> None:
    assert corners_of(resized(file_of(four_corners(80, 80), "JPEG", exif=block))) == CORNERS


def test_an_exif_block_that_is_no_block_does_not_spoil_a_png(resized: Resize) -> None:
    text = png_chunk(b"tEXt", b"Raw profile type exif\0\n\n\nnot hexadecimal")

    assert resized(png_row(b"\x00\xff", width=2, depth=8, colour=GREY, last=text), 2, 1).size == (2, 1)


def test_an_orientation_that_does_not_exist_is_ignored(resized: Resize) -> None:
    assert corners_of(resized(file_of(four_corners(80, 80), "JPEG", exif=exif(9)))) == CORNERS


def test_one_sideways_source_serves_renditions_of_several_shapes(
    image_file: Callable[[bytes], Path],
) -> None:
    shapes = [(40, 20), (20, 40), (30, 30)]
    asked = [Rendition(name=f"r{width}", width=width, height=height) for width, height in shapes]

    result = render(image_file(stored(6, "JPEG")), asked)

    assert [(made.width, made.height) for made in result.renditions] == shapes
