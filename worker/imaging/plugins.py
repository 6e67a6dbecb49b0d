"""Pillow with its plug-ins for the formats that are taken, each of them kept to one thread.

They are loaded once, in the fork server: else the first image of every child would do it. The processes of
the pool are as many as there are cores, so threads inside of them would only get in each other's way.
"""

from functools import cache
from importlib.metadata import version

import PIL
import pillow_heif
from PIL import (  # noqa: F401  # to have them loaded
    AvifImagePlugin,
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
    features,
)
from pillow_jxl import JpegXLImagePlugin

pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
JpegXLImagePlugin.DECODE_THREADS = 0  # in the calling thread

PngImagePlugin.MAX_TEXT_CHUNK = 16 * 1024**2  # profiles and XMP are met that exceed the usual 1 MB

# How much is decoded is decided in worker.imaging.limits, which knows more than a number of pixels.
Image.MAX_IMAGE_PIXELS = None


@cache
def libraries() -> dict[str, str]:
    """The versions of what decodes and encodes."""
    codecs = {
        name: features.version(name) for name in ("jpg", "libtiff", "webp", "avif", "littlecms2", "zlib")
    }
    return {
        "pillow": PIL.__version__,
        "pillow-heif": pillow_heif.__version__,
        "pillow-jxl-plugin": version("pillow-jxl-plugin"),
        **{name: number for name, number in codecs.items() if number},
    }
