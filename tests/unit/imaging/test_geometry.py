import pytest

from worker.imaging.geometry import cover_box, smallest_useful


def test_a_wide_picture_loses_its_left_and_right() -> None:
    assert cover_box((900, 300), (300, 300)) == (300, 0, 600, 300)


def test_a_tall_picture_loses_its_top_and_bottom() -> None:
    assert cover_box((300, 900), (100, 200)) == (0, 150, 300, 750)


def test_a_picture_of_the_right_shape_loses_nothing() -> None:
    assert cover_box((4000, 3000), (400, 300)) == (0, 0, 4000, 3000)


@pytest.mark.parametrize("source", [(1, 1), (1, 5000), (5000, 1), (4031.25, 3023.5), (7, 3), (33.375, 1000)])
@pytest.mark.parametrize("target", [(1, 1), (300, 300), (7, 16384), (16384, 7), (333, 1)])
def test_the_box_has_the_shape_of_the_target_and_stays_inside_the_source(
    source: tuple[float, float], target: tuple[int, int]
) -> None:
    left, top, right, bottom = cover_box(source, target)

    assert 0 <= left < right <= source[0]
    assert 0 <= top < bottom <= source[1]
    assert (right - left) / (bottom - top) == pytest.approx(target[0] / target[1])


def test_a_large_source_may_be_read_small_with_a_margin() -> None:
    assert smallest_useful((4000, 3000), [(400, 300)]) == (600, 450)


def test_the_largest_target_decides_how_small_a_source_may_be_read() -> None:
    assert smallest_useful((4000, 3000), [(40, 30), (400, 300), (4, 3)]) == (600, 450)


def test_a_source_is_never_asked_for_larger_than_it_is() -> None:
    assert smallest_useful((100, 50), [(300, 300)]) == (100, 50)


def test_no_side_vanishes() -> None:
    assert smallest_useful((1, 60000), [(1, 1)]) == (1, 60000)
    assert smallest_useful((60000, 2), [(1, 1)]) == (45000, 1)
