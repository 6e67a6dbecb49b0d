"""Every option does what it says, seen in the result."""

from io import BytesIO

import pytest
from PIL import Image, ImageChops, ImageStat

from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.samples import (
    BLUE,
    CORNERS,
    GREEN,
    RED,
    WHITE,
    corners_of,
    file_of,
    four_corners,
    noise,
)
from worker.imaging import RenderedImage

LOSSY = {"jpeg": 80, "webp": 80, "avif": 50}
"""The formats for which quality counts, with what they get when nothing is asked."""


def soft(width: int, height: int) -> Image.Image:
    """A picture as smooth as a photograph, in colour."""
    channels = [
        Image.effect_noise((12 + step, 9), 120).resize((width, height), Image.Resampling.BICUBIC)
        for step in range(3)
    ]
    return Image.merge("RGB", channels)


def error_of(made: RenderedImage, original: Image.Image) -> float:
    """How far the pixels of a result are from those of the original, in the mean."""
    shown = Image.open(BytesIO(made.data)).convert("RGB")
    return max(ImageStat.Stat(ImageChops.difference(shown, original)).mean)


@pytest.mark.parametrize("wanted", LOSSY)
def test_quality_decides_size_and_fidelity(rendered: Render, wanted: str) -> None:
    image = soft(300, 200)
    data = file_of(image, "PNG")

    low, middling, high = (
        rendered(data, 300, 200, format=wanted, quality=each)[1][0] for each in (10, 50, 95)
    )

    assert len(low.data) < len(middling.data) < len(high.data)
    assert error_of(low, image) > error_of(middling, image) > error_of(high, image)


@pytest.mark.parametrize(("wanted", "quality"), LOSSY.items())
def test_without_a_quality_a_format_has_its_own(rendered: Render, wanted: str, quality: int) -> None:
    data = file_of(soft(200, 200), "PNG")

    (unsaid,), (said,) = (rendered(data, format=wanted, quality=each)[1] for each in (None, quality))

    assert unsaid.data == said.data


@pytest.mark.parametrize("wanted", ["png", "gif"])
def test_quality_does_not_touch_formats_without_one(rendered: Render, wanted: str) -> None:
    data = file_of(soft(100, 100), "PNG")

    (low,), (high,) = (rendered(data, format=wanted, quality=each)[1] for each in (1, 100))

    assert low.data == high.data


