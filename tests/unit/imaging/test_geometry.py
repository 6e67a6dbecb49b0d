import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.messages import Fit, Rendition
from tests.unit.imaging.wishes import asked, edges, extent, fits, points, positions, sizes, whole
from worker.imaging.geometry import (
    Box,
    Placement,
    Size,
    place,
)

EXACT: list[Fit] = ["cover", "contain", "fill"]
ROUNDING = 0.5 + 1e-6


@given(sizes, sizes, fits, positions, st.booleans(), st.none() | points)
def test_the_part_is_inside_the_picture_and_has_its_place_on_the_canvas(
    shown: Size, target: Size, fit: Fit, position: str, is_limited: bool, focus: tuple[float, float] | None
) -> None:
    made = place(shown, asked(*target, fit, position, without_enlargement=is_limited), focus)

    left, top, right, bottom = made.box
    assert 0 <= left < right <= shown[0]
    assert 0 <= top < bottom <= shown[1]
    for at, length, room in zip(made.offset, made.size, made.canvas, strict=True):
        assert length >= 1
        assert 0 <= at <= at + length <= room


@given(sizes, sizes, st.sampled_from(EXACT), positions)
def test_cover_contain_and_fill_have_exactly_the_size_that_was_asked_for(
    shown: Size, target: Size, fit: Fit, position: str
) -> None:
    assert place(shown, asked(*target, fit, position)).canvas == target


@given(sizes, sizes, positions, st.booleans(), points)
def test_cover_distorts_nothing(
    shown: Size, target: Size, position: str, is_limited: bool, focus: tuple[float, float]
) -> None:
    made = place(shown, asked(*target, "cover", position, without_enlargement=is_limited), focus)

    across, down = extent(made.box)
    assert across * made.size[1] == pytest.approx(down * made.size[0], rel=1e-6)


@given(sizes, sizes, positions)
def test_cover_takes_as_much_of_the_picture_as_it_can(shown: Size, target: Size, position: str) -> None:
    across, down = extent(place(shown, asked(*target, "cover", position)).box)

    assert across == pytest.approx(shown[0]) or down == pytest.approx(shown[1])


@given(sizes, sizes, st.sampled_from(["inside", "outside", "contain"]), st.booleans())
def test_the_aspect_is_kept_within_a_pixel(shown: Size, target: Size, fit: Fit, is_limited: bool) -> None:
    made = place(shown, asked(*target, fit, without_enlargement=is_limited))

    assert made.box == whole(shown)
    assert_like(made.size, shown)


@given(sizes, edges, fits, st.booleans(), st.booleans())
def test_one_side_alone_keeps_the_aspect_for_every_fit(
    shown: Size, edge: int, fit: Fit, is_width: bool, is_limited: bool
) -> None:
    width, height = (edge, None) if is_width else (None, edge)
    made = place(shown, asked(width, height, fit, without_enlargement=is_limited))

    side = 0 if is_width else 1
    assert made.size[side] == (min(edge, shown[side]) if is_limited else edge)
    assert made.box == whole(shown)
    assert made.canvas == made.size
    assert_like(made.size, shown)


def assert_like(size: Size, shown: Size) -> None:
    """There is a scale at which the picture has this size, each side rounded, or is at least one pixel."""
    least = (
        max((length - ROUNDING) / full for length, full in zip(size, shown, strict=True) if length > 1)
        if max(size) > 1
        else 0.0
    )
    most = min((length + ROUNDING) / full for length, full in zip(size, shown, strict=True))
    assert least <= most


@given(sizes, sizes)
def test_inside_fits_and_outside_covers(shown: Size, target: Size) -> None:
    inside = place(shown, asked(*target, "inside")).size
    outside = place(shown, asked(*target, "outside")).size

    assert all(a <= b for a, b in zip(inside, target, strict=True))
    assert any(a == b for a, b in zip(inside, target, strict=True))
    assert all(a >= b for a, b in zip(outside, target, strict=True))
    assert any(a == b for a, b in zip(outside, target, strict=True))


@given(sizes, sizes, fits, positions)
def test_nothing_is_enlarged_if_that_is_not_wanted(
    shown: Size, target: Size, fit: Fit, position: str
) -> None:
    made = place(shown, asked(*target, fit, position, without_enlargement=True))

    across, down = extent(made.box)
    assert made.size[0] <= across + ROUNDING
    assert made.size[1] <= down + ROUNDING
    if fit == "cover":
        assert made.size == (min(target[0], shown[0]), min(target[1], shown[1]))
    if fit == "contain":
        assert made.canvas == target


