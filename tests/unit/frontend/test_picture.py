"""The `<picture>` of a job: formats in the right order, widths ascending, and only for one picture."""

from collections.abc import Iterable

import pytest

from frontend.picture import Addressed, picture_html, srcsets
from pipeline.messages import Result
from tests.unit.frontend.html_page import Page


def result(width: int, height: int, kind: str = "jpeg", name: str = "") -> Addressed:
    made = name or f"{width}w-{kind}"
    one = Result(name=made, file=f"a_{made}", width=width, height=height, media_type=f"image/{kind}", bytes=9)
    return one, f"/r/{made}"


def responsive(
    kinds: Iterable[str] = ("jpeg", "avif", "webp"), widths: Iterable[int] = (640, 320)
) -> list[Addressed]:
    return [result(width, width * 3 // 4, kind) for kind in kinds for width in widths]


def test_a_responsive_set_is_sources_by_format_and_an_image_for_all_others() -> None:
    assert picture_html(responsive()) == (
        "<picture>\n"
        '  <source type="image/avif" srcset="/r/320w-avif 320w, /r/640w-avif 640w" sizes="100vw">\n'
        '  <source type="image/webp" srcset="/r/320w-webp 320w, /r/640w-webp 640w" sizes="100vw">\n'
        '  <img src="/r/640w-jpeg" srcset="/r/320w-jpeg 320w, /r/640w-jpeg 640w" sizes="100vw" '
        'width="640" height="480" alt="" loading="lazy" '
        'style="max-width:100%;height:auto">\n'
        "</picture>"
    )


def test_without_a_format_that_every_browser_shows_the_last_one_is_the_image() -> None:
    page = Page(picture_html(responsive(["webp", "avif"])) or "")

    assert [source["type"] for source in page.all("source")] == ["image/avif"]
    assert page.all("img", src="/r/640w-webp")


def test_one_format_needs_no_sources() -> None:
    page = Page(picture_html(responsive(["png"])) or "")

    assert page.all("source") == []
    assert page.all("img", srcset="/r/320w-png 320w, /r/640w-png 640w")


def test_one_width_in_two_formats_is_a_picture() -> None:
    page = Page(picture_html(responsive(["jpeg", "avif"], [640])) or "")

    assert page.all("source", type="image/avif", srcset="/r/640w-avif 640w")


def test_widths_that_came_out_the_same_are_named_once() -> None:
    same = [result(500, 375, "webp", "1280w-webp"), result(500, 375, "webp", "1920w-webp")]

    page = Page(picture_html([*responsive(["webp"], [320]), *same]) or "")

    assert page.all("img", srcset="/r/320w-webp 320w, /r/1280w-webp 500w")


@pytest.mark.parametrize(
    "renditions",
    [
        [],
        [result(300, 300)],
        [result(300, 300), result(300, 300, name="300x300-2")],
    ],
    ids=["none", "one", "the same twice"],
)
def test_fewer_than_two_different_renditions_are_no_picture(renditions: list[Addressed]) -> None:
    assert picture_html(renditions) is None


def test_renditions_that_show_different_parts_are_no_picture() -> None:
    assert picture_html([result(300, 300), result(640, 480)]) is None
    assert picture_html([result(1200, 630), result(1200, 800), result(600, 315)]) is None


@pytest.mark.parametrize(
    ("width", "height"), [(4032, 3024), (4000, 2251), (2251, 4000), (5000, 37), (37, 5000)]
)
def test_sizes_that_differ_by_their_rounding_only_are_one_picture(width: int, height: int) -> None:
    sizes = [(w, max(1, round(w * height / width))) for w in (33, 320, 641, 1280, 1920)]

    assert picture_html([result(*size) for size in sizes]) is not None


def test_an_address_cannot_break_out_of_its_attribute() -> None:
    evil = '/r/"><script>alert(1)</script>&amp;'
    renditions = [(one, evil) for one, _ in responsive()]

    html = picture_html(renditions) or ""

    assert Page(html).all("script") == []
    assert Page(html).all("img", src=evil)


def test_sizes_that_nobody_could_have_made_do_no_harm() -> None:
    assert picture_html([result(0, 0), result(0, 5, "webp")]) is not None
    assert picture_html([result(0, 0), result(300, 200)]) is not None


def test_what_stands_in_the_element_is_there_for_those_who_make_their_own() -> None:
    assert srcsets(responsive(["jpeg", "avif"])) == [
        {"media_type": "image/avif", "srcset": "/r/320w-avif 320w, /r/640w-avif 640w"},
        {"media_type": "image/jpeg", "srcset": "/r/320w-jpeg 320w, /r/640w-jpeg 640w"},
    ]


def test_files_of_several_types_in_one_set_have_none_in_common() -> None:
    mixed = [result(320, 240, "png"), result(640, 480, "jpeg")]

    assert srcsets(mixed) == [{"media_type": None, "srcset": "/r/320w-png 320w, /r/640w-jpeg 640w"}]


def test_what_is_not_one_picture_has_no_set_of_sizes() -> None:
    assert srcsets([result(300, 300), result(640, 480)]) is None
