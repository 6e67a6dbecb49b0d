"""Colours as every screen expects them: sRGB, through the profile that the image carries."""

from functools import lru_cache
from io import BytesIO
from typing import Literal

from PIL import Image, ImageCms

from worker.imaging.icc import colour_space, description, is_srgb

ColourTreatment = Literal["srgb", "converted", "assumed_srgb", "plain_inks", "grey", "profile_broken"]
"""What was done: `srgb`, the profile is that of sRGB and nothing had to be; `converted` through the profile,
or from Lab; `assumed_srgb`, there is no profile; `plain_inks`, CMYK without one, taken for plain ink on white
paper; `grey`, left alone because its profile is for colours; `profile_broken`, there is one that cannot be
used, and the picture was treated as if it had none.
"""

# What Pillow and LittleCMS raise for a profile that is broken or is for another kind of pixel.
_USELESS_PROFILE = (ImageCms.PyCMSError, OSError, ValueError, TypeError)
_SPACES = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}


def profile_name(profile: bytes | None) -> str | None:
    """The name that a profile gives itself; None if there is no profile or it has no name."""
    return description(profile) if profile else None


def to_srgb(image: Image.Image, profile: bytes | None) -> tuple[Image.Image, ColourTreatment]:
    """The picture in sRGB (L, LA, RGB or RGBA) and what was done; grey stays grey, alpha stays as it is.

    It may be of the modes L, LA, RGB, RGBA, CMYK and LAB, 8 bits a channel. Colours are kept as they are
    measured (relative colorimetric) with black point compensation. A profile on a picture in Lab is not
    needed, and not looked at.
    """
    if image.mode == "LAB":
        return _applied(_from_lab(), image), "converted"
    if not profile:
        return _without_profile(image)
    colours, space = image.mode.removesuffix("A"), colour_space(profile)
    if colours == "L" and space == "RGB":
        return image, "grey"
    if space != _SPACES[colours]:
        return _without_profile(image)[0], "profile_broken"
    if _is_srgb(profile):
        return image, "srgb"
    try:
        return _through_profile(image, profile), "converted"
    except _USELESS_PROFILE:
        return _without_profile(image)[0], "profile_broken"


def _without_profile(image: Image.Image) -> tuple[Image.Image, ColourTreatment]:
    # Each ink takes away its share of the light: (1 - c)(1 - k). No press does so; no guess is better known.
    return (image.convert("RGB"), "plain_inks") if image.mode == "CMYK" else (image, "assumed_srgb")


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    if image.mode in ("L", "LA"):
        unchanged_alpha = list(range(256)) if image.mode == "LA" else []
        return image.point([*_greys(profile), *unchanged_alpha])
    return _applied(_transform(profile, image.mode), image)


def _applied(transform: ImageCms.ImageCmsTransform, image: Image.Image) -> Image.Image:
    converted = transform.apply(image)
    converted.info.pop("icc_profile", None)
    return converted


@lru_cache(maxsize=4)
def _is_srgb(profile: bytes) -> bool:
    return is_srgb(profile)


# Working one out takes 3 ms, a sixth of a whole job; the photographs of a batch tend to share a camera.
@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """From pixels of this mode and profile to sRGB: RGBA to RGBA, others to RGB."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    return _to_screen(source, mode, "RGBA" if mode == "RGBA" else "RGB")


@lru_cache(maxsize=4)
def _greys(profile: bytes) -> bytes:
    """For each of the 256 greys of a grey profile the one that looks the same in sRGB."""
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    return _transform(profile, "L").apply(ramp).getchannel("G").tobytes()


@lru_cache(maxsize=1)
def _from_lab() -> ImageCms.ImageCmsTransform:
    return _to_screen(ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")), "LAB", "RGB")


def _to_screen(source: ImageCms.ImageCmsProfile, mode: str, result_mode: str) -> ImageCms.ImageCmsTransform:
    return ImageCms.ImageCmsTransform(
        source,
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")),
        mode,
        result_mode,
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
