"""Fewer or more pixels: those that Lanczos in Pillow gives, whatever the mode, the box and the size."""

import multiprocessing
import resource
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from worker.imaging.geometry import Box, Size
from worker.imaging.resample import resample

MODES = ("L", "LA", "RGB", "RGBA", "CMYK")
CHANNELS = {"L": 1, "LA": 2, "RGB": 3, "RGBA": 4, "CMYK": 4}
MEBIBYTE = 1024**2

edges = st.sampled_from((1, 2, 3, 7, 64, 1001))
shares = st.floats(0, 1)


def soft_picture(mode: str, size: Size, *, seed: int = 1) -> Image.Image:
    """Hills and valleys, each channel its own; alpha is never low, which would multiply what is rounded."""
    dice = Random(seed)
    channels = [
        Image.frombytes("L", (8, 6), bytes(dice.randrange(60, 236) for _ in range(48))).resize(
            size, Image.Resampling.BICUBIC
        )
        for _ in range(CHANNELS[mode])
    ]
    return Image.merge(mode, channels) if len(channels) > 1 else channels[0]


def whole(image: Image.Image) -> Box:
    return 0.0, 0.0, float(image.width), float(image.height)


def largest_mean_difference(one: Image.Image, other: Image.Image) -> float:
    """Of all channels the one that differs most, on average, of 255."""
    assert (one.mode, one.size) == (other.mode, other.size)
    differences = (
        ImageStat.Stat(ImageChops.difference(*pair)).mean[0]
        for pair in zip(one.split(), other.split(), strict=True)
    )
    return max(differences)


def channel_extrema(image: Image.Image) -> list[tuple[float, float]]:
    return [ImageStat.Stat(channel).extrema[0] for channel in image.split()]


def visible_colours(image: Image.Image) -> list[tuple[int, tuple[int, ...]]]:
    """The colours of the pixels that are not all transparent, and of how many."""
    counted = image.getcolors(image.width * image.height) or []
    return [(count, colour[:-1]) for count, colour in counted if isinstance(colour, tuple) and colour[-1] > 0]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(90, 60), (299, 17), (900, 700), (1, 400), (500, 1)])
@pytest.mark.parametrize("box", [None, (10.25, 3.5, 300.75, 211.125), (399.5, 299.5, 400.0, 300.0)])
def test_the_pixels_are_those_of_lanczos(mode: str, size: Size, box: Box | None) -> None:
    image = soft_picture(mode, (400, 300))
    box = box or whole(image)

    resampled = resample(image, box, size)

    assert largest_mean_difference(resampled, image.resize(size, Image.Resampling.LANCZOS, box)) <= 1


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [(30, 20), (15, 10), (20, 90)])
def test_averaging_first_changes_next_to_nothing(mode: str, size: Size) -> None:
    image = soft_picture(mode, (1801, 1203))
    box = (1.5, 2.5, 1800.5, 1202.25)

    resampled = resample(image, box, size)

    assert largest_mean_difference(resampled, image.resize(size, Image.Resampling.LANCZOS, box)) <= 1


@pytest.mark.parametrize("mode", MODES)
def test_pixels_that_are_only_cut_out_stay_as_they_are(mode: str) -> None:
    image = soft_picture(mode, (40, 30))

    part = resample(image, (3.0, 4.0, 33.0, 24.0), (30, 20))

    assert part.tobytes() == image.crop((3, 4, 33, 24)).tobytes()


@pytest.mark.parametrize("mode", MODES)
def test_the_result_is_a_picture_of_its_own(mode: str) -> None:
    image = soft_picture(mode, (40, 30))
    before = image.tobytes()

    resample(image, whole(image), image.size).paste(0, (0, 0, 40, 30))

    assert image.tobytes() == before


def test_the_source_is_left_alone() -> None:
    image = soft_picture("RGBA", (40, 30))
    before = image.tobytes()

    resample(image, whole(image), (7, 7))

    assert (image.mode, image.tobytes()) == ("RGBA", before)


@pytest.mark.parametrize("size", [(31, 31), (3, 3), (150, 150)])
def test_what_is_transparent_does_not_bleed(size: Size) -> None:
    image = Image.new("RGBA", (100, 100), (0, 255, 0, 0))
    image.paste((255, 0, 0, 255), (33, 33, 67, 67))

    resampled = resample(image, whole(image), size)

    assert {colour for _, colour in visible_colours(resampled)} == {(255, 0, 0)}


@pytest.mark.parametrize("size", [(31, 31), (3, 3), (150, 150)])
def test_grey_has_no_dark_fringe(size: Size) -> None:
    image = Image.new("LA", (100, 100), (0, 0))
    image.paste((255, 255), (33, 33, 67, 67))

    resampled = resample(image, whole(image), size)

    assert {colour for _, colour in visible_colours(resampled)} == {(255,)}


@given(st.sampled_from(MODES), st.tuples(edges, edges), st.tuples(edges, edges), st.tuples(*[shares] * 4))
def test_every_box_and_every_size_will_do(
    mode: str, source: Size, size: Size, shares: tuple[float, float, float, float]
) -> None:
    image = Image.new(mode, source, (77,) * CHANNELS[mode] if CHANNELS[mode] > 1 else 77)
    (left, right), (top, bottom) = sorted(shares[:2]), sorted(shares[2:])
    box = (left * source[0], top * source[1], (right + 1e-6) * source[0], (bottom + 1e-6) * source[1])

    resampled = resample(image, box, size)

    assert (resampled.mode, resampled.size) == (mode, size)
    assert all(76 <= value <= 78 for extrema in channel_extrema(resampled) for value in extrema)


@pytest.mark.parametrize("beyond", [1e-12, 1e-9, 1e-3])
def test_a_box_that_floats_beyond_the_border_ends_there(beyond: float) -> None:
    image = soft_picture("RGB", (99, 101))

    resampled = resample(image, (-beyond, -beyond, 99 + beyond, 101 + beyond), (10, 10))

    assert largest_mean_difference(resampled, resample(image, whole(image), (10, 10))) < 0.1


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_child_without_memory_says_so_and_lives(mode: str) -> None:
    assert _in_a_child(_resample_without_memory, mode) == "MemoryError"


def test_no_thread_is_started() -> None:
    assert _in_a_child(_count_threads, "RGB") == "1"


def _in_a_child(work: Callable[[str], str], mode: str) -> str:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, mode).result(timeout=60)


def _resample_without_memory(mode: str) -> str:
    image = Image.new(mode, (4000, 3000))
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (taken + 16 * MEBIBYTE, resource.RLIM_INFINITY))
    try:
        resample(image, whole(image), (50, 2500))
    except MemoryError as error:
        return type(error).__name__
    return "enough"


def _count_threads(mode: str) -> str:
    before = set(Path("/proc/self/task").iterdir())
    image = Image.new(mode, (2000, 1500))
    resample(image, whole(image), (300, 200))
    return str(len(set(Path("/proc/self/task").iterdir()) - before) + 1)
