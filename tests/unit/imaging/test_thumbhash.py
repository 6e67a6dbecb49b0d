"""ThumbHashes are those that the reference makes, of any picture, and come with what is rendered."""

from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest
from PIL import Image

from pipeline.messages import Rendition
from tests.unit.imaging.animations import Cel, animation, flat
from tests.unit.imaging.conftest import Render
from tests.unit.imaging.samples import file_of
from worker.imaging.thumbhash import encoded, thumbhash

Alpha = Callable[[int, int], int]


def opaque(_x: int, _y: int) -> int:
    return 255


def mixed(x: int, y: int) -> int:
    return (x * 13 + y * y * 5 + 60) % 256


def clear(_x: int, _y: int) -> int:
    return 0


KNOWN = [
    (32, 24, opaque, "HwgGDYRRRXYCRVYhZiaFgqYG8pi6"),
    (24, 32, opaque, "HggGDQRRY1JnB0IWdmQoV3RlsPWa"),
    (16, 16, opaque, "3RcKHwhUZYdAdol0iFiIqId0eAhlZ18N"),
    (100, 10, opaque, "XvgFEYR1M2ZGBzh4dT/M1U8="),
    (7, 60, opaque, "HRgGGQJRdEiGYkFw/XRE+6Y="),
    (16, 12, mixed, "myeGDIYYQ3ZQd6WIVwykRn95dac0qmMKBg=="),
    (12, 16, mixed, "3BeGFAYIVQZ1WomHiQqHJk9MgejCpiEGBg=="),
    (16, 16, mixed, "3ReGFQYIVWVAhpRYqZdAd/XGR4RcxVqzoA=="),
    (1, 1, opaque, "wwYKVwAI9wiIh4hwj3CI+AiIcH/4AAAA"),
    (1, 1, mixed, "wwaKVQBECPeIh3B/+PeHDwAACPeIh3B/+A=="),
    (5, 5, clear, "AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="),
]
"""Width, height, alpha, and what rgbaToThumbHash of the npm package thumbhash 0.1.1 makes of `pixels`."""


def pixels(width: int, height: int, alpha: Alpha) -> bytes:
    return bytes(
        value % 256
        for y in range(height)
        for x in range(width)
        for value in (x * x * 3 + y * 11, y * y * 2 + x * 5, x * y * 7 + 40, alpha(x, y))
    )


@pytest.mark.parametrize(("width", "height", "alpha", "expected"), KNOWN)
def test_a_hash_is_that_of_the_reference(width: int, height: int, alpha: Alpha, expected: str) -> None:
    assert b64encode(encoded(width, height, pixels(width, height, alpha))).decode() == expected


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK"])
def test_a_picture_of_one_colour_has_the_hash_of_that_colour(mode: str) -> None:
    picture = Image.new("RGB", (300, 200), "white").convert(mode)

    assert thumbhash(picture)[:3] == thumbhash(Image.new("RGB", (30, 20), "white"))[:3]
    assert thumbhash(picture)[0] & 63 == 63


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 5), (1920, 1080)])
def test_a_picture_of_any_size_has_a_short_hash(size: tuple[int, int]) -> None:
    for mode in ("RGB", "RGBA"):
        assert 5 <= len(thumbhash(Image.new(mode, size))) <= 29


def test_what_is_to_be_seen_through_is_in_the_hash_and_its_colour_is_not() -> None:
    picture = Image.new("RGBA", (40, 40), (255, 0, 0, 0))
    picture.paste((0, 0, 255, 255), (0, 0, 20, 40))

    assert thumbhash(picture)[2] & 0x80
    clean = Image.new("RGBA", (40, 40), (0, 255, 0, 0))
    clean.paste((0, 0, 255, 255), (0, 0, 20, 40))
    assert thumbhash(picture) == thumbhash(clean)


def test_the_placeholder_is_that_of_the_rendition_that_was_asked_for_first(rendered_all: Render) -> None:
    source = Image.new("RGB", (400, 100), "red")
    source.paste("blue", (200, 0, 400, 100))
    left = Rendition(name="left", width=50, height=50, position="west", format="png")
    right = Rendition(name="right", width=50, height=50, position="east", format="png")

    one, _ = rendered_all(file_of(source, "PNG"), left, right)
    other, _ = rendered_all(file_of(source, "PNG"), right, left)

    for made, colour in ((one, "red"), (other, "blue")):
        assert b64decode(made.placeholder) == thumbhash(Image.new("RGB", (50, 50), colour))


def test_a_picture_that_moves_has_the_placeholder_of_its_first_frame(rendered: Render) -> None:
    data = animation("gif", (20, 20), [Cel(flat((20, 20), "red")), Cel(flat((20, 20), "blue"))])

    made, _ = rendered(data, 20, 20)

    assert b64decode(made.placeholder) == thumbhash(Image.new("RGB", (20, 20), "red"))
