"""Animations stay whole: every frame as it is seen, for as long as it is seen, as often as it is played."""

import struct
import zlib
from collections.abc import Sequence

import pytest
from PIL import Image

from tests.unit.imaging.animations import FOR_EVER, Cel, animation, apng, composed, flat, gif, watched, webp
from tests.unit.imaging.conftest import Render
from tests.unit.imaging.png_files import GREY, GREY_ALPHA, PNG_SIGNATURE, TRUE_COLOUR, png_chunk
from tests.unit.imaging.samples import BLUE, GREEN, RED, file_of, nearest_colour, noise, seen_at

SIZE = (40, 40)
MOVING = ["GIF", "PNG", "WEBP"]
RESULTS = ["gif", "png", "webp"]


def with_hole(colour: str) -> Image.Image:
    """A square that lets through what is behind its middle."""
    square = flat((20, 20), colour)
    square.paste((0, 0, 0, 0), (6, 6, 14, 14))
    return square


STORY = [
    Cel(flat(SIZE, "red"), ms=50),
    Cel(flat((20, 20), "lime"), (10, 10), ms=120, disposal="clear"),
    Cel(with_hole("blue"), (4, 2), ms=700),
    Cel(with_hole("white"), (12, 12), ms=80),
]
TRAFFIC_LIGHT = [Cel(flat(SIZE, colour)) for colour in ("red", "lime", "blue")]


def is_seen_alike(one: Sequence[Image.Image], other: Sequence[Image.Image]) -> list[bool]:
    """For each pair of frames, whether all that is not transparent is the same."""
    return [
        a.convert("RGBa").tobytes() == b.convert("RGBa").tobytes() for a, b in zip(one, other, strict=True)
    ]


@pytest.mark.parametrize("wanted", RESULTS)
@pytest.mark.parametrize("kind", MOVING)
def test_every_frame_arrives_with_its_time(rendered: Render, kind: str, wanted: str) -> None:
    found, (made,) = rendered(animation(kind, SIZE, STORY), 20, 20, format=wanted)

    movie = watched(made.data)
    assert len(movie.frames) == made.frames == found.report.frames == 4
    assert movie.durations_ms == [50, 120, 700, 80]
    assert {frame.size for frame in movie.frames} == {(20, 20)}
    assert not found.notes


@pytest.mark.parametrize("wanted", RESULTS)
@pytest.mark.parametrize("kind", MOVING)
def test_frames_that_cover_a_part_are_composed(rendered: Render, kind: str, wanted: str) -> None:
    _, (made,) = rendered(animation(kind, SIZE, STORY), None, None, format=wanted, lossless=True)

    assert is_seen_alike(watched(made.data).frames, composed(SIZE, STORY)) == [True] * 4
    assert made.alpha == "kept"


@pytest.mark.parametrize("wanted", RESULTS)
@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_a_frame_may_be_taken_back(rendered: Render, kind: str, wanted: str) -> None:
    story = [
        Cel(flat(SIZE, "red"), ms=50),
        Cel(flat((20, 20), "lime"), (10, 10), disposal="previous"),
        Cel(with_hole("blue"), (0, 0)),
        Cel(with_hole("white"), (20, 20), disposal="previous"),
        Cel(flat((4, 4), "lime"), (30, 0)),
    ]

    _, (made,) = rendered(animation(kind, SIZE, story), None, None, format=wanted, lossless=True)

    assert is_seen_alike(watched(made.data).frames, composed(SIZE, story)) == [True] * 5


@pytest.mark.parametrize("wanted", RESULTS)
@pytest.mark.parametrize("kind", MOVING)
def test_what_is_transparent_stays_so_in_every_frame(rendered: Render, kind: str, wanted: str) -> None:
    moving_dot = [
        Cel(Image.new("RGBA", SIZE), ms=100),
        *(Cel(flat((10, 10), "red"), (place, place), ms=100, disposal="clear") for place in (0, 10, 20)),
    ]

    _, (made,) = rendered(animation(kind, SIZE, moving_dot), 40, 40, format=wanted, lossless=True)

    shown = watched(made.data).frames
    assert is_seen_alike(shown, composed(SIZE, moving_dot)) == [True] * 4
    assert [frame.getchannel("A").getbbox() for frame in shown] == [
        None,
        (0, 0, 10, 10),
        (10, 10, 20, 20),
        (20, 20, 30, 30),
    ]


