"""No two names are the same, on any system."""

import pytest

from frontend.unique_names import UniqueNames


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "b.jpg"], ["a.jpg", "b.jpg"]),
        (["a.jpg", "a.jpg", "a.jpg"], ["a.jpg", "a (2).jpg", "a (3).jpg"]),
        (["a.jpg", "A.JPG"], ["a.jpg", "A (2).JPG"]),
        (["\u00e9.jpg", "e\u0301.jpg"], ["\u00e9.jpg", "e\u0301 (2).jpg"]),
        (["straße.jpg", "STRASSE.jpg"], ["straße.jpg", "STRASSE (2).jpg"]),
        (["a.jpg", "a (2).jpg", "a.jpg"], ["a.jpg", "a (2).jpg", "a (3).jpg"]),
        (["a.jpg", "a.jpg", "a (2).jpg"], ["a.jpg", "a (2).jpg", "a (2) (2).jpg"]),
        (["a.jpg", "a.png"], ["a.jpg", "a.png"]),
    ],
)
def test_a_name_that_is_taken_gets_the_next_number(names: list[str], expected: list[str]) -> None:
    unique = UniqueNames()

    assert [unique.unique(name) for name in names] == expected


def test_a_camera_that_gives_all_its_pictures_one_name_costs_no_more_than_others() -> None:
    unique = UniqueNames()

    names = [unique.unique("image.jpg") for _ in range(100_000)]

    assert names[-1] == "image (100000).jpg"
    assert len(set(names)) == len(names)
