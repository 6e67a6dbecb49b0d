from io import BytesIO

import pytest
from PIL import Image

from pipeline.messages import Rendition
from tests.unit.imaging.animations import watched
from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.oriented_files import (
    boxed_jxl,
    exif,
    oriented,
    turned_away,
    turned_jxl,
    with_lying_exif,
)
from tests.unit.imaging.png_files import GREY, png_chunk, png_row
from tests.unit.imaging.samples import CORNERS, MADE, corners_of, file_of, four_corners

ORIENTATIONS = range(1, 9)
CARRIERS = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "JXL")


@pytest.mark.parametrize("kind", CARRIERS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_every_orientation_comes_out_upright(resized: Resize, orientation: int, kind: str) -> None:
    image = resized(oriented(orientation, kind), 40, 20)

    assert image.size == (40, 20)
    assert corners_of(image) == CORNERS


@pytest.mark.parametrize("kind", CARRIERS)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_size_of_the_source_is_told_as_people_see_it(
    rendered: Render, orientation: int, kind: str
) -> None:
    found, (made,) = rendered(oriented(orientation, kind), None, None)

    assert (found.width, found.height) == (160, 80)
    assert (made.width, made.height) == (160, 80)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_the_report_tells_the_orientation_and_the_size_before_it(
    rendered: Render, orientation: int, kind: str
) -> None:
    found, _ = rendered(oriented(orientation, kind))

    assert found.report.orientation == orientation
    assert (found.report.width, found.report.height) == ((80, 160) if orientation >= 5 else (160, 80))


@pytest.mark.parametrize("kind", CARRIERS)
@pytest.mark.parametrize("policy", ["copyright", "none", "all"])
@pytest.mark.parametrize("wanted", MADE)
def test_the_result_does_not_ask_to_be_turned_again(
    resized: Resize, kind: str, policy: str, wanted: str
) -> None:
    image = resized(oriented(6, kind), 40, 20, format=wanted, metadata=policy)

    assert image.size == (40, 20)
    assert corners_of(image) == CORNERS
    assert image.getexif().get(274, 1) == 1
    assert b"Orientation" not in str(image.info.get("xmp", "")).encode()


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_exif_that_says_again_what_the_container_says_does_not_turn_twice(resized: Resize, kind: str) -> None:
    # Phones write both. Only the container counts, and its decoder turns the picture already.
    stored = turned_away(four_corners(160, 80), 6)
    data = file_of(stored, kind, exif=exif(6))

    assert corners_of(resized(data, 40, 20)) == CORNERS


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", [3, 6])
def test_exif_alone_turns_no_avif_or_heif(rendered: Render, kind: str, orientation: int) -> None:
    data = with_lying_exif(four_corners(160, 80), kind, orientation)

    found, (made,) = rendered(data, None, None)

    assert (found.width, found.height) == (160, 80)
    assert corners_of(Image.open(BytesIO(made.data))) == CORNERS
    assert (found.report.width, found.report.height) == (160, 80)


@pytest.mark.parametrize("in_exif", [1, 3, 6])
@pytest.mark.parametrize("orientation", [1, 2, 6])
def test_exif_in_a_jpeg_xl_turns_nothing(rendered: Render, orientation: int, in_exif: int) -> None:
    stored = file_of(turned_away(four_corners(160, 80), orientation), "JXL", quality=95)
    data = boxed_jxl(turned_jxl(stored, orientation), exif(in_exif))

    found, (made,) = rendered(data, None, None)

    assert (found.width, found.height) == (160, 80)
    assert corners_of(Image.open(BytesIO(made.data))) == CORNERS


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
@pytest.mark.parametrize("orientation", [2, 6])
def test_every_frame_of_an_animation_is_set_upright(rendered: Render, kind: str, orientation: int) -> None:
    frames = [four_corners(160, 80), Image.new("RGB", (160, 80), "black"), four_corners(160, 80)]
    stored = [turned_away(frame, orientation) for frame in frames]
    data = file_of(
        stored[0], kind, save_all=True, append_images=stored[1:], duration=50, exif=exif(orientation)
    )

    found, (made,) = rendered(data, 40, 20)

    shown = watched(made.data).frames
    assert (found.width, found.height) == (160, 80)
    assert [frame.size for frame in shown] == [(40, 20)] * 3
    assert corners_of(shown[0]) == corners_of(shown[2]) == CORNERS


def test_the_crop_is_taken_from_the_upright_picture(resized: Resize) -> None:
    bands = Image.new("RGB", (300, 100), "lime")
    bands.paste("red", (0, 0, 100, 100))
    bands.paste("blue", (200, 0, 300, 100))
    sideways = file_of(turned_away(bands, 6), "JPEG", exif=exif(6))

    middle = resized(sideways, 50, 50)

    assert corners_of(middle) == ((0, 255, 0),) * 4


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize(
    ("position", "colour"),
    [
        ("northwest", (255, 0, 0)),
        ("northeast", (0, 255, 0)),
        ("southwest", (0, 0, 255)),
        ("southeast", (255, 255, 255)),
        ("0,0", (255, 0, 0)),
        ("1,1", (255, 255, 255)),
    ],
)
def test_a_position_is_one_of_the_upright_picture(
    resized: Resize, orientation: int, position: str, colour: tuple[int, int, int]
) -> None:
    image = turned_away(four_corners(1600, 400), orientation)
    top = resized(file_of(image, "JPEG", exif=exif(orientation)), 10, 10, position=position)
    vertical = {"n": "top", "0": "top", "s": "bottom", "1": "bottom"}[position[0]]

    corner = {"top": 0, "bottom": 2}[vertical]

    # Four times as wide as it is high: a square of it lies wholly on the left or on the right.
    shown = corners_of(top)
    assert shown[corner] == shown[corner + 1] == colour


def test_an_orientation_that_follows_the_pixels_of_a_png_counts(rendered: Render) -> None:
    late = png_chunk(b"eXIf", exif(6).removeprefix(b"Exif\0\0"))

    found, _ = rendered(png_row(b"\x00\xff", width=2, depth=8, colour=GREY, last=late))

    assert (found.width, found.height) == (1, 2)


@pytest.mark.parametrize(
    "block",
    [b"Exif\0\0", b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff", b"Exif\0\0MM\0*\xff\xff\xff\xff"],
)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_broken_exif_block_does_not_spoil_the_photograph(resized: Resize, kind: str, block: bytes) -> None:
    assert corners_of(resized(file_of(four_corners(80, 80), kind, exif=block))) == CORNERS


def test_an_exif_block_that_is_no_block_does_not_spoil_a_png(resized: Resize) -> None:
    text = png_chunk(b"tEXt", b"Raw profile type exif\0\n\n\nnot hexadecimal")

    assert resized(png_row(b"\x00\xff", width=2, depth=8, colour=GREY, last=text), 2, 1).size == (2, 1)


@pytest.mark.parametrize("orientation", [0, 9, 65535])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_orientation_that_does_not_exist_is_ignored(rendered: Render, kind: str, orientation: int) -> None:
    found, (made,) = rendered(file_of(four_corners(160, 80), kind, exif=exif(orientation)), 40, 20)

    assert corners_of(Image.open(BytesIO(made.data))) == CORNERS
    assert found.report.orientation == 1


def test_one_sideways_source_serves_renditions_of_several_shapes(rendered_all: Render) -> None:
    shapes = [(40, 20), (20, 40), (30, 30)]
    asked = [Rendition(name=f"r{width}", width=width, height=height) for width, height in shapes]

    _, made = rendered_all(oriented(6, "JPEG"), *asked)

    assert [(each.width, each.height) for each in made] == shapes
