"""Small files that would need all memory there is: refused by what their header says."""

import resource
import time

import pytest

from pipeline.messages import Rendition
from tests.unit.imaging.animations import Cel, animation, flat
from tests.unit.imaging.bombs import (
    BOMBS,
    bmp_of_size,
    box_of_size,
    jpeg_of_size,
    long_gif,
    png_bomb,
    tiff_of_size,
    webp_of_size,
)
from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.samples import CORNERS, corners_of, file_of, four_corners, noise, opened
from worker.imaging import ImageError, ImageTooLarge, Limits, UnsupportedFormat

MEBIBYTE = 1024**2
KINDS = ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "HEIF", "JXL"]


def peak_mebibytes() -> float:
    """The most memory that this process has ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def outcome(rendered: Render, data: bytes, limits: Limits | None = None) -> str:
    """`made`, or the code of the error that it ends in."""
    try:
        rendered(data, 100, 100, limits=limits)
    except ImageError as error:
        return error.code
    return "made"


@pytest.mark.parametrize("data", BOMBS.values(), ids=BOMBS.keys())
def test_a_bomb_is_refused_by_its_header(rendered: Render, data: bytes) -> None:
    before, begun = peak_mebibytes(), time.monotonic()

    with pytest.raises(ImageTooLarge) as refusal:
        rendered(data)

    assert refusal.value.code == "image_too_large"
    assert "pixels" in str(refusal.value)
    assert time.monotonic() - begun < 2
    assert peak_mebibytes() - before < 100


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
@pytest.mark.parametrize("edge", [50_000, 2**31 - 1])
def test_a_box_that_promises_too_much_is_refused(rendered: Render, kind: str, edge: int) -> None:
    before = peak_mebibytes()

    with pytest.raises(ImageError) as refusal:
        rendered(box_of_size(kind, edge, edge))

    # The decoders have limits of their own, and say no more than no.
    assert refusal.value.code in ("image_too_large", "image_unreadable", "image_truncated")
    assert peak_mebibytes() - before < 100


@pytest.mark.parametrize(
    "data",
    [tiff_of_size(0, 0), tiff_of_size(2**32 - 1, 2**32 - 1), bmp_of_size(-5, 10), bmp_of_size(0, 0)],
    ids=["TIFF of nothing", "TIFF of too much", "BMP of less than nothing", "BMP of nothing"],
)
def test_a_size_that_cannot_be_is_an_image_error(rendered: Render, data: bytes) -> None:
    with pytest.raises(ImageError):
        rendered(data)


def test_the_refusal_says_what_it_would_take(rendered: Render) -> None:
    with pytest.raises(ImageTooLarge, match=r"50,000 × 50,000 pixels .* MB of memory.* 1,024 MB"):
        rendered(png_bomb(50_000))


def test_frames_of_one_pixel_on_a_large_canvas_count_as_large(rendered: Render) -> None:
    with pytest.raises(ImageTooLarge, match="300 frames"):
        rendered(long_gif(300, 1000), 10, 10)


def test_many_frames_of_a_small_canvas_are_welcome(rendered: Render) -> None:
    found, (made,) = rendered(long_gif(300, 20), 20, 20)

    # From the sixteenth on they look the same.
    assert (found.report.frames, made.frames) == (300, 16)


def test_a_baseline_jpeg_of_the_largest_size_takes_no_more_memory_than_is_allowed(rendered: Render) -> None:
    """65,500 pixels each way are read at an eighth of that; where there are none libjpeg shows grey."""
    before = peak_mebibytes()

    made_or_code = outcome(rendered, jpeg_of_size(65_500, 65_500))

    assert made_or_code in ("made", "image_truncated", "image_unreadable", "image_too_large")
    assert peak_mebibytes() - before < 1024


def test_a_large_baseline_jpeg_passes_where_a_progressive_one_is_too_large(rendered: Render) -> None:
    limits = Limits(memory_bytes=256 * MEBIBYTE)

    assert outcome(rendered, jpeg_of_size(20_000, 20_000), limits) != "image_too_large"
    assert outcome(rendered, jpeg_of_size(20_000, 20_000, progressive=True), limits) == "image_too_large"


def test_a_jpeg_of_200_megapixels_is_resized(resized: Resize) -> None:
    huge = file_of(four_corners(16_000, 12_500), "JPEG", quality=50)

    image = resized(huge, 160, 125)

    assert image.size == (160, 125)
    assert corners_of(image) == CORNERS


def test_the_same_jpeg_is_too_large_when_it_is_wanted_large(rendered: Render) -> None:
    data = jpeg_of_size(20_000, 20_000)

    with pytest.raises(ImageTooLarge):
        rendered(data, 15_000, 15_000, limits=Limits(output_pixels=10**9))


@pytest.mark.parametrize("kind", KINDS)
def test_memory_is_predicted_for_every_format(rendered: Render, kind: str) -> None:
    data = file_of(noise(400, 300), kind)

    rendered(data, 40, 30, limits=Limits(memory_bytes=64 * MEBIBYTE))
    with pytest.raises(ImageTooLarge):
        rendered(data, 40, 30, limits=Limits(memory_bytes=1000))


def test_a_valid_bomb_in_miniature_is_a_picture() -> None:
    """The makers of bombs make what they say: the same file of a smaller size can be seen."""
    assert opened(webp_of_size(50, 40)).convert("RGB").getpixel((5, 5)) == (255, 0, 0)
    assert opened(webp_of_size(50, 40)).size == (50, 40)
    assert opened(jpeg_of_size(16, 16)).size == (16, 16)
    assert opened(long_gif(3, 20)).size == (20, 20)


@pytest.mark.parametrize("fit", ["cover", "contain", "fill"])
def test_a_rendition_may_not_have_too_many_pixels(rendered: Render, fit: str) -> None:
    data = file_of(noise(4, 4), "PNG")

    rendered(data, 8, 8, fit=fit, limits=Limits(output_pixels=64))
    with pytest.raises(ImageTooLarge, match="rendition it"):
        rendered(data, 8, 8, fit=fit, limits=Limits(output_pixels=63))


@pytest.mark.parametrize("options", [{"fit": "outside"}, {"fit": "outside", "format": "jpeg"}])
def test_a_thin_picture_cannot_become_endless_by_outside(rendered: Render, options: dict[str, str]) -> None:
    with pytest.raises(ImageTooLarge, match="rendition it"):
        rendered(file_of(noise(2000, 1), "PNG"), 1000, 1000, **options)


def test_a_thin_picture_cannot_become_endless_by_one_side(rendered: Render) -> None:
    with pytest.raises(ImageTooLarge, match="rendition it"):
        rendered(file_of(noise(1, 2000), "PNG"), 1000, None)


def test_a_thin_picture_has_at_least_one_pixel(rendered: Render) -> None:
    _, (made,) = rendered(file_of(noise(2000, 1), "PNG"), 100, 100, fit="inside")

    assert (made.width, made.height) == (100, 1)


def test_nothing_is_made_of_a_job_that_asks_for_too_much_once(rendered_all: Render) -> None:
    small = Rendition(name="small", width=8, height=8)
    large = Rendition(name="large", width=900, height=900)

    with pytest.raises(ImageTooLarge, match="large"):
        rendered_all(file_of(noise(8, 8), "PNG"), small, large, limits=Limits(output_pixels=1000))


@pytest.mark.parametrize("wanted", ["webp", "avif", "gif", "jpeg"])
def test_a_size_that_the_format_has_no_room_for_is_refused(rendered: Render, wanted: str) -> None:
    longest = {"webp": 16_383, "avif": 32_768, "gif": 65_535, "jpeg": 65_500}[wanted]

    with pytest.raises(UnsupportedFormat, match=str(longest)):
        rendered(file_of(noise(8, 1), "PNG"), longest + 1, 1, fit="fill", format=wanted)


@pytest.mark.parametrize(("wanted", "longest"), [("webp", 16_383), ("avif", 32_768), ("jpeg", 65_500)])
def test_the_longest_that_a_format_has_room_for_is_made(resized: Resize, wanted: str, longest: int) -> None:
    image = resized(file_of(noise(8, 8), "PNG"), longest, 2, fit="fill", format=wanted)

    assert image.size == (longest, 2)


def test_the_longest_jpeg_there_can_be_is_resized(resized: Resize) -> None:
    assert resized(file_of(noise(65500, 1), "JPEG")).size == (300, 300)


def test_an_avif_that_no_encoder_has_memory_for_is_refused(rendered: Render) -> None:
    with pytest.raises(ImageTooLarge, match="AVIF"):
        rendered(file_of(noise(8, 8), "PNG"), 5001, 5000, fit="fill", format="avif")


def test_moving_renditions_are_counted_together(rendered_all: Render) -> None:
    cels = [Cel(flat((40, 40), colour)) for colour in ("red", "lime", "blue")]
    data = animation("GIF", (40, 40), cels)
    asked = [Rendition(name=f"r{number}", width=100, height=100) for number in range(4)]
    limits = Limits(animation_pixels=3 * len(cels) * 100 * 100)

    rendered_all(data, *asked[:3], limits=limits)
    with pytest.raises(ImageTooLarge, match="together"):
        rendered_all(data, *asked, limits=limits)
