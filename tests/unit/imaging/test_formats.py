"""What goes in, what comes out."""

from functools import cache
from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from pipeline.image_formats import format_named
from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.png_files import interlaced, png_file
from tests.unit.imaging.samples import (
    CORNERS,
    MADE,
    READABLE,
    corners_of,
    file_of,
    four_corners,
    noise,
    seen_at,
)

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "BMP": "image/bmp",
    "HEIF": "image/heic",
    "JXL": "image/jxl",
}
AS_IT_WAS = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "GIF": "gif"}
HOLDING_ALPHA = ["PNG", "WEBP", "AVIF", "GIF", "TIFF", "HEIF", "JXL"]


@cache
def noise_file(size: tuple[int, int], kind: str) -> bytes:
    """A file that takes long to make, made once."""
    return file_of(noise(*size), kind)


@pytest.mark.parametrize("wanted", MADE)
@pytest.mark.parametrize("kind", READABLE)
def test_every_format_goes_into_every_other(rendered: Render, kind: str, wanted: str) -> None:
    found, (made,) = rendered(file_of(four_corners(80, 60), kind), 40, 30, format=wanted)

    image = Image.open(BytesIO(made.data))
    assert (image.format, image.size) == (wanted.upper(), (40, 30))
    assert corners_of(image) == CORNERS
    assert (made.name, made.image_format, made.width, made.height) == ("it", wanted, 40, 30)
    assert (found.media_type, found.width, found.height) == (MEDIA_TYPES[kind], 80, 60)
    assert (found.report.format, found.report.width, found.report.height) == (kind.lower(), 80, 60)


@pytest.mark.parametrize("kind", READABLE)
def test_auto_keeps_what_browsers_show_and_makes_a_jpeg_of_the_rest(rendered: Render, kind: str) -> None:
    _, (made,) = rendered(file_of(four_corners(80, 60), kind))

    assert made.image_format == AS_IT_WAS.get(kind, "jpeg")


@pytest.mark.parametrize("kind", HOLDING_ALPHA)
def test_auto_makes_a_webp_of_the_rest_where_there_is_alpha(rendered: Render, kind: str) -> None:
    image = four_corners(80, 60).convert("RGBA")
    image.paste((0, 0, 0, 0), (20, 10, 60, 50))

    found, (made,) = rendered(file_of(image, kind))

    assert found.report.has_alpha
    assert made.image_format == AS_IT_WAS.get(kind, "webp")
    assert made.alpha == "kept"
    result = Image.open(BytesIO(made.data))
    assert seen_at(result, (150, 150))[3] <= 2
    assert seen_at(result, (2, 2))[3] >= 250


def test_a_jpeg_of_two_pictures_is_a_jpeg(rendered: Render) -> None:
    data = file_of(four_corners(40, 40), "MPO", save_all=True, append_images=[noise(40, 40)])

    found, (made,) = rendered(data)

    assert (found.media_type, made.image_format) == ("image/jpeg", "jpeg")
    assert corners_of(Image.open(BytesIO(made.data))) == CORNERS


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits", "jpeg", "zstd"])
def test_a_tiff_may_be_packed_in_many_ways(rendered: Render, compression: str) -> None:
    found, (made,) = rendered(file_of(four_corners(80, 64), "TIFF", compression=compression), 40, 32)

    assert found.media_type == "image/tiff"
    assert corners_of(Image.open(BytesIO(made.data))) == CORNERS


def test_a_large_tiff_is_one_too(rendered: Render) -> None:
    found, _ = rendered(file_of(four_corners(80, 64), "TIFF", big_tiff=True), 40, 32)

    assert found.media_type == "image/tiff"


