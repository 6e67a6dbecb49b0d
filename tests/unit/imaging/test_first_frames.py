"""What becomes of the other frames where they cannot be kept, and how many are too many."""

from io import BytesIO

import pytest
from PIL import Image

from pipeline.messages import Rendition
from tests.unit.imaging.animations import Cel, animation, flat, watched
from tests.unit.imaging.conftest import Render
from tests.unit.imaging.samples import BLUE, GREEN, RED, WHITE, file_of, nearest_colour
from worker.imaging import ImageTooLarge, Limits

SIZE = (40, 40)
MOVING = ["GIF", "PNG", "WEBP"]
RESULTS = ["gif", "png", "webp"]
TRAFFIC_LIGHT = [Cel(flat(SIZE, colour)) for colour in ("red", "lime", "blue")]


@pytest.mark.parametrize("wanted", ["jpeg", "avif"])
@pytest.mark.parametrize("kind", MOVING)
def test_a_still_format_gets_the_first_frame_and_it_is_said(rendered: Render, kind: str, wanted: str) -> None:
    found, (made,) = rendered(animation(kind, SIZE, TRAFFIC_LIGHT), 20, 20, format=wanted)

    image = Image.open(BytesIO(made.data))
    assert nearest_colour(image.convert("RGB").getpixel((10, 10))) == RED
    assert (made.frames, getattr(image, "n_frames", 1), found.report.frames) == (1, 1, 3)
    assert any("first" in note and "3" in note for note in found.notes)


def test_stills_and_movies_come_out_of_one_decode(rendered_all: Render) -> None:
    asked = [
        Rendition(name="movie", width=20, height=20),
        Rendition(name="still", width=20, height=20, format="jpeg"),
        Rendition(name="film", width=10, height=10, format="webp"),
    ]

    found, made = rendered_all(animation("GIF", SIZE, TRAFFIC_LIGHT), *asked)

    assert {each.name: each.frames for each in made} == {"movie": 3, "still": 1, "film": 3}
    assert any("still" in note for note in found.notes)
    assert not any("movie" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["TIFF", "HEIF"])
def test_of_several_pages_the_first_is_taken_and_it_is_said(rendered: Render, kind: str) -> None:
    pages = [Image.new("RGB", SIZE, colour) for colour in (RED, GREEN, WHITE)]
    data = file_of(pages[0], kind, save_all=True, append_images=pages[1:])

    found, (made,) = rendered(data, 20, 20, format="png")

    image = Image.open(BytesIO(made.data))
    assert nearest_colour(image.convert("RGB").getpixel((9, 9))) == RED
    assert (found.report.frames, made.frames) == (3, 1)
    assert any("first" in note and "3" in note for note in found.notes)


@pytest.mark.parametrize("wanted", RESULTS)
def test_an_animated_avif_moves_or_it_is_said(rendered: Render, wanted: str) -> None:
    frames = [Image.new("RGB", SIZE, colour) for colour in (RED, GREEN, BLUE)]
    data = file_of(frames[0], "AVIF", save_all=True, append_images=frames[1:], duration=[50, 120, 700])

    found, (made,) = rendered(data, 20, 20, format=wanted)

    movie = watched(made.data)
    assert nearest_colour(movie.frames[0].getpixel((9, 9))) == RED
    if len(movie.frames) > 1:
        assert movie.durations_ms == [50, 120, 700]
    else:
        assert any("first" in note for note in found.notes)


@pytest.mark.parametrize("kind", MOVING)
def test_all_pixels_of_an_animation_are_counted(rendered: Render, kind: str) -> None:
    data = animation(kind, SIZE, TRAFFIC_LIGHT)

    rendered(data, 10, 10, limits=Limits(animation_pixels=3 * 1600))
    with pytest.raises(ImageTooLarge, match="3 frames"):
        rendered(data, 10, 10, limits=Limits(animation_pixels=3 * 1600 - 1))


@pytest.mark.parametrize("kind", MOVING)
def test_one_frame_may_be_taken_of_an_animation_that_is_too_long(rendered: Render, kind: str) -> None:
    _, (made,) = rendered(
        animation(kind, SIZE, TRAFFIC_LIGHT), 10, 10, format="jpeg", limits=Limits(animation_pixels=1600)
    )

    assert made.frames == 1


def test_all_pixels_of_a_rendition_that_moves_are_counted(rendered: Render) -> None:
    data = animation("GIF", SIZE, TRAFFIC_LIGHT)

    rendered(data, 10, 10, limits=Limits(output_pixels=300))
    with pytest.raises(ImageTooLarge, match="rendition it"):
        rendered(data, 10, 10, limits=Limits(output_pixels=299))
