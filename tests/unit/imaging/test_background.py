"""What is seen through a picture, and around it: the background."""

from io import BytesIO

import pytest
from PIL import Image

from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.profiles import red_green_swapped
from tests.unit.imaging.samples import RED, file_of, seen_at

CLEAR = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
WIDE = Image.new("RGB", (80, 40), RED)

COLOURS = [
    ({}, (255, 255, 255)),
    ({"background": "white"}, (255, 255, 255)),
    ({"background": "black"}, (0, 0, 0)),
    ({"background": "#ff8000"}, (255, 128, 0)),
    ({"background": "ff8000"}, (255, 128, 0)),
    ({"background": "#f80"}, (255, 136, 0)),
    ({"background": "#0f0f"}, (0, 255, 0)),
    ({"background": "#3366CCFF"}, (51, 102, 204)),
]


@pytest.mark.parametrize(("options", "colour"), COLOURS)
@pytest.mark.parametrize("image", [CLEAR, CLEAR.convert("LA")], ids=["colour", "grey"])
def test_a_jpeg_is_laid_on_the_background(
    rendered: Render, image: Image.Image, options: dict[str, str], colour: tuple[int, ...]
) -> None:
    found, (made,) = rendered(file_of(image, "PNG"), 20, 20, format="jpeg", quality=95, **options)

    shown = Image.open(BytesIO(made.data)).convert("RGB")
    assert shown.getpixel((10, 10)) == pytest.approx(colour, abs=3)
    assert made.alpha == "flattened"
    assert found.notes


def test_grey_laid_on_grey_stays_grey(resized: Resize) -> None:
    image = resized(file_of(Image.new("LA", (40, 40), (100, 128)), "PNG"), 20, 20, format="jpeg")

    assert image.mode == "L"
    assert image.getpixel((10, 10)) == pytest.approx(177, abs=3)


def test_what_is_half_transparent_mixes_with_the_background(resized: Resize) -> None:
    image = Image.new("RGBA", (40, 40), (255, 0, 0, 128))

    mixed = resized(file_of(image, "PNG"), 20, 20, format="jpeg", quality=95, background="#0000ff")

    assert mixed.getpixel((10, 10)) == pytest.approx((128, 0, 127), abs=6)


def test_a_jpeg_on_a_background_that_lets_light_through_lies_on_white(resized: Resize) -> None:
    image = resized(file_of(CLEAR, "PNG"), 20, 20, format="jpeg", quality=95, background="#ff000080")

    assert image.getpixel((10, 10)) == pytest.approx((255, 127, 127), abs=4)


@pytest.mark.parametrize("wanted", ["jpeg", "png", "webp", "avif", "gif"])
@pytest.mark.parametrize(("options", "colour"), COLOURS)
def test_contain_fills_up_with_the_background(
    resized: Resize, wanted: str, options: dict[str, str], colour: tuple[int, ...]
) -> None:
    image = resized(file_of(WIDE, "PNG"), 80, 80, fit="contain", format=wanted, **options).convert("RGB")

    assert image.size == (80, 80)
    for place in ((0, 0), (79, 0), (40, 12), (0, 79), (79, 79)):
        assert image.getpixel(place) == pytest.approx(colour, abs=8)
    assert image.getpixel((40, 40)) == pytest.approx(RED, abs=8)


@pytest.mark.parametrize(
    ("position", "top", "bottom"),
    [("centre", False, False), ("north", True, False), ("south", False, True), ("0.5,0", True, False)],
)
def test_contain_puts_the_picture_where_it_is_asked_to(
    resized: Resize, position: str, top: bool, bottom: bool
) -> None:
    image = resized(file_of(WIDE, "PNG"), 80, 80, fit="contain", position=position)

    assert (image.getpixel((40, 1)) == RED, image.getpixel((40, 78)) == RED) == (top, bottom)
    assert image.getpixel((40, 40 - 15 * top + 15 * bottom)) == RED


@pytest.mark.parametrize("wanted", ["png", "webp", "avif", "gif"])
@pytest.mark.parametrize("mode", ["RGB", "L", "LA", "RGBA"])
def test_contain_may_fill_up_with_nothing(rendered: Render, wanted: str, mode: str) -> None:
    opaque = Image.new("RGB", (80, 40), "white").convert(mode)

    _, (made,) = rendered(
        file_of(opaque, "PNG"), 80, 80, fit="contain", background="transparent", format=wanted
    )

    result = Image.open(BytesIO(made.data))
    assert seen_at(result, (40, 5))[3] <= 2
    assert seen_at(result, (40, 75))[3] <= 2
    assert seen_at(result, (40, 40))[3] >= 253
    assert made.alpha == "kept"


@pytest.mark.parametrize("wanted", ["png", "webp"])
def test_contain_may_fill_up_with_half_a_colour(resized: Resize, wanted: str) -> None:
    image = resized(
        file_of(WIDE, "PNG"), 80, 80, fit="contain", background="#00ff0080", format=wanted, lossless=True
    )

    assert image.convert("RGBA").getpixel((40, 5)) == pytest.approx((0, 255, 0, 128), abs=2)
    assert image.convert("RGBA").getpixel((40, 40)) == (255, 0, 0, 255)


def test_a_transparent_picture_shows_the_background_only_around_it(resized: Resize) -> None:
    """In a format with alpha the background is for the space that is added, not for what shines through."""
    clear = Image.new("RGBA", (80, 40), (0, 0, 0, 0))

    image = resized(file_of(clear, "PNG"), 80, 80, fit="contain", background="#ff0000", format="png")

    assert seen_at(image, (40, 40))[3] == 0
    assert image.getpixel((40, 5)) == (255, 0, 0, 255)


def test_the_seam_between_picture_and_background_is_clean(resized: Resize) -> None:
    image = resized(file_of(WIDE, "PNG"), 80, 80, fit="contain", background="black", format="png")

    assert image.getpixel((40, 19)) == (0, 0, 0)
    assert image.getpixel((40, 20)) == RED


def test_the_background_goes_through_no_profile(resized: Resize) -> None:
    data = file_of(WIDE, "PNG", icc_profile=red_green_swapped())

    image = resized(data, 80, 80, fit="contain", background="#ff0000", format="png")

    assert image.getpixel((40, 5)) == (255, 0, 0)


@pytest.mark.parametrize(
    ("background", "wanted"), [("transparent", "webp"), ("#ffffff80", "webp"), ("white", "jpeg")]
)
def test_space_to_be_seen_through_is_not_lost_to_a_jpeg(
    rendered: Render, background: str, wanted: str
) -> None:
    data = file_of(Image.new("RGB", (40, 20), RED), "JPEG")

    _, (made,) = rendered(data, 40, 40, fit="contain", background=background)

    assert made.image_format == wanted
    assert made.alpha == ("kept" if wanted == "webp" else "none")


def test_where_there_is_no_space_a_jpeg_stays_one(rendered: Render) -> None:
    data = file_of(Image.new("RGB", (40, 20), RED), "JPEG")

    _, (made,) = rendered(data, 20, 10, fit="contain", background="transparent")

    assert made.image_format == "jpeg"
