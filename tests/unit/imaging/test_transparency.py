import struct

import pytest
from PIL import Image

from tests.unit.imaging.conftest import Resize
from tests.unit.imaging.samples import GREY, RED, TRUE_COLOUR, file_of, png_row


def half_transparent(mode: str) -> Image.Image:
    """Opaque and bright on the left; on the right transparent, and black underneath."""
    image = Image.new(mode, (64, 64), 0)
    image.paste("red" if mode == "RGBA" else (200, 255), (0, 0, 32, 64))
    return image


def half_transparent_palette() -> Image.Image:
    image = Image.new("P", (64, 64), 1)
    image.putpalette([255, 0, 0, 0, 0, 0])
    image.paste(0, (0, 0, 32, 64))
    return image


def seen_pixels(image: Image.Image) -> list[tuple[int, ...]]:
    """The values of all pixels that are not almost transparent."""
    counted = image.getcolors(image.width * image.height) or []
    return [pixel for _, pixel in counted if isinstance(pixel, tuple) and pixel[-1] > 8]


@pytest.mark.parametrize("size", [(20, 20), (100, 100)])
def test_colour_under_transparent_pixels_does_not_bleed_into_the_edge(
    resized: Resize, size: tuple[int, int]
) -> None:
    image = resized(file_of(half_transparent("RGBA"), "PNG"), *size)

    assert image.mode == "RGBA"
    assert image.getpixel((0, 0)) == (255, 0, 0, 255)
    assert min(pixel[0] for pixel in seen_pixels(image)) >= 250


def test_grey_with_alpha_has_no_dark_edge_either(resized: Resize) -> None:
    image = resized(file_of(half_transparent("LA"), "PNG"), 20, 20)

    assert image.mode == "LA"
    assert min(pixel[0] for pixel in seen_pixels(image)) >= 190


@pytest.mark.parametrize("image_format", ["PNG", "GIF"])
def test_a_transparent_palette_colour_becomes_alpha(resized: Resize, image_format: str) -> None:
    image = resized(file_of(half_transparent_palette(), image_format, transparency=1), 20, 20)

    assert image.mode == "RGBA"
    assert image.getpixel((0, 0)) == (255, 0, 0, 255)
    assert image.getpixel((19, 0)) == (0, 0, 0, 0)
    assert min(pixel[0] for pixel in seen_pixels(image)) >= 250


def test_a_palette_may_be_transparent_by_degrees(resized: Resize) -> None:
    image = resized(file_of(half_transparent_palette(), "PNG", transparency=b"\xff\x80"), 20, 20)

    assert image.getpixel((19, 0)) == (0, 0, 0, 128)


def test_a_palette_is_left_before_resampling(resized: Resize) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1])

    between = resized(file_of(image, "PNG"), 1, 1)

    assert between.getpixel((0, 0)) == pytest.approx((128, 0, 128), abs=1)


@pytest.mark.parametrize(
    ("row", "depth", "transparent"),
    [
        (b"\x80", 1, 1),
        (b"\xd0", 2, 3),
        (b"\xf3", 4, 15),
        (b"\xc8\x05", 8, 200),
        (struct.pack(">HH", 40000, 40001), 16, 40000),
    ],
)
def test_a_transparent_grey_is_met_at_every_depth(
    resized: Resize, row: bytes, depth: int, transparent: int
) -> None:
    data = png_row(row, width=2, depth=depth, colour=GREY, transparent=struct.pack(">H", transparent))

    image = resized(data, 2, 1)

    assert image.mode == "LA"
    assert list(image.getchannel("A").tobytes()) == [0, 255]


def test_a_transparent_colour_is_met_at_16_bits(resized: Resize) -> None:
    row = struct.pack(">6H", 40000, 20000, 1000, 50000, 20000, 1000)
    data = png_row(row, width=2, depth=16, colour=TRUE_COLOUR, transparent=row[:6])

    assert list(resized(data, 2, 1).getchannel("A").tobytes()) == [0, 255]


def test_a_jpeg_is_laid_on_white(resized: Resize) -> None:
    image = resized(file_of(half_transparent("RGBA"), "PNG"), 20, 20, format="jpeg", quality=95)

    assert image.mode == "RGB"
    assert image.getpixel((19, 10)) == pytest.approx((255, 255, 255), abs=3)
    assert image.getpixel((1, 10)) == pytest.approx(RED, abs=8)


def test_grey_with_alpha_is_laid_on_white_and_stays_grey(resized: Resize) -> None:
    image = resized(file_of(half_transparent("LA"), "PNG"), 20, 20, format="jpeg")

    assert image.mode == "L"
    assert image.getpixel((19, 10)) == pytest.approx(255, abs=3)


@pytest.mark.parametrize("result_format", ["png", "webp", "gif"])
def test_formats_with_alpha_keep_it(resized: Resize, result_format: str) -> None:
    image = resized(file_of(half_transparent("RGBA"), "PNG"), 20, 20, format=result_format)

    alpha = image.convert("RGBA").getchannel("A")

    assert (alpha.getpixel((0, 0)), alpha.getpixel((19, 0))) == (255, 0)
