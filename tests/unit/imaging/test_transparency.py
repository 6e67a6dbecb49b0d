import struct
from io import BytesIO

import pytest
from PIL import Image

from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.png_files import GREY, TRUE_COLOUR, png_row
from tests.unit.imaging.samples import file_of, seen_at
from tests.unit.imaging.tiff_files import RGB, tiff_file


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
    image = resized(file_of(half_transparent_palette(), image_format, transparency=1), 20, 20, format="png")

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


def white_disc(size: int = 200) -> Image.Image:
    """An opaque white disc with a soft edge; all around it is transparent, and black underneath."""
    alpha = (
        Image.radial_gradient("L")
        .resize((size, size))
        .point([max(0, min(255, (140 - v) * 12)) for v in range(256)])
    )
    image = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    image.paste("white", (0, 0, size, size), alpha.point([255 * (value > 0) for value in range(256)]))
    image.putalpha(alpha)
    return image


@pytest.mark.parametrize("fit", ["cover", "contain", "fill", "inside", "outside"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "AVIF", "JXL"])
@pytest.mark.parametrize("size", [(7, 7), (60, 40), (333, 400)])
def test_a_white_disc_has_no_dark_edge(resized: Resize, kind: str, size: tuple[int, int], fit: str) -> None:
    exact: dict[str, dict[str, object]] = {
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 100},
        "JXL": {"lossless": True},
    }
    data = file_of(white_disc(), kind, **exact.get(kind, {}))

    image = resized(data, *size, fit=fit, format="png", background="transparent")

    assert image.mode in ("RGBA", "LA")
    assert min(min(pixel[:-1]) for pixel in seen_pixels(image)) >= 250
    assert image.getchannel("A").getextrema() == (0, 255)


def test_a_half_transparent_picture_keeps_colour_and_alpha(resized: Resize) -> None:
    image = resized(file_of(Image.new("RGBA", (50, 50), (200, 100, 50, 128)), "PNG"), 20, 20)

    assert image.getpixel((10, 10)) == pytest.approx((200, 100, 50, 128), abs=1)


@pytest.mark.parametrize("is_premultiplied", [False, True])
def test_the_alpha_of_a_tiff_may_be_multiplied_in_already(resized: Resize, is_premultiplied: bool) -> None:
    stored = bytes((100, 50, 25, 128) if is_premultiplied else (200, 100, 50, 128)) * 16
    data = tiff_file(
        stored, width=4, height=4, samples=4, bits=8, photometric=RGB, is_premultiplied=is_premultiplied
    )

    image = resized(data, 8, 8, format="png")

    assert image.getpixel((4, 4)) == pytest.approx((200, 100, 50, 128), abs=2)


@pytest.mark.parametrize("result_format", ["png", "webp", "avif", "gif"])
@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_formats_with_alpha_keep_it(rendered: Render, mode: str, result_format: str) -> None:
    found, (made,) = rendered(file_of(half_transparent(mode), "PNG"), 20, 20, format=result_format)

    alpha = Image.open(BytesIO(made.data)).convert("RGBA").getchannel("A")

    assert alpha.getpixel((0, 0)) == pytest.approx(255, abs=2)
    assert alpha.getpixel((19, 0)) == pytest.approx(0, abs=2)
    assert made.alpha == "kept"
    assert found.report.has_alpha


@pytest.mark.parametrize("result_format", ["jpeg", "png", "webp", "avif", "gif"])
def test_a_picture_without_alpha_gets_none(rendered: Render, result_format: str) -> None:
    found, (made,) = rendered(file_of(Image.new("RGB", (20, 20)), "PNG"), 10, 10, format=result_format)

    assert made.alpha == "none"
    assert not found.report.has_alpha
    assert not Image.open(BytesIO(made.data)).has_transparency_data


@pytest.mark.parametrize(("alpha", "shown"), [(0, 0), (100, 0), (127, 0), (128, 255), (200, 255), (255, 255)])
def test_a_gif_shows_what_is_at_least_half_there(resized: Resize, alpha: int, shown: int) -> None:
    data = file_of(Image.new("RGBA", (20, 20), (200, 100, 50, alpha)), "PNG")

    red, green, blue, seen = seen_at(resized(data, 10, 10, format="gif"), (5, 5))

    assert seen == shown
    if shown:
        assert (red, green, blue) == pytest.approx((200, 100, 50), abs=2)
