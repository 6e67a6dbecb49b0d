import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.messages import Fit, Rendition
from tests.unit.imaging.oriented_files import turned_away
from tests.unit.imaging.wishes import asked, extent, fits, positions, sizes, whole
from worker.imaging.geometry import (
    Size,
    decode_divisor,
    place,
    scaled,
    stored_box,
    turned,
    wanted_size,
)


@pytest.mark.parametrize("orientation", range(1, 9))
@given(data=st.data())
def test_the_same_part_is_found_in_the_picture_as_it_is_stored(orientation: int, data: st.DataObject) -> None:
    width, height = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    left, top = data.draw(st.tuples(st.integers(0, width - 1), st.integers(0, height - 1)))
    right, bottom = data.draw(st.tuples(st.integers(left + 1, width), st.integers(top + 1, height)))
    shown = Image.frombytes("L", (width, height), bytes(range(width * height)))

    box = stored_box((left, top, right, bottom), shown.size, orientation)

    a, b, c, d = (int(edge) for edge in box)
    part = turned_away(shown, orientation).crop((a, b, c, d))
    expected = turned_away(shown.crop((left, top, right, bottom)), orientation)
    assert (part.size, part.tobytes()) == (expected.size, expected.tobytes())


@given(sizes, sizes, positions, st.sampled_from((1, 2, 4, 8)))
def test_a_part_stays_inside_a_smaller_decode(shown: Size, target: Size, position: str, part: int) -> None:
    box = place(shown, asked(*target, position=position)).box

    left, top, right, bottom = scaled(box, (1 / part, 1 / part))

    assert 0 <= left < right <= shown[0] / part
    assert 0 <= top < bottom <= shown[1] / part


@given(sizes, sizes)
def test_the_whole_of_a_smaller_decode_is_the_whole(shown: Size, decoded: Size) -> None:
    by = decoded[0] / shown[0], decoded[1] / shown[1]

    assert scaled(whole(shown), by) == whole(decoded)


def test_a_quarter_turn_swaps_width_and_height() -> None:
    assert turned((3, 5)) == (5, 3)


@given(sizes, st.lists(st.tuples(sizes, fits, positions), min_size=1, max_size=4))
def test_a_decode_of_the_wanted_size_has_enough_for_every_rendition(
    shown: Size, wishes: list[tuple[Size, Fit, str]]
) -> None:
    placements = [place(shown, asked(*target, fit, position)) for target, fit, position in wishes]

    wanted = wanted_size(shown, placements)

    assert all(1 <= length <= full for length, full in zip(wanted, shown, strict=True))
    for made in placements:
        for length, full, part, size in zip(wanted, shown, extent(made.box), made.size, strict=True):
            assert length == full or part * length / full >= size - 1e-3


@pytest.mark.parametrize(
    ("shown", "renditions", "wanted"),
    [
        ((4000, 3000), [asked(400, 300)], (400, 300)),
        ((4000, 3000), [asked(40, 30), asked(400, 300), asked(4, 3)], (400, 300)),
        ((4000, 3000), [asked(300, 300)], (400, 300)),
        ((4000, 3000), [asked(1200, None)], (1200, 900)),
        ((4000, 3000), [asked(40, 1500, "fill")], (40, 1500)),
        ((4000, 3000), [asked(None, None)], (4000, 3000)),
        ((100, 50), [asked(300, 300)], (100, 50)),
        ((1, 60000), [asked(1, 1)], (1, 60000)),
        ((60000, 2), [asked(1, 2, "fill")], (1, 2)),
    ],
)
def test_a_source_is_read_as_small_as_it_may_be(
    shown: Size, renditions: list[Rendition], wanted: Size
) -> None:
    assert wanted_size(shown, [place(shown, each) for each in renditions]) == wanted


@pytest.mark.parametrize(
    ("wanted", "divisor"),
    [
        ((400, 300), 8),
        ((401, 300), 4),
        ((400, 301), 4),
        ((800, 600), 4),
        ((801, 600), 2),
        ((1333, 1000), 2),
        ((1334, 1000), 1),
        ((4000, 3000), 1),
    ],
)
def test_a_decode_leaves_more_pixels_than_needed(wanted: Size, divisor: int) -> None:
    assert decode_divisor((4000, 3000), wanted) == divisor
