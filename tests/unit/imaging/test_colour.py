from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from tests.unit.imaging.colour_spaces import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    ColourSpace,
    delta_e,
)
from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.profiles import (
    cyan_ink_is_red,
    cyan_ink_looks,
    grey_of_light,
    red_green_swapped,
    srgb,
)
from tests.unit.imaging.samples import GREEN, MADE, RED, file_of, flat, middle, nearest_colour

SPACES = [DISPLAY_P3, ADOBE_RGB, PROPHOTO]
WITH_PROFILES = ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"]
# Colours that sRGB has room for, as each of the spaces spells them.
PATCHES = [(128, 128, 128), (20, 20, 20), (240, 240, 240), (150, 110, 90), (90, 120, 100), (100, 100, 140)]
LEAST_SEEN = 2.0


@pytest.mark.parametrize("space", SPACES, ids=lambda space: space.name)
@pytest.mark.parametrize("patch", PATCHES)
def test_a_colour_looks_the_same_in_srgb(resized: Resize, space: ColourSpace, patch: tuple[int, ...]) -> None:
    image = resized(file_of(flat(patch), "PNG", icc_profile=space.profile()))

    assert delta_e(SRGB.lab(middle(image)), space.lab(patch)) < LEAST_SEEN


@pytest.mark.parametrize(
    ("space", "spelled", "colour"),
    [
        # The corners of sRGB as they are published for the larger spaces.
        (DISPLAY_P3, (234, 51, 35), (255, 0, 0)),
        (DISPLAY_P3, (117, 251, 76), (0, 255, 0)),
        (DISPLAY_P3, (0, 0, 245), (0, 0, 255)),
        (ADOBE_RGB, (219, 0, 0), (255, 0, 0)),
        (ADOBE_RGB, (144, 255, 60), (0, 255, 0)),
        (PROPHOTO, (179, 70, 26), (255, 0, 0)),
        (PROPHOTO, (138, 237, 78), (0, 255, 0)),
    ],
)
def test_the_corners_of_srgb_are_met(
    resized: Resize, space: ColourSpace, spelled: tuple[int, ...], colour: tuple[int, ...]
) -> None:
    image = resized(file_of(flat(spelled), "PNG", icc_profile=space.profile()))

    # Near zero the curves are steep: a little light is a large number.
    assert middle(image) == pytest.approx(colour, abs=14)
    assert delta_e(SRGB.lab(middle(image)), SRGB.lab(colour)) < LEAST_SEEN


@pytest.mark.parametrize("kind", WITH_PROFILES)
def test_the_profile_decides_what_a_colour_is(rendered: Render, kind: str) -> None:
    data = file_of(flat(RED), kind, icc_profile=red_green_swapped())

    found, (made,) = rendered(data)

    assert nearest_colour(middle(Image.open(BytesIO(made.data)).convert("RGB"))) == GREEN
    assert found.report.colour == "converted"
    assert found.report.profile


@pytest.mark.parametrize("kind", WITH_PROFILES)
def test_display_p3_is_met_in_every_format(rendered: Render, kind: str) -> None:
    patch = (150, 110, 90)
    options = {"subsampling": "4:4:4"} if kind == "AVIF" else {}
    data = file_of(flat(patch), kind, icc_profile=DISPLAY_P3.profile(), quality=95, **options)

    found, (made,) = rendered(data, format="png")

    image = Image.open(BytesIO(made.data))
    assert delta_e(SRGB.lab(middle(image)), DISPLAY_P3.lab(patch)) < 2 * LEAST_SEEN
    assert found.report.profile == "Display P3"


def test_alpha_survives_a_profile(resized: Resize) -> None:
    image = resized(file_of(flat((*RED, 128), "RGBA"), "PNG", icc_profile=red_green_swapped()))

    assert middle(image) == (0, 255, 0, 128)


@pytest.mark.parametrize("profile", [srgb(), SRGB.profile()], ids=["of LittleCMS", "by its formula"])
def test_a_profile_that_is_srgb_changes_nothing(rendered: Render, profile: bytes) -> None:
    found, (made,) = rendered(file_of(flat((10, 100, 200)), "PNG", icc_profile=profile))

    assert middle(Image.open(BytesIO(made.data))) == pytest.approx((10, 100, 200), abs=1)
    assert found.report.colour in ("srgb", "converted")
    assert not found.notes


@pytest.mark.parametrize(
    "profile",
    [b"not a profile", srgb()[:200], cyan_ink_is_red(), srgb()[:128] + bytes(400), b"\xff" * 600],
    ids=["text", "cut short", "for CMYK", "no tags", "ones"],
)
def test_a_profile_that_cannot_be_used_is_skipped_and_said(rendered: Render, profile: bytes) -> None:
    found, (made,) = rendered(file_of(flat(RED), "PNG", icc_profile=profile))

    assert middle(Image.open(BytesIO(made.data))) == RED
    assert found.report.colour == "profile_broken"
    assert any("profile" in note for note in found.notes)


