"""Colours as every screen expects them: sRGB, through the profile that the image carries."""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageCms

# What Pillow and LittleCMS raise for a profile that is broken or is for another kind of pixel.
_USELESS_PROFILE = (ImageCms.PyCMSError, OSError, ValueError, TypeError)


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture in sRGB: L, LA, RGB or RGBA. A profile that cannot be used counts as none.

    Without a profile RGB and grey are taken for sRGB already, and CMYK for plain ink on white paper.
    """
    if profile is None and image.mode != "CMYK":
        return image
    colour = image.convert(image.mode.removesuffix("A"))
    converted = _through_profile(colour, profile) if profile else _without_profile(colour)
    if image.mode.endswith("A"):
        converted.putalpha(image.getchannel("A"))
    return converted


def _through_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted = _transform(profile, image.mode).apply(image)
    except _USELESS_PROFILE:
        return _without_profile(image)
    return converted.convert("L") if image.mode == "L" else converted


def _without_profile(image: Image.Image) -> Image.Image:
    return image.convert("RGB") if image.mode == "CMYK" else image


# Working one out takes 3 ms, a sixth of a whole job; the photographs of a batch tend to share a camera.
@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """From pixels of this mode and profile to RGB pixels in sRGB."""
    source = ImageCms.ImageCmsProfile(BytesIO(profile))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    return ImageCms.ImageCmsTransform(source, srgb, mode, "RGB")
