import struct
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image, ImageCms

import worker.imaging.plugins  # noqa: F401  # registers the formats
from tests.unit.imaging.colour_spaces import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    ColourSpace,
    delta_e,
    icc_profile,
)
from tests.unit.imaging.profiles import cyan_ink_is_red, grey_of_light, red_green_swapped, srgb
from worker.imaging.colour import profile_name, to_srgb
from worker.imaging.icc import SRGB_COLORANTS, SRGB_CURVE, colour_space, is_srgb, rgb_profile

NOT_SRGB = [DISPLAY_P3, ADOBE_RGB, PROPHOTO]
LEAST_SEEN = 2.0


def ramp(mode: str) -> Image.Image:
    """All 256 values of a channel beside each other, in each channel in another order."""
    bands = [bytes((value * step) % 256 for value in range(256)) for step in (1, 3, 5, 7)]
    count = len(Image.new(mode, (1, 1)).getbands())
    return Image.merge(mode, [Image.frombytes("L", (256, 1), band) for band in bands[:count]])


@pytest.mark.parametrize(
    "profile",
    [
        srgb(),
        SRGB.profile(),
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
        rgb_profile("short", SRGB_COLORANTS, SRGB_CURVE),
    ],
    ids=["of LittleCMS", "with a table", "again", "our own"],
)
def test_srgb_is_recognised_by_its_numbers_and_costs_nothing(profile: bytes) -> None:
    image = ramp("RGB")

    converted, treatment = to_srgb(image, profile)

    assert treatment == "srgb"
    assert converted is image


def test_grey_with_the_curve_of_srgb_costs_nothing_either() -> None:
    curve = struct.pack(
        ">4s4xI1024H", b"curv", 1024, *(round(65535 * SRGB.to_light(x / 1023)) for x in range(1024))
    )
    profile = icc_profile({b"kTRC": curve}, space=b"GRAY", device=b"mntr", connection=b"XYZ ")
    image = ramp("LA")

    assert to_srgb(image, profile) == (image, "srgb")
    assert not is_srgb(grey_of_light(2.2))


@pytest.mark.parametrize("space", NOT_SRGB, ids=lambda space: space.name)
def test_nothing_else_is_taken_for_srgb(space: ColourSpace) -> None:
    assert not is_srgb(space.profile())
    assert to_srgb(ramp("RGB"), space.profile())[1] == "converted"


@pytest.mark.parametrize("gamma", [1.0, 1.8, 2.2, 2.4])
def test_the_primaries_of_srgb_with_another_curve_are_not_srgb(gamma: float) -> None:
    profile = rgb_profile("gamma", SRGB_COLORANTS, (gamma,))

    assert not is_srgb(profile)
    assert to_srgb(ramp("RGB"), profile)[1] == "converted"


def test_a_gamma_that_is_nearly_the_curve_of_srgb_is_told_apart() -> None:
    profile = replace(SRGB, to_light=lambda value: value**2.2).profile()

    assert not is_srgb(profile)


def test_a_profile_with_tables_is_not_judged_by_its_primaries() -> None:
    profile = SRGB.profile()
    assert not is_srgb(profile.replace(b"cprt", b"A2B0"))


def test_little_cms_would_have_changed_what_counts_as_srgb_by_less_than_two() -> None:
    image = ramp("RGB")
    screen = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    source = ImageCms.ImageCmsProfile(BytesIO(SRGB.profile()))

    changed = ImageCms.ImageCmsTransform(source, screen, "RGB", "RGB").apply(image)

    differences = [abs(a - b) for a, b in zip(image.tobytes(), changed.tobytes(), strict=True)]
    assert max(differences) < 2


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_colours_are_converted_and_alpha_is_not(mode: str) -> None:
    image = ramp(mode)

    converted, treatment = to_srgb(image, red_green_swapped())

    assert (converted.mode, treatment) == (mode, "converted")
    assert converted.getchannel("R").tobytes() == image.getchannel("G").tobytes()
    if mode == "RGBA":
        assert converted.getchannel("A").tobytes() == image.getchannel("A").tobytes()
    assert "icc_profile" not in converted.info


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_goes_through_its_curve_and_stays_grey(mode: str) -> None:
    image = ramp(mode)

    converted, treatment = to_srgb(image, grey_of_light())

    assert (converted.mode, treatment) == (mode, "converted")
    greys = list(converted.getchannel("L").tobytes())
    for value in (0, 1, 10, 128, 200, 255):
        assert SRGB.to_light(greys[value] / 255) == pytest.approx(value / 255, abs=0.004)
    if mode == "LA":
        assert converted.getchannel("A").tobytes() == image.getchannel("A").tobytes()


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey_with_a_profile_for_colours_is_left_alone(mode: str) -> None:
    image = ramp(mode)

    assert to_srgb(image, ADOBE_RGB.profile()) == (image, "grey")


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
def test_without_a_profile_nothing_is_done(mode: str) -> None:
    image = ramp(mode)

    for nothing in (None, b""):
        converted, treatment = to_srgb(image, nothing)
        assert (converted is image, treatment) == (True, "assumed_srgb")