@pytest.mark.parametrize("wanted", ["webp", "png"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_lossless_gives_back_exactly_the_pixels(resized: Resize, wanted: str, mode: str) -> None:
    original = noise(61, 47).convert(mode)
    if mode == "RGBA":
        original.putalpha(
            Image.linear_gradient("L").resize(original.size).point([max(1, v) for v in range(256)])
        )

    image = resized(file_of(original, "PNG"), None, None, format=wanted, lossless=True)

    assert image.convert(mode).tobytes() == original.tobytes()


@pytest.mark.parametrize("wanted", ["webp", "avif"])
def test_lossless_is_not_the_default(resized: Resize, wanted: str) -> None:
    original = noise(61, 47)

    assert (
        resized(file_of(original, "PNG"), None, None, format=wanted).convert("RGB").tobytes()
        != original.tobytes()
    )


def is_progressive(image: Image.Image) -> bool:
    return bool(image.info.get("progressive"))


@pytest.mark.parametrize("source", ["PNG", "JPEG"])
def test_a_jpeg_is_progressive_when_asked(resized: Resize, source: str) -> None:
    data = file_of(soft(100, 100), source)

    assert is_progressive(resized(data, format="jpeg", progressive=True))
    assert not is_progressive(resized(data, format="jpeg"))


def test_a_progressive_source_does_not_make_a_progressive_result(resized: Resize) -> None:
    assert not is_progressive(resized(file_of(soft(100, 100), "JPEG", progressive=True)))


def test_a_large_jpeg_is_progressive_when_asked(resized: Resize) -> None:
    assert is_progressive(
        resized(file_of(soft(100, 100), "PNG"), 1500, 1200, format="jpeg", progressive=True)
    )


@pytest.mark.parametrize(
    ("fit", "asked", "size"),
    [
        ("cover", (100, 100), (100, 100)),
        ("contain", (100, 100), (100, 100)),
        ("fill", (100, 100), (100, 100)),
        ("inside", (100, 100), (100, 50)),
        ("outside", (100, 100), (200, 100)),
        ("cover", (100, None), (100, 50)),
        ("contain", (None, 100), (200, 100)),
        ("fill", (100, None), (100, 50)),
        ("inside", (None, 30), (60, 30)),
        ("outside", (500, None), (500, 250)),
        ("cover", (None, None), (400, 200)),
        ("inside", (33, 100), (33, 17)),
        ("inside", (800, 800), (800, 400)),
    ],
)
def test_each_fit_gives_the_size_it_promises(
    resized: Resize, fit: str, asked: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    image = resized(file_of(four_corners(400, 200), "PNG"), *asked, fit=fit)

    assert image.size == size


@pytest.mark.parametrize(
    ("fit", "asked", "size"),
    [
        ("cover", (100, 100), (100, 100)),
        ("cover", (600, 600), (400, 200)),
        ("cover", (300, 600), (300, 200)),
        ("contain", (600, 600), (600, 600)),
        ("fill", (600, 100), (400, 100)),
        ("inside", (800, 800), (400, 200)),
        ("outside", (800, 800), (400, 200)),
        ("cover", (800, None), (400, 200)),
    ],
)
def test_without_enlargement_no_pixel_is_made_up(
    resized: Resize, fit: str, asked: tuple[int | None, int | None], size: tuple[int, int]
) -> None:
    image = resized(file_of(four_corners(400, 200), "PNG"), *asked, fit=fit, without_enlargement=True)

    assert image.size == size


def test_contain_without_enlargement_leaves_the_picture_its_size(resized: Resize) -> None:
    image = resized(
        file_of(four_corners(40, 20), "PNG"),
        100,
        100,
        fit="contain",
        without_enlargement=True,
        background="black",
    )

    assert image.crop((30, 40, 70, 60)).convert("RGB").tobytes() == four_corners(40, 20).tobytes()
    assert image.convert("RGB").crop((0, 0, 100, 40)).getextrema() == ((0, 0),) * 3


def test_fill_shows_all_of_the_picture(resized: Resize) -> None:
    assert corners_of(resized(file_of(four_corners(400, 200), "PNG"), 50, 90, fit="fill")) == CORNERS


@pytest.mark.parametrize(
    ("position", "colours"),
    [
        ("northwest", {RED}),
        ("northeast", {GREEN}),
        ("southwest", {BLUE}),
        ("southeast", {WHITE}),
        ("0,0", {RED}),
        ("1,0", {GREEN}),
        (".1,.9", {BLUE}),
        ("1,1", {WHITE}),
        ("north", {RED, GREEN}),
        ("south", {BLUE, WHITE}),
        ("west", {RED, BLUE}),
        ("east", {GREEN, WHITE}),
        ("centre", set(CORNERS)),
        ("center", set(CORNERS)),
        ("0.5,0.5", set(CORNERS)),
    ],
)
def test_cover_keeps_the_part_at_the_position(
    resized: Resize, position: str, colours: set[tuple[int, int, int]]
) -> None:
    """Only one axis has anything to cut off, so the picture is cut in both ways."""
    wide = resized(file_of(four_corners(600, 200), "PNG"), 60, 60, position=position)
    high = resized(file_of(four_corners(200, 600), "PNG"), 60, 60, position=position)

    assert set(corners_of(wide)) & set(corners_of(high)) == colours


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_attention_finds_the_one_thing_there_is(resized: Resize, kind: str) -> None:
    image = Image.new("RGB", (900, 300), (128, 128, 128))
    image.paste(noise(120, 120), (760, 90))
    image.paste((220, 30, 30), (790, 120, 850, 180))

    found = resized(file_of(image, kind), 100, 100, position="attention", format="png").convert("RGB")

    is_red = found.getchannel("R").point([255 * (value > 150) for value in range(256)])
    is_green = found.getchannel("G").point([255 * (value > 90) for value in range(256)])
    assert ImageChops.subtract(is_red, is_green).getbbox()


def test_the_centre_is_kept_and_not_distorted(resized: Resize) -> None:
    bands = Image.new("RGB", (600, 300), GREEN)
    bands.paste(RED, (0, 0, 150, 300))
    bands.paste(BLUE, (450, 0, 600, 300))
    disc = Image.radial_gradient("L").resize((300, 300)).point(lambda value: 255 * (value < 128))
    bands.paste("white", (150, 0), mask=disc)

    image = resized(file_of(bands, "PNG"), 100, 100)

    assert set(corners_of(image)) == {GREEN}
    white = image.convert("RGB").getchannel("R").point(lambda value: 255 * (value > 127)).getbbox()
    assert white is not None
    assert white[2] - white[0] == pytest.approx(white[3] - white[1], abs=1)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF", "BMP", "JPEG", "AVIF", "HEIF", "JXL", "GIF"])
def test_the_same_size_and_format_leaves_the_picture_alone(resized: Resize, kind: str) -> None:
    """Nothing asked is nothing done: no blur, no shift."""
    original = soft(64, 48).quantize(60).convert("RGB")
    lossless: dict[str, dict[str, object]] = {
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
        "JXL": {"lossless": True},
    }
    data = file_of(original, kind, **lossless.get(kind, {}))
    decoded = Image.open(BytesIO(data)).convert("RGB")

    image = resized(data, None, None, format="png").convert("RGB")

    assert max(high for _, high in ImageChops.difference(image, decoded).getextrema()) <= 1  # type: ignore[misc]  # pairs


def test_a_small_picture_is_reduced_as_its_exact_average(resized: Resize) -> None:
    checks = Image.new("L", (64, 64))
    checks.putdata([255 * ((x + y) % 2) for y in range(64) for x in range(64)])

    image = resized(file_of(checks, "PNG"), 8, 8)

    assert image.getextrema() == pytest.approx((128, 128), abs=2)


def test_decoding_small_moves_nothing(resized: Resize) -> None:
    image = four_corners(1203, 1203)

    small = resized(file_of(image, "JPEG", quality=95), 100, 100, format="png")
    exact = image.resize((100, 100), Image.Resampling.LANCZOS)

    assert max(ImageStat.Stat(ImageChops.difference(small, exact)).mean) < 1
