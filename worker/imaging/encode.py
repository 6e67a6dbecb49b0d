"""From a picture to the bytes of a file. Only the pixels go in: no EXIF, GPS, XMP, comment or profile."""

from io import BytesIO
from typing import Any

from PIL import Image

from pipeline.image_formats import GIF, JPEG, PNG, WEBP, ImageFormat
from worker.imaging.errors import UnsupportedFormat
from worker.imaging.pixels import flattened

WEBP_EDGE = 16383
"""The longest edge that the WebP format has room for."""

CHEAP_PIXELS = 1_000_000
"""Up to here the best Huffman tables are looked for, which takes as long again and saves 2 %.

Progressive files are not made: they would save 1 % more at five times the time.
"""


def encode(image: Image.Image, image_format: ImageFormat, quality: int) -> bytes:
    """The file for a picture in sRGB (L, LA, RGB or RGBA); `quality`, 1 to 100, counts for JPEG and WebP.

    A JPEG has no alpha: the picture is laid on white. Raises UnsupportedFormat for a size that the format
    cannot hold.
    """
    if image_format is WEBP and max(image.size) > WEBP_EDGE:
        raise UnsupportedFormat(f"A WebP image can be at most {WEBP_EDGE} pixels wide and high.")
    picture = flattened(image) if image_format is JPEG else image
    # Pillow writes some of what it has read (comment, profile, transparent colour) unless it is taken away.
    picture.info = {}
    file = BytesIO()
    picture.save(file, **_options(picture, image_format, quality))
    return file.getvalue()


def _options(picture: Image.Image, image_format: ImageFormat, quality: int) -> dict[str, Any]:
    """The arguments of Pillow's `save`."""
    if image_format is JPEG:
        is_cheap = picture.width * picture.height <= CHEAP_PIXELS
        return {"format": "JPEG", "quality": quality, "optimize": is_cheap}
    if image_format is PNG:
        return {"format": "PNG", "compress_level": 6}
    if image_format is WEBP:
        return {"format": "WEBP", "quality": quality, "method": 4}
    assert image_format is GIF
    return {"format": "GIF"}