def test_a_colour_profile_on_cmyk_is_skipped_and_said(rendered: Render) -> None:
    found, (made,) = rendered(file_of(flat((0, 255, 255, 0), "CMYK"), "JPEG", icc_profile=srgb()))

    assert nearest_colour(middle(Image.open(BytesIO(made.data)))) == RED
    assert found.report.colour == "profile_broken"
    assert any("profile" in note for note in found.notes)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_grey_picture_with_a_profile_for_colours_stays_grey(resized: Resize, kind: str) -> None:
    image = resized(file_of(flat((77,), "L"), kind, icc_profile=srgb()))

    assert image.mode == "L"
    assert middle(image) == pytest.approx((77,), abs=1)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_a_grey_picture_goes_through_its_grey_profile(resized: Resize, kind: str) -> None:
    image = resized(file_of(flat((128,), "L"), kind, icc_profile=grey_of_light()))

    # Half of the light is 188 in sRGB.
    assert image.mode == "L"
    assert middle(image) == pytest.approx((188,), abs=2)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "GIF", "AVIF", "HEIF"])
def test_a_picture_without_a_profile_is_taken_for_srgb(rendered: Render, kind: str) -> None:
    found, (made,) = rendered(file_of(flat((200, 100, 50)), kind), format="png")

    pixel = middle(Image.open(BytesIO(made.data)).convert("RGB"))
    assert pixel == pytest.approx((200, 100, 50), abs=4)
    assert found.report.profile is None
    assert not found.notes


@pytest.mark.parametrize("policy", ["none", "copyright", "all"])
@pytest.mark.parametrize("wanted", ["auto", *MADE])
@pytest.mark.parametrize("mode", ["RGB", "CMYK"])
def test_the_profile_does_not_stay_on_the_result(
    resized: Resize, mode: str, wanted: str, policy: str
) -> None:
    profile = red_green_swapped() if mode == "RGB" else cyan_ink_is_red()
    data = file_of(Image.new(mode, (20, 20)), "JPEG", icc_profile=profile)

    assert "icc_profile" not in resized(data, format=wanted, metadata=policy).info


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize(
    ("inks", "colour"),
    [
        ((0, 0, 0, 0), (255, 255, 255)),
        ((0, 255, 255, 0), (255, 0, 0)),
        ((255, 0, 255, 0), (0, 255, 0)),
        ((255, 255, 0, 0), (0, 0, 255)),
        ((0, 0, 0, 255), (0, 0, 0)),
    ],
)
def test_cmyk_without_a_profile_is_ink_on_white_paper(
    rendered: Render, kind: str, inks: tuple[int, ...], colour: tuple[int, ...]
) -> None:
    # Pillow's JPEG is inverted, as Adobe's are; its TIFF is not.
    found, (made,) = rendered(file_of(flat(inks, "CMYK"), kind))

    image = Image.open(BytesIO(made.data))
    assert image.mode == "RGB"
    assert middle(image) == pytest.approx(colour, abs=40)
    assert found.report.mode == "CMYK"


def test_ycck_of_adobe_becomes_the_inks_it_stands_for(resized: Resize) -> None:
    # Luma and chroma of (0, 255, 255), which are the amounts of cyan, magenta and yellow: red.
    inverted = flat((255 - 179, 255 - 171, 255 - 0, 0), "CMYK")
    data = file_of(inverted, "JPEG", quality=100)
    marker = data.index(b"Adobe") + 11
    assert data[marker] == 0

    image = resized(data[:marker] + b"\2" + data[marker + 1 :])

    assert nearest_colour(middle(image)) == RED


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
@pytest.mark.parametrize("cyan", [0, 64, 128, 192, 255])
def test_cmyk_goes_through_its_profile(rendered: Render, kind: str, cyan: int) -> None:
    ink = (55.0, 22.0, 12.0)
    quality = {"quality": 100} if kind == "JPEG" else {}
    data = file_of(flat((cyan, 0, 0, 0), "CMYK"), kind, icc_profile=cyan_ink_looks(ink), **quality)

    found, (made,) = rendered(data, format="png")

    part = cyan / 255
    expected = (100 + (ink[0] - 100) * part, ink[1] * part, ink[2] * part)
    assert delta_e(SRGB.lab(middle(Image.open(BytesIO(made.data)))), expected) < LEAST_SEEN
    assert found.report.colour == "converted"


@pytest.mark.parametrize(
    "colour", [(200, 100, 50), (30, 90, 160), (128, 128, 128), (255, 255, 255), (0, 0, 0)]
)
def test_a_lab_tiff_comes_out_in_srgb(rendered: Render, colour: tuple[int, int, int]) -> None:
    lightness, a, b = SRGB.lab(colour)
    held_by_pillow = (round(lightness * 2.55), round(a) + 128, round(b) + 128)
    data = file_of(flat(held_by_pillow, "LAB"), "TIFF")

    found, (made,) = rendered(data, format="png")

    image = Image.open(BytesIO(made.data))
    assert image.mode == "RGB"
    assert delta_e(SRGB.lab(middle(image)), SRGB.lab(colour)) < LEAST_SEEN
    assert found.report.mode == "LAB"
    assert not any("profile" in note for note in found.notes)


def test_the_darkest_colour_of_a_screen_becomes_black(resized: Resize) -> None:
    """Black point compensation: without it this screen, which glows in the dark, would give a grey of 39."""
    glowing = replace(SRGB, name="glows", to_light=lambda value: 0.02 + 0.98 * SRGB.to_light(value))

    image = resized(file_of(flat((0, 0, 0)), "PNG", icc_profile=glowing.profile()))

    assert max(middle(image)) <= 3
