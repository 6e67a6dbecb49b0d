import time
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw, ImageFilter

from pipeline.messages import Rendition
from worker.imaging.attention import focus
from worker.imaging.geometry import Point, place

WIDE, TALL = (96, 48), (48, 96)
SQUARE = (300, 300)
SIDES = [0.1, 0.3, 0.5, 0.7, 0.9]
Blob = Callable[[Image.Image, tuple[int, int, int, int]], None]


def disc(colour: str | tuple[int, int, int]) -> Blob:
    return lambda image, box: ImageDraw.Draw(image).ellipse(box, fill=colour)


def stripes(image: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Detail without a colour of its own: in the mean it is the grey around it."""
    for x in range(box[0], box[2], 4):
        ImageDraw.Draw(image).rectangle((x, box[1], x + 1, box[3]), fill=(168, 168, 168))
        ImageDraw.Draw(image).rectangle((x + 2, box[1], x + 3, box[3]), fill=(88, 88, 88))


def seen_at(size: tuple[int, int], at: float, blob: Blob, ground: str | tuple[int, int, int]) -> Image.Image:
    """A plain picture with one thing to see, a sixth as wide as the longer side, at this place along it."""
    image = Image.new("RGB", size, ground)
    edge = max(size) // 6
    middle = [at * length if length == max(size) else length / 2 for length in size]
    corner = [
        round(min(max(where - edge / 2, 0), length - edge))
        for where, length in zip(middle, size, strict=True)
    ]
    blob(image, (corner[0], corner[1], corner[0] + edge, corner[1] + edge))
    return image


def cropped_part(size: tuple[int, int], point: Point) -> tuple[float, float]:
    """Where the crop begins and ends along the longer side, in pixels."""
    square = Rendition(name="square", width=48, height=48, position="attention")
    left, top, right, bottom = place(size, square, point).box
    return (left, right) if size == WIDE else (top, bottom)


@pytest.mark.parametrize("size", [WIDE, TALL])
@pytest.mark.parametrize("at", SIDES)
@pytest.mark.parametrize(
    ("blob", "ground"),
    [
        (disc("red"), "white"),
        (disc("yellow"), "black"),
        (disc("gray"), "blue"),
        (disc((224, 172, 140)), "gray"),
        (disc((90, 60, 45)), (120, 120, 120)),
        (disc((200, 200, 210)), (190, 190, 200)),
        (stripes, (128, 128, 128)),
    ],
    ids=["colour", "bright colour", "grey on blue", "light skin", "dark skin", "faint", "detail"],
)
def test_the_crop_holds_what_draws_the_eye(
    size: tuple[int, int], at: float, blob: Blob, ground: str | tuple[int, int, int]
) -> None:
    point = focus(seen_at(size, at, blob, ground), SQUARE)

    begin, end = cropped_part(size, point)
    edge = max(size) / 6
    where = min(max(at * max(size), edge / 2), max(size) - edge / 2)
    assert begin <= where - edge / 2 + 1
    assert end >= where + edge / 2 - 1


@pytest.mark.parametrize("at", [0.3, 0.5, 0.7])
def test_what_draws_the_eye_comes_near_the_middle_of_the_crop(at: float) -> None:
    point = focus(seen_at(WIDE, at, disc("red"), "white"), SQUARE)

    assert point[0] == pytest.approx(at, abs=0.05)


def side_by_side(
    left: str | tuple[int, int, int], right: str | tuple[int, int, int], ground: str | tuple[int, int, int]
) -> Image.Image:
    """Two discs of one size on a plain ground."""
    image = Image.new("RGB", WIDE, ground)
    ImageDraw.Draw(image).ellipse((8, 14, 28, 34), fill=left)
    ImageDraw.Draw(image).ellipse((68, 14, 88, 34), fill=right)
    return image


def test_skin_counts_more_than_what_stands_out_more() -> None:
    wall, skin = (60, 140, 210), (195, 145, 120)

    assert focus(side_by_side(wall, skin, (128, 128, 128)), SQUARE)[0] > 0.6


def test_a_strong_colour_counts_more_than_a_grey_that_stands_out_more() -> None:
    grey, purple = (66, 66, 66), (150, 30, 90)

    assert focus(side_by_side(grey, purple, (128, 128, 128)), SQUARE)[0] > 0.6


def test_detail_counts_more_than_a_plain_thing() -> None:
    image = side_by_side((138, 138, 138), (128, 128, 128), (128, 128, 128))
    fine = Image.frombytes(
        "L", (20, 20), bytes(128 + 30 * (-1) ** (x + y) for y in range(20) for x in range(20))
    )
    image.paste(fine.convert("RGB"), (68, 14))

    assert focus(image, SQUARE)[0] > 0.6


def test_what_has_another_colour_than_the_rest_counts_without_any_edge() -> None:
    image = seen_at(WIDE, 0.9, disc((118, 90, 110)), (90, 90, 118)).filter(ImageFilter.GaussianBlur(6))

    assert focus(image, SQUARE)[0] > 0.6


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_every_mode_is_looked_at(mode: str) -> None:
    image = seen_at(WIDE, 0.9, disc("white"), "black").convert(mode)

    assert focus(image, SQUARE)[0] > 0.6


def test_colour_that_is_transparent_draws_no_eye() -> None:
    image = Image.new("RGBA", WIDE, (255, 0, 0, 0))
    image.paste((255, 0, 0, 255), (48, 0, 96, 48))

    assert focus(image, SQUARE)[0] > 0.6


def test_what_is_transparent_draws_no_eye() -> None:
    image = seen_at(WIDE, 0.1, disc("red"), "white").convert("RGBA")
    image.paste((255, 0, 0, 0), (0, 0, 40, 48))
    ImageDraw.Draw(image).ellipse((70, 20, 80, 30), fill=(120, 120, 120, 255))

    assert focus(image, SQUARE)[0] > 0.6


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("size", [WIDE, TALL, (96, 95), (1, 1), (96, 1), (1, 96)])
@pytest.mark.parametrize("crop", [SQUARE, (1, 16384), (16384, 1), (2, 1)])
def test_a_picture_that_is_the_same_all_over_is_cropped_in_its_middle(
    mode: str, size: tuple[int, int], crop: tuple[int, int]
) -> None:
    for colour in (0, 255):
        assert focus(Image.new("L", size, colour).convert(mode), crop) == pytest.approx((0.5, 0.5), abs=0.001)
    assert focus(Image.new(mode, size), crop) == pytest.approx((0.5, 0.5), abs=0.001)


def test_only_the_side_that_is_cut_is_looked_along() -> None:
    image = Image.new("RGB", WIDE, "white")
    ImageDraw.Draw(image).ellipse((80, 0, 90, 10), fill="red")

    assert focus(image, SQUARE)[1] == 0.5
    assert focus(image, (960, 100))[0] == 0.5
    assert focus(image, (960, 100))[1] < 0.3


def test_looking_takes_a_few_milliseconds() -> None:
    image = Image.effect_noise((96, 72), 60).convert("RGB")

    def once() -> float:
        start = time.perf_counter()
        focus(image, (300, 300))
        return time.perf_counter() - start

    assert min(once() for _ in range(10)) < 0.01
