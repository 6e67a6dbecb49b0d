import struct

import pytest
from PIL import Image

from tests.unit.imaging.conftest import Resize
from tests.unit.imaging.profiles import cyan_ink_is_red, red_green_swapped, srgb
from tests.unit.imaging.samples import GREEN, GREY, RED, TRUE_COLOUR, file_of, nearest_colour, png_row


def pixel(image: Image.Image) -> tuple[int, ...]:
    """The pixel in the middle."""
    value = image.getpixel((image.width // 2, image.height // 2))
    return value if isinstance(value, tuple) else (int(value or 0),)


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP"])
def test_the_profile_decides_what_a_colour_is(resized: Resize, image_format: str) -> None:
    data = file_of(Image.new("RGB", (20, 20), RED), image_format, icc_profile=red_green_swapped())

    assert nearest_colour(pixel(resized(data))) == GREEN


def test_alpha_survives_a_profile(resized: Resize) -> None:
    image = Image.new("RGBA", (20, 20), (*RED, 128))

    image = resized(file_of(image, "PNG", icc_profile=red_green_swapped()))

    assert pixel(image) == (0, 255, 0, 128)


def test_a_profile_that_is_srgb_changes_nothing(resized: Resize) -> None:
    data = file_of(Image.new("RGB", (20, 20), (10, 100, 200)), "PNG", icc_profile=srgb())

    assert pixel(resized(data)) == pytest.approx((10, 100, 200), abs=1)


@pytest.mark.parametrize("profile", [b"not a profile", srgb()[:200], cyan_ink_is_red()])
def test_a_profile_that_cannot_be_used_is_ignored(resized: Resize, profile: bytes) -> None:
    data = file_of(Image.new("RGB", (20, 20), RED), "PNG", icc_profile=profile)

    assert pixel(resized(data)) == RED


def test_a_grey_picture_with_a_profile_for_colours_stays_grey(resized: Resize) -> None:
    image = resized(file_of(Image.new("L", (20, 20), 77), "JPEG", icc_profile=srgb()))

    assert image.mode == "L"
    assert pixel(image) == (77,)


@pytest.mark.parametrize("result_format", ["auto", "jpeg", "png", "webp", "gif"])
def test_the_profile_does_not_stay_on_the_result(resized: Resize, result_format: str) -> None:
    data = file_of(Image.new("RGB", (20, 20), RED), "JPEG", icc_profile=red_green_swapped())

    assert "icc_profile" not in resized(data, format=result_format).info


def test_cmyk_becomes_rgb(resized: Resize) -> None:
    image = resized(file_of(Image.new("CMYK", (20, 20), (0, 255, 255, 0)), "JPEG"))

    assert image.mode == "RGB"
    assert nearest_colour(pixel(image)) == RED


def test_cmyk_becomes_rgb_through_its_profile(resized: Resize) -> None:
    cyan = Image.new("CMYK", (20, 20), (255, 0, 0, 0))

    assert nearest_colour(pixel(resized(file_of(cyan, "JPEG")))) != RED
    assert nearest_colour(pixel(resized(file_of(cyan, "JPEG", icc_profile=cyan_ink_is_red())))) == RED


@pytest.mark.parametrize(
    ("deep", "eight_bits"), [(0, 0), (0x0101, 1), (0x8080, 128), (0x7F7F, 127), (0xFFFF, 255)]
)
def test_16_bit_grey_is_scaled_and_not_clipped(resized: Resize, deep: int, eight_bits: int) -> None:
    row = struct.pack(">4H", deep, deep, deep, deep)

    image = resized(png_row(row, width=4, depth=16, colour=GREY))

    assert image.mode == "L"
    assert pixel(image) == (eight_bits,)


def test_16_bit_colour_is_scaled_and_not_clipped(resized: Resize) -> None:
    row = struct.pack(">3H", 0x8080, 0x4040, 0xFFFF) * 4

    assert pixel(resized(png_row(row, width=4, depth=16, colour=TRUE_COLOUR))) == (128, 64, 255)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_grey_of_few_bits_reaches_from_black_to_white(resized: Resize, depth: int) -> None:
    white = resized(png_row(b"\xff", width=8 // depth, depth=depth, colour=GREY))
    black = resized(png_row(b"\x00", width=8 // depth, depth=depth, colour=GREY))

    assert (pixel(white), pixel(black)) == ((255,), (0,))