@pytest.mark.parametrize("size", [(40, 30), (7, 5), (8, 8), (1, 1), (3, 9)])
def test_a_png_may_be_interlaced(rendered: Render, size: tuple[int, int]) -> None:
    picture = noise(*size)
    pixels = [[picture.crop((x, y, x + 1, y + 1)).tobytes() for x in range(size[0])] for y in range(size[1])]
    data = png_file(interlaced(pixels), width=size[0], height=size[1], is_interlaced=True)

    found, (made,) = rendered(data, None, None)

    assert Image.open(BytesIO(made.data)).convert("RGB").tobytes() == picture.tobytes()
    assert found.report.is_progressive


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(1201, 803), (808, 1595)])
@pytest.mark.parametrize("target", [(50, 50), (150, 100), (201, 199)])
def test_a_jpeg_that_is_read_small_is_not_shifted(
    resized: Resize, subsampling: str, size: tuple[int, int], target: tuple[int, int]
) -> None:
    gradient = Image.merge(
        "RGB",
        [
            Image.linear_gradient("L").resize(size),
            Image.linear_gradient("L").transpose(Image.Transpose.ROTATE_90).resize(size),
            Image.new("L", size, 128),
        ],
    )
    data = file_of(gradient, "JPEG", quality=95, subsampling=subsampling)

    image = resized(data, *target, fit="fill", format="webp", lossless=True).convert("RGB")

    exact = gradient.resize(target, Image.Resampling.LANCZOS)
    assert max(ImageStat.Stat(ImageChops.difference(image, exact)).mean) < 1


@pytest.mark.parametrize("wanted", MADE)
@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        *(("PNG", mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16")),
        *(
            ("TIFF", mode)
            for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I", "F", "CMYK", "YCbCr", "LAB")
        ),
        *(("JPEG", mode) for mode in ("L", "RGB", "CMYK", "YCbCr")),
        *(("BMP", mode) for mode in ("1", "L", "P", "RGB", "RGBA")),
        *(("WEBP", mode) for mode in ("L", "RGB", "RGBA")),
        *(("GIF", mode) for mode in ("1", "L", "P", "RGB", "RGBA")),
        *(("AVIF", mode) for mode in ("L", "RGB", "RGBA")),
        *(("HEIF", mode) for mode in ("L", "RGB", "RGBA")),
        *(("JXL", mode) for mode in ("L", "LA", "RGB", "RGBA", "I;16", "F")),
    ],
)
def test_every_kind_of_pixel_goes_into_every_format(
    resized: Resize, kind: str, mode: str, wanted: str
) -> None:
    image = resized(file_of(Image.new(mode, (20, 20), 1), kind), 10, 10, format=wanted)
    image.load()

    assert (image.format, image.size) == (wanted.upper(), (10, 10))


@pytest.mark.parametrize("kind", READABLE)
@pytest.mark.parametrize("source", [(1, 1), (1, 700), (700, 1), (2, 3), (299, 301), (300, 300)])
@pytest.mark.parametrize("target", [(300, 300), (7, 200)])
def test_a_rendition_has_exactly_the_size_that_was_asked(
    rendered: Render, kind: str, source: tuple[int, int], target: tuple[int, int]
) -> None:
    found, (made,) = rendered(noise_file(source, kind), *target)

    assert (found.width, found.height) == source
    assert (made.width, made.height) == Image.open(BytesIO(made.data)).size == target


@pytest.mark.parametrize("wanted", MADE)
@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3, 2)])
def test_the_smallest_results_are_files_too(resized: Resize, wanted: str, size: tuple[int, int]) -> None:
    for mode in ("L", "RGB", "RGBA", "LA"):
        image = resized(file_of(Image.new(mode, (50, 50), 1), "PNG"), *size, format=wanted)
        image.load()

        assert image.size == size


@pytest.mark.parametrize("wanted", MADE)
def test_the_name_of_the_result_is_that_of_a_format_that_is_made(rendered: Render, wanted: str) -> None:
    _, (made,) = rendered(file_of(noise(20, 20), "PNG"), format=wanted)

    assert format_named(made.image_format).is_made
