"""Colour spaces that are named by number instead of described by a profile (ITU-T H.273)."""

import struct

import pytest

from tests.unit.imaging.colour_spaces import DISPLAY_P3, SRGB, ColourSpace, delta_e
from tests.unit.imaging.conftest import Resize
from tests.unit.imaging.png_files import png_chunk, png_file
from tests.unit.imaging.profiles import red_green_swapped
from tests.unit.imaging.samples import RED, file_of, flat, middle

LEAST_SEEN = 2.0


def code_points(primaries: int, transfer: int) -> bytes:
    """The chunk of a PNG that names its colour space by number (ITU-T H.273)."""
    return png_chunk(b"cICP", bytes((primaries, transfer, 0, 1)))


@pytest.mark.parametrize(
    ("primaries", "transfer", "space"),
    [(12, 13, DISPLAY_P3), (1, 13, SRGB), (1, 1, None), (12, 99, None), (200, 13, None)],
)
def test_a_png_may_name_its_colour_space_by_number(
    resized: Resize, primaries: int, transfer: int, space: ColourSpace | None
) -> None:
    patch = (180, 110, 90)
    data = png_file([bytes(patch) * 4] * 4, width=4, first=code_points(primaries, transfer))

    pixel = middle(resized(data, 4, 4))

    if space is None:  # not known, or nearly sRGB
        assert pixel == pytest.approx(patch, abs=12)
    else:
        assert delta_e(SRGB.lab(pixel), space.lab(patch)) < LEAST_SEEN


def test_the_number_of_a_colour_space_counts_for_more_than_the_profile(resized: Resize) -> None:
    # PNG, third edition, 4.3: cICP comes before iCCP.
    compressed = file_of(flat(RED), "PNG", icc_profile=red_green_swapped())
    place = compressed.index(b"iCCP") - 4

    image = resized(compressed[:place] + code_points(1, 13) + compressed[place:])

    assert middle(image) == RED


def test_a_heif_may_name_its_colour_space_by_number(resized: Resize) -> None:
    patch = (180, 110, 90)
    data = file_of(
        flat(patch),
        "HEIF",
        quality=100,
        chroma=444,
        color_primaries=12,
        transfer_characteristics=13,
        matrix_coefficients=6,
        full_range_flag=1,
    )

    image = resized(data, format="png")

    assert delta_e(SRGB.lab(middle(image)), DISPLAY_P3.lab(patch)) < LEAST_SEEN


def test_an_avif_may_name_its_colour_space_by_number(resized: Resize) -> None:
    patch = (180, 110, 90)
    plain = file_of(flat(patch), "AVIF", quality=100, subsampling="4:4:4")
    start = plain.index(b"nclx") + 4
    assert struct.unpack(">H", plain[start : start + 2]) == (1,)

    image = resized(plain[:start] + struct.pack(">H", 12) + plain[start + 2 :], format="png")

    assert delta_e(SRGB.lab(middle(image)), DISPLAY_P3.lab(patch)) < LEAST_SEEN
