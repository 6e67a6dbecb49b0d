"""Whatever a sender or an event calls a file, people get one safe name, which tells what is in it."""

import unicodedata
from collections.abc import Callable

import pytest
from aiohttp.multipart import parse_content_disposition
from hypothesis import example, given, settings
from hypothesis import strategies as st

from frontend.content_disposition import content_disposition
from frontend.result_names import rendition_file_name, source_file_name
from pipeline.image_formats import FORMATS, JPEG, PNG

HOSTILE = (
    *(
        "",
        ".",
        "..",
        "...",
        " ",
        "/",
        "\\",
        "../../etc/passwd",
        "..\\..\\boot.ini",
        "/etc/passwd",
        "C:\\a.jpg",
    ),
    *(
        'a"; filename="b.html',
        "a\r\nSet-Cookie: a=b",
        "a\0b.jpg",
        "a\u2028b.jpg",
        "\u202egpj.exe",
        "a%22b.jpg",
    ),
    *("👩‍👩‍👧.png", "é" * 500, "x" * 5000 + ".jpg", "写真.jpg", "\ud800.jpg", "a\x7fb\x85c.jpg"),
    *("CON", "nul.jpg", "LPT1.tar.gz", ".htaccess", "a.", "a .jpg", "-rf", "~", "a:b.jpg", "<svg>.svg"),
)
NAMES = st.one_of(
    st.text(st.characters(), max_size=300),
    st.lists(st.sampled_from([*HOSTILE, "/", '"', "\r\n", ";", "'", "\\", "%", "a", "."])).map("".join),
)


def with_hostile_names(test: Callable[[str], None]) -> Callable[[str], None]:
    """A test of a thousand names, all of HOSTILE among them."""
    test = settings(max_examples=1000)(given(NAMES)(test))
    for name in HOSTILE:
        test = example(name)(test)
    return test


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("holiday.jpg", "holiday.jpg"),
        ("holiday.JPEG", "holiday.jpg"),
        ("holiday.html", "holiday.jpg"),
        ("my cats.at.home.png", "my cats.at.home.jpg"),
        ("写真.jpg", "写真.jpg"),
        ("../.htaccess", "htaccess.jpg"),
        ("a:b?.png", "a_b_.jpg"),
        ("nul.png", "_nul.jpg"),
        ("..", "image.jpg"),
    ],
)
def test_an_image_keeps_its_name_and_gets_the_suffix_of_what_it_is(name: str, expected: str) -> None:
    assert source_file_name(name, JPEG) == expected


def test_a_rendition_is_named_after_its_image_and_itself() -> None:
    assert rendition_file_name("my holiday.jpg", "640w-png", PNG) == "my holiday_640w-png.png"


@with_hostile_names
def test_a_name_can_be_a_file_on_every_system(name: str) -> None:
    for made in (source_file_name(name, JPEG), rendition_file_name(name, name, PNG)):
        stem, _, suffix = made.rpartition(".")
        assert f".{suffix}" in {image_format.suffix for image_format in FORMATS}
        assert stem
        assert len(made.encode()) <= 255
        assert made[0] not in " ."
        assert not set(made) & set('<>:"/\\|?*')
        assert not [char for char in made if unicodedata.category(char)[0] in ("C", "Z") and char != " "]
        assert stem.split(".")[0].upper() not in ("CON", "PRN", "AUX", "NUL", "COM1", "LPT1")


@with_hostile_names
def test_a_header_tells_the_name_in_full_and_in_ascii_and_nothing_else(name: str) -> None:
    made = source_file_name(name, JPEG)

    header = content_disposition(made, is_download=True)

    assert header.isascii()
    assert header.isprintable()
    kind, parameters = parse_content_disposition(header)
    assert kind == "attachment"
    assert parameters.keys() == {"filename", "filename*"}
    assert parameters["filename*"] == made
    assert len(parameters["filename"]) > len(".jpg")
    assert not set(parameters["filename"]) & set('"\\%/;')


def test_a_header_says_whether_a_file_is_shown_or_saved() -> None:
    assert content_disposition("é.jpg", is_download=False) == (
        "inline; filename=\"e.jpg\"; filename*=UTF-8''%C3%A9.jpg"
    )
    assert content_disposition("a'b.jpg", is_download=True) == (
        "attachment; filename=\"a'b.jpg\"; filename*=UTF-8''a%27b.jpg"
    )