def test_cmyk_without_a_profile_is_plain_ink() -> None:
    image = Image.new("CMYK", (1, 1), (128, 0, 0, 128))

    converted, treatment = to_srgb(image, None)

    assert (converted.mode, treatment) == ("RGB", "plain_inks")
    assert converted.getpixel((0, 0)) == pytest.approx((63, 127, 127), abs=1)


BROKEN = {
    "text": b"not a profile",
    "cut short": srgb()[:200],
    "no tags": srgb()[:128] + bytes(400),
    "ones": b"\xff" * 600,
    "countless tags": srgb()[:128] + b"\xff" * 4 + red_green_swapped()[132:],
    "tags that point nowhere": srgb()[:132] + b"rXYZ\xff\xff\xff\xf0\xff\xff\xff\xff" * 17,
    "a link between devices": srgb()[:12] + b"link" + srgb()[16:],
}


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK"])
@pytest.mark.parametrize("profile", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_profile_counts_as_none(mode: str, profile: bytes) -> None:
    image = ramp(mode)

    converted, treatment = to_srgb(image, profile)

    may_be_left_alone = mode in ("L", "LA") and colour_space(profile) == "RGB"
    assert treatment == ("grey" if may_be_left_alone else "profile_broken")
    assert converted.tobytes() == to_srgb(image, None)[0].tobytes()


@pytest.mark.parametrize(
    ("mode", "profile"),
    [
        ("RGB", cyan_ink_is_red()),
        ("RGBA", grey_of_light()),
        ("L", cyan_ink_is_red()),
        ("CMYK", srgb()),
        ("CMYK", grey_of_light()),
    ],
)
def test_a_profile_for_another_kind_of_pixel_counts_as_broken(mode: str, profile: bytes) -> None:
    assert to_srgb(ramp(mode), profile)[1] == "profile_broken"


@pytest.mark.parametrize("colour", [(200, 100, 50), (30, 90, 160), (128, 128, 128), (255, 255, 255)])
def test_lab_becomes_srgb(colour: tuple[int, int, int]) -> None:
    lightness, a, b = SRGB.lab(colour)
    stored = (round(lightness * 2.55), round(a) + 128, round(b) + 128)

    converted, treatment = to_srgb(Image.new("LAB", (1, 1), stored), None)

    pixel = converted.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert (converted.mode, treatment) == ("RGB", "converted")
    assert delta_e(SRGB.lab(tuple(int(value) for value in pixel)), SRGB.lab(colour)) < LEAST_SEEN


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        (None, None),
        (b"", None),
        (b"nonsense", None),
        (srgb(), "sRGB built-in"),
        (DISPLAY_P3.profile(), "Display P3"),
        (rgb_profile("Größe", SRGB_COLORANTS, SRGB_CURVE), "Größe"),
        (rgb_profile("a\nb\x07" + "c" * 500, SRGB_COLORANTS, SRGB_CURVE), "ab" + "c" * 118),
        (BROKEN["cut short"], None),
        (
            icc_profile({b"desc": b"mluc" + b"\xff" * 40}, space=b"RGB ", device=b"mntr", connection=b"XYZ "),
            None,
        ),
    ],
)
def test_a_profile_has_a_name_that_can_be_shown(profile: bytes | None, name: str | None) -> None:
    assert profile_name(profile) == name