@given(sizes, fits)
def test_without_a_size_the_picture_keeps_its_own(shown: Size, fit: Fit) -> None:
    assert place(shown, asked(None, None, fit)) == Placement(box=whole(shown), size=shown, canvas=shown)


@pytest.mark.parametrize(
    ("position", "box"),
    [
        ("centre", (300, 0, 600, 300)),
        ("center", (300, 0, 600, 300)),
        ("attention", (300, 0, 600, 300)),
        ("north", (300, 0, 600, 300)),
        ("south", (300, 0, 600, 300)),
        ("west", (0, 0, 300, 300)),
        ("northwest", (0, 0, 300, 300)),
        ("southwest", (0, 0, 300, 300)),
        ("east", (600, 0, 900, 300)),
        ("northeast", (600, 0, 900, 300)),
        ("southeast", (600, 0, 900, 300)),
        ("0.4,0.9", (210, 0, 510, 300)),
        ("0,0", (0, 0, 300, 300)),
        ("1,1.0", (600, 0, 900, 300)),
        (".1,.5", (0, 0, 300, 300)),
    ],
)
def test_a_wide_picture_is_cut_where_it_is_asked_to(position: str, box: Box) -> None:
    assert place((900, 300), asked(100, 100, position=position)).box == pytest.approx(box)


@pytest.mark.parametrize(
    ("position", "top"), [("north", 0), ("southeast", 450), ("east", 225), ("0.5,0.5", 225), ("0,0.9", 450)]
)
def test_a_tall_picture_is_cut_where_it_is_asked_to(position: str, top: float) -> None:
    assert place((300, 900), asked(100, 150, position=position)).box == (0, top, 300, top + 450)


@given(sizes, sizes, points)
def test_a_crop_is_centred_on_what_draws_the_eye_as_far_as_the_picture_goes(
    shown: Size, target: Size, focus: tuple[float, float]
) -> None:
    left, top, right, bottom = place(shown, asked(*target, position="attention"), focus).box

    for at, begin, end, length in ((focus[0], left, right, shown[0]), (focus[1], top, bottom, shown[1])):
        is_centred = at * length == pytest.approx((begin + end) / 2, abs=1e-3)
        assert is_centred or (begin == 0 and at * length < end / 2 + 1e-3) or end == pytest.approx(length)


def test_the_focus_counts_for_attention_only() -> None:
    assert place((900, 300), asked(100, 100, position="west"), (0.9, 0.5)).box == (0, 0, 300, 300)


@pytest.mark.parametrize(
    ("position", "offset"),
    [
        ("centre", (0, 25)),
        ("attention", (0, 25)),
        ("north", (0, 0)),
        ("southwest", (0, 50)),
        ("0.5,1", (0, 50)),
        ("0,0.5", (0, 25)),
    ],
)
def test_contain_puts_the_picture_where_it_is_asked_to(position: str, offset: tuple[int, int]) -> None:
    made = place((200, 100), asked(100, 100, "contain", position))

    assert made == Placement(box=whole((200, 100)), size=(100, 50), canvas=(100, 100), offset=offset)


@pytest.mark.parametrize(
    ("shown", "rendition", "size"),
    [
        ((4000, 3000), asked(300, 300, "inside"), (300, 225)),
        ((4000, 3000), asked(300, 300, "outside"), (400, 300)),
        ((2725, 2225), asked(720, 720, "inside"), (720, 588)),
        ((3, 2), asked(1, None), (1, 1)),
        ((2, 5), asked(1, None), (1, 3)),
        ((1000, 1), asked(10, 10, "inside"), (10, 1)),
        ((100, 50), asked(300, None, without_enlargement=True), (100, 50)),
        ((100, 50), asked(300, 20, "fill", without_enlargement=True), (100, 20)),
        ((100, 50), asked(300, 200, "inside", without_enlargement=True), (100, 50)),
        ((100, 50), asked(20, 40, "outside", without_enlargement=True), (80, 40)),
        ((100, 1000), asked(200, 200, without_enlargement=True), (100, 200)),
    ],
)
def test_sizes_are_those_of_sharp(shown: Size, rendition: Rendition, size: Size) -> None:
    assert place(shown, rendition).size == size
