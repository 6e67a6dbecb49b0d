"""The names of results."""

from pathlib import Path

import pytest

from image_resizer.answers import Rendition
from image_resizer.names import ResultNames, distinct_stems


def rendition(name: str = "300x300", media_type: str = "image/jpeg") -> Rendition:
    return Rendition(name, 300, 300, media_type, 1, f"/api/jobs/1/renditions/{name}")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "b.png"], ["a", "b"]),
        (["a.jpg", "a.jpg", "a.png"], ["a", "a-2", "a-3"]),
        (["a.jpg", "A.JPG"], ["a", "A-2"]),
        (["a.jpg", "a.jpg", "a-2.jpg"], ["a", "a-3", "a-2"]),
        (["é.jpg", "é.jpg"], ["é", "é-2"]),
        (["x:y.jpg", ".jpg", " .jpg"], ["x_y", "jpg", "image"]),
    ],
)
def test_images_of_the_same_name_have_stems_of_their_own(names: list[str], expected: list[str]) -> None:
    assert distinct_stems(names) == expected


def test_a_result_is_named_after_its_image_and_what_is_in_it(tmp_path: Path) -> None:
    names = ResultNames(tmp_path)

    assert names.path_of("holiday", rendition()) == tmp_path / "holiday_300x300.jpg"
    assert names.path_of("holiday", rendition("640w", "image/avif")) == tmp_path / "holiday_640w.avif"
    assert names.path_of("holiday", rendition("640w", "text/html")) == tmp_path / "holiday_640w.bin"


def test_no_two_results_have_one_name(tmp_path: Path) -> None:
    names = ResultNames(tmp_path)

    assert names.path_of("a", rendition("b_c")).name == "a_b_c.jpg"
    assert names.path_of("a_b", rendition("c")).name == "a_b_c (2).jpg"


def test_a_result_never_takes_the_place_of_an_image_that_is_sent(tmp_path: Path) -> None:
    names = ResultNames(tmp_path, reserved=[tmp_path / "a_300x300.jpg", tmp_path / "sub" / "b_300x300.jpg"])

    assert names.path_of("a", rendition()).name == "a_300x300 (2).jpg"
    assert names.path_of("b", rendition()).name == "b_300x300.jpg"


def test_a_result_never_takes_the_place_of_what_an_image_is_a_link_to(tmp_path: Path) -> None:
    (tmp_path / "a_300x300.jpg").touch()
    link = tmp_path / "elsewhere" / "a.jpg"
    link.parent.mkdir()
    link.symlink_to(tmp_path / "a_300x300.jpg")

    assert ResultNames(tmp_path, reserved=[link]).path_of("a", rendition()).name == "a_300x300 (2).jpg"


def test_a_name_of_others_leads_nowhere_else(tmp_path: Path) -> None:
    names = ResultNames(tmp_path)
    [stem] = distinct_stems(["../../etc/pass\x00wd"])

    path = names.path_of(stem, rendition("../x"))

    assert path.parent == tmp_path
    assert path.name == "passwd_.._x.jpg"
