"""What the numbers of a pixel mean: every kind of picture that a decoder gives, made one of six."""

from collections.abc import Callable
from functools import cache
from math import isfinite

from PIL import Image, ImageFile, ImageMath
from PIL.TiffImagePlugin import TiffImageFile

PLAIN_MODES = ("L", "LA", "RGB", "RGBA", "CMYK", "LAB")

DEEPEST = 65535
_SAMPLE_FORMAT, _UNSIGNED = 339, 1  # TIFF 6.0, section 19
BITS_PER_SAMPLE = 258  # TIFF 6.0, section 8


@cache
def _to_eight_bits(white: int) -> list[int]:
    """For each value of 16 bits what it is in 8, where `white` is the lightest; beyond it all is white.

    Rounded; dividing by 256 would turn white into 254 at some depths, and Pillow's own conversion clips.
    """
    return [min(255, (value * 255 + white // 2) // white) for value in range(DEEPEST + 1)]


# Pillow gives the transparent colour of a PNG in the file's depth, its pixels in 8 bits.
_TRANSPARENT_SCALES: dict[str, Callable[[int], int]] = {
    "L;2": lambda value: value * 85,
    "L;4": lambda value: value * 17,
    "RGB;16B": lambda value: value >> 8,
}


def match_transparent_colour(image: ImageFile.ImageFile) -> None:
    """Bring the colour that a PNG declares transparent to the depth of its pixels, before they are loaded."""
    transparent = image.info.get("transparency")
    scale = _TRANSPARENT_SCALES.get(str(image.tile[0].args)) if image.tile else None
    if scale is None or transparent is None:
        return
    image.info["transparency"] = (
        tuple(scale(value) for value in transparent) if isinstance(transparent, tuple) else scale(transparent)
    )


def plain(image: Image.Image) -> Image.Image:
    """The picture in one of PLAIN_MODES, 8 bits a channel, every kind of transparency as an alpha channel."""
    if image.mode.startswith("I;16"):
        return _from_sixteen_bits(image)
    if image.mode in ("I", "F"):
        return _stretched(image)
    if image.mode in ("1", "L"):
        return image.convert("LA" if image.has_transparency_data else "L")
    if image.mode in PLAIN_MODES and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    deep = image.convert("I")
    grey = deep.point(_to_eight_bits(_white_of(image)), "L")
    transparent = image.info.get("transparency")
    if transparent is not None:
        # Compared at full depth: 256 greys of the file share each one of the result.
        grey.putalpha(deep.point([255 * (value != transparent) for value in range(DEEPEST + 1)], "L"))
    return grey


def _stretched(image: Image.Image) -> Image.Image:
    """A picture of numbers without an agreed range: fractions from 0 to 1, else from darkest to lightest.

    Whole numbers without a sign are taken for 16 bits if they fit.
    """
    low, high = _range_of(image)
    if image.mode == "I" and low < 0 and _is_unsigned(image):
        return _stretched(_upper_half(image))
    if image.mode == "I" and 0 <= low <= high <= DEEPEST and _is_unsigned(image):
        return image.point(_to_eight_bits(DEEPEST), "L")
    if image.mode == "F" and not (isfinite(low) and isfinite(high) and (low < 0 or high > 1)):
        low, high = 0.0, 1.0
    scale = 255 / ((high - low) or 1)
    numbers = image.convert("F")
    return numbers.point(lambda value: value * scale + (0.5 - low * scale)).convert("L")


def _range_of(image: Image.Image) -> tuple[float, float]:
    low, high = image.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    return low, high


def _white_of(image: Image.Image) -> int:
    """The lightest grey of a picture that Pillow gives in 16 bits; a TIFF may use fewer, such as 12."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    bits = int(max(tags.get(BITS_PER_SAMPLE, (16,))))
    return int(min(DEEPEST, 2**bits - 1))


def _is_unsigned(image: Image.Image) -> bool:
    """Whether whole numbers are meant to have no sign, which only a TIFF can deny."""
    tags = image.tag_v2 if isinstance(image, TiffImageFile) else {}
    return bool(tags.get(_SAMPLE_FORMAT, (_UNSIGNED,))[0] == _UNSIGNED)


def _upper_half(image: Image.Image) -> Image.Image:
    """The upper 16 of 32 bits. Pillow takes the highest one for a sign."""
    upper = ImageMath.lambda_eval(lambda args: (args["image"] >> 16) & DEEPEST, image=image)
    assert isinstance(upper, Image.Image)
    return upper
