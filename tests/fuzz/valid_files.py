"""Small valid files of every format that is read, in many of its kinds: what the fuzzing starts from."""

from functools import cache
from io import BytesIO
from typing import Any

import pillow_heif
import pillow_jxl  # noqa: F401  # registers itself with Pillow
from PIL import Image, ImageCms

pillow_heif.register_heif_opener()

WIDTH, HEIGHT = 67, 45  # numbers that can be found again in the headers
ORIENTATION = 0x0112


@cache
def valid_files() -> dict[str, bytes]:
    """The files by name; the part before the dash is the format."""
    return {
        **_jpeg(),
        **_png(),
        **_moving(),
        **_webp_avif_heif_jxl(),
        **_tiff_bmp(),
    }


def _jpeg() -> dict[str, bytes]:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return {
        "jpeg-baseline": _file("JPEG", _picture("RGB")),
        "jpeg-progressive": _file("JPEG", _picture("RGB"), progressive=True),
        "jpeg-turned": _file("JPEG", _picture("RGB"), exif=exif, icc_profile=profile),
        "jpeg-grey": _file("JPEG", _picture("L")),
        "jpeg-cmyk": _file("JPEG", _picture("CMYK")),
    }


def _png() -> dict[str, bytes]:
    return {
        f"png-{mode.lower().replace(';', '')}": _file("PNG", _picture(mode))
        for mode in ("1", "L", "LA", "I;16", "P", "RGB", "RGBA")
    }


def _moving() -> dict[str, bytes]:
    frames = [_picture("RGBA").rotate(angle) for angle in (0, 40, 80)]
    several: dict[str, Any] = {"save_all": True, "append_images": frames[1:]}
    return {
        "gif-still": _file("GIF", _picture("P")),
        "gif-moving": _file("GIF", frames[0], **several, duration=70, loop=2, disposal=2),
        "png-moving": _file("PNG", frames[0], **several, duration=70),
        "webp-moving": _file("WEBP", frames[0], **several, duration=70),
        "avif-moving": _file("AVIF", frames[0], **several, duration=70),
        "tiff-pages": _file("TIFF", frames[0], **several),
    }


def _webp_avif_heif_jxl() -> dict[str, bytes]:
    return {
        "webp-lossy": _file("WEBP", _picture("RGB")),
        "webp-lossless": _file("WEBP", _picture("RGBA"), lossless=True),
        "avif-plain": _file("AVIF", _picture("RGB")),
        "avif-alpha": _file("AVIF", _picture("RGBA")),
        "heif-plain": _file("HEIF", _picture("RGB")),
        "heif-alpha": _file("HEIF", _picture("RGBA")),
        "jxl-lossy": _file("JXL", _picture("RGB")),
        "jxl-lossless": _file("JXL", _picture("RGBA"), lossless=True),
    }


def _tiff_bmp() -> dict[str, bytes]:
    return {
        "tiff-plain": _file("TIFF", _picture("RGB")),
        "tiff-lzw": _file("TIFF", _picture("RGBA"), compression="tiff_lzw"),
        "tiff-deflate": _file("TIFF", _picture("I;16"), compression="tiff_adobe_deflate"),
        "tiff-jpeg": _file("TIFF", _picture("RGB"), compression="jpeg"),
        "tiff-cmyk": _file("TIFF", _picture("CMYK"), compression="packbits"),
        "tiff-fax": _file("TIFF", _picture("1"), compression="group4"),
        **{f"bmp-{mode.lower()}": _file("BMP", _picture(mode)) for mode in ("1", "P", "RGB")},
    }


def _picture(mode: str) -> Image.Image:
    """Something to see, with alpha where the mode has it."""
    ramp = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    rings = Image.radial_gradient("L").resize((WIDTH, HEIGHT))
    if mode == "I;16":
        return ramp.convert("I").point(lambda value: value * 257).convert("I;16")
    colour = Image.merge("RGB", (ramp, rings, ramp.rotate(180)))
    if mode in ("LA", "RGBA"):
        picture = colour.convert(mode.removesuffix("A"))
        picture.putalpha(rings)
        return picture
    return colour.convert(mode)


def _file(image_format: str, image: Image.Image, **options: Any) -> bytes:
    file = BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()