@pytest.mark.parametrize("plays", [FOR_EVER, 1, 2, 7])
@pytest.mark.parametrize("wanted", RESULTS)
@pytest.mark.parametrize("kind", MOVING)
def test_it_is_played_as_often_as_before(rendered: Render, kind: str, wanted: str, plays: int) -> None:
    _, (made,) = rendered(animation(kind, SIZE, TRAFFIC_LIGHT, plays), 10, 10, format=wanted)

    assert watched(made.data).plays == plays


@pytest.mark.parametrize("kind", MOVING)
def test_auto_keeps_the_format_and_the_movement(rendered: Render, kind: str) -> None:
    _, (made,) = rendered(animation(kind, SIZE, TRAFFIC_LIGHT), 20, 20)

    assert made.image_format == kind.lower()
    assert [nearest_colour(frame.getpixel((10, 10))) for frame in watched(made.data).frames] == [
        RED,
        GREEN,
        BLUE,
    ]


@pytest.mark.parametrize("fit", ["cover", "contain", "fill", "inside", "outside"])
@pytest.mark.parametrize("kind", MOVING)
def test_every_frame_is_cut_in_the_same_place(rendered: Render, kind: str, fit: str) -> None:
    wide = Image.new("RGBA", (120, 40), "red")
    wide.paste("white", (60, 0, 120, 40))
    story = [Cel(wide), *(Cel(flat((8, 8), "blue"), (40 + 8 * step, 30)) for step in range(5))]

    _, (made,) = rendered(
        animation(kind, (120, 40), story), 80, 80, fit=fit, format="png", background="black"
    )

    frames = watched(made.data).frames
    assert len(frames) == 6
    top = [frame.crop((0, 0, frame.width, frame.height // 2)).tobytes() for frame in frames]
    assert set(top) == {top[0]}


@pytest.mark.parametrize("wanted", RESULTS)
def test_gifs_with_a_palette_for_each_frame_keep_all_colours(rendered: Render, wanted: str) -> None:
    colours = [(250, 10, 20), (20, 230, 90), (60, 70, 240), (200, 200, 10), (1, 2, 3)]
    cels = [Cel(flat(SIZE, (*colour, 255))) for colour in colours]

    _, (made,) = rendered(gif(SIZE, cels), 20, 20, format=wanted, lossless=True)

    assert [seen_at(frame, (9, 9))[:3] for frame in watched(made.data).frames] == colours


def test_a_gif_with_a_shared_palette_is_read_too(rendered: Render) -> None:
    _, (made,) = rendered(gif(SIZE, TRAFFIC_LIGHT, shared=[RED, GREEN, BLUE]), 20, 20)

    assert [nearest_colour(frame.getpixel((5, 5))) for frame in watched(made.data).frames] == [
        RED,
        GREEN,
        BLUE,
    ]


@pytest.mark.parametrize("wanted", RESULTS)
@pytest.mark.parametrize("kind", MOVING)
def test_frames_without_a_time_are_not_lost(rendered: Render, kind: str, wanted: str) -> None:
    cels = [Cel(flat(SIZE, colour), ms=0) for colour in ("red", "lime", "blue")]

    _, (made,) = rendered(animation(kind, SIZE, cels), 20, 20, format=wanted)

    movie = watched(made.data)
    assert len(movie.frames) == 3
    assert set(movie.durations_ms) <= {0, 10, 100}, "every browser shows them for 100 ms"


def test_odd_times_do_not_add_up_to_a_drift_in_a_gif(rendered: Render) -> None:
    cels = [Cel(flat(SIZE, (step * 8, 0, 0, 255)), ms=33) for step in range(30)]

    _, (made,) = rendered(webp(SIZE, cels), 20, 20, format="gif")

    durations = watched(made.data).durations_ms
    assert sum(durations) == pytest.approx(30 * 33, abs=10)
    assert set(durations) <= {30, 40}


def test_frames_that_look_the_same_keep_their_time_together(rendered: Render) -> None:
    cels = [Cel(flat(SIZE, "red"), ms=200), Cel(flat(SIZE, "red"), ms=300), Cel(flat(SIZE, "blue"), ms=500)]

    for wanted in RESULTS:
        _, (made,) = rendered(webp(SIZE, cels), 20, 20, format=wanted)

        movie = watched(made.data)
        assert sum(movie.durations_ms) == 1000
        assert made.frames == len(movie.frames)
        assert movie.durations_ms[-1] == 500


@pytest.mark.parametrize("wanted", RESULTS)
@pytest.mark.parametrize("kind", MOVING)
def test_an_animation_of_one_frame_is_a_picture(rendered: Render, kind: str, wanted: str) -> None:
    found, (made,) = rendered(animation(kind, SIZE, TRAFFIC_LIGHT[:1]), 20, 20, format=wanted)

    assert (found.report.frames, made.frames) == (1, 1)
    assert len(watched(made.data).frames) == 1
    assert not found.notes


def test_the_picture_that_a_png_shows_where_animations_are_unknown_is_no_frame(rendered: Render) -> None:
    data = apng(SIZE, TRAFFIC_LIGHT, default=flat(SIZE, "white"))

    found, (made,) = rendered(data, 20, 20)

    assert [nearest_colour(frame.getpixel((9, 9))) for frame in watched(made.data).frames] == [
        RED,
        GREEN,
        BLUE,
    ]
    assert (found.report.frames, made.frames) == (3, 3)


def test_an_animation_that_is_half_transparent_keeps_its_alpha(rendered: Render) -> None:
    cels = [
        Cel(flat(SIZE, (255, 0, 0, 128)), disposal="clear"),
        Cel(flat(SIZE, (0, 0, 255, 64)), disposal="clear"),
    ]

    for kind in ("PNG", "WEBP"):
        for wanted in ("png", "webp"):
            _, (made,) = rendered(animation(kind, SIZE, cels), 20, 20, format=wanted, lossless=True)

            pixels = [frame.getpixel((9, 9)) for frame in watched(made.data).frames]
            assert pixels[0] == pytest.approx((255, 0, 0, 128), abs=2)
            assert pixels[1] == pytest.approx((0, 0, 255, 64), abs=2)


@pytest.mark.parametrize("wanted", RESULTS)
def test_real_pictures_in_motion_stay_what_they_are(rendered: Render, wanted: str) -> None:
    frames = [noise(64, 48) for _ in range(4)]
    data = file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=90, lossless=True)

    _, (made,) = rendered(data, None, None, format=wanted, lossless=True)

    shown = [frame.convert("RGB") for frame in watched(made.data).frames]
    if wanted == "gif":
        assert len({frame.tobytes() for frame in shown}) == 4
    else:
        assert [frame.tobytes() for frame in shown] == [frame.tobytes() for frame in frames]


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_the_first_frame_may_cover_a_part_only(rendered: Render, kind: str) -> None:
    story = [Cel(flat((10, 10), "red"), (4, 4)), Cel(flat((10, 10), "lime"), (20, 20))]

    _, (made,) = rendered(animation(kind, SIZE, story), None, None, format="png")

    assert is_seen_alike(watched(made.data).frames, composed(SIZE, story)) == [True] * 2


@pytest.mark.parametrize(("colour", "channels"), [(GREY, 1), (TRUE_COLOUR, 3), (GREY_ALPHA, 2)])
def test_a_deep_apng_is_scaled_and_not_clipped(rendered: Render, colour: int, channels: int) -> None:
    """Frames of 16 bits, of which the second covers the lower half."""
    values = (0x4000, 0x8000, 0xC000, 0xFFFF)
    pixels = [struct.pack(f">{channels}H", *[value] * channels) for value in values]
    row, mirrored = b"\0" + b"".join(pixels), b"\0" + b"".join(reversed(pixels))
    control = struct.pack(">IIIIIHHBB", 0, 4, 4, 0, 0, 1, 10, 0, 0)
    second = struct.pack(">IIIIIHHBB", 1, 4, 2, 0, 2, 1, 10, 0, 0)
    data = b"".join(
        (
            PNG_SIGNATURE,
            png_chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 16, colour, 0, 0, 0)),
            png_chunk(b"acTL", struct.pack(">II", 2, 0)),
            png_chunk(b"fcTL", control),
            png_chunk(b"IDAT", zlib.compress(row * 4)),
            png_chunk(b"fcTL", second),
            png_chunk(b"fdAT", struct.pack(">I", 2) + zlib.compress(mirrored * 2)),
            png_chunk(b"IEND", b""),
        )
    )

    _, (made,) = rendered(data, None, None)

    frames = watched(made.data).frames
    assert len(frames) == 2
    assert [seen_at(frames[0], (x, 0))[0] for x in range(4)][-1] >= 254
    if channels != 2:
        assert [seen_at(frames[0], (x, 0))[0] for x in range(4)] == pytest.approx([64, 128, 192, 255], abs=1)
        assert [seen_at(frames[1], (x, 3))[0] for x in range(4)] == pytest.approx([255, 192, 128, 64], abs=1)
