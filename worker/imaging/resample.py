"""Fewer or more pixels: the one place where pictures change size."""

from PIL import Image

from worker.imaging.geometry import MARGIN, Box, Size

# Colour counts as much as it covers: what is transparent must not bleed into what is not.
_PREMULTIPLIED = {"LA": "La", "RGBA": "RGBa"}


def premultiplied(image: Image.Image) -> Image.Image:
    """The picture with its colours multiplied by its alpha, if it has one."""
    mode = _PREMULTIPLIED.get(image.mode)
    return image.convert(mode) if mode else image


def unmultiplied(image: Image.Image) -> Image.Image:
    """What `premultiplied` was made of, as well as 8 bits can tell."""
    return image.convert(image.mode.upper())


def resample(image: Image.Image, box: Box, size: Size) -> Image.Image:
    """The part of the picture inside `box`, which may cut through pixels, at exactly this size.

    Alpha must be premultiplied. Much larger pictures are first averaged down by a whole number.
    """
    return image.resize(size, Image.Resampling.LANCZOS, box, reducing_gap=MARGIN)
