"""Fewer or more pixels: the one place where pictures change size."""

import mmap
from math import nextafter

from cykooz_resizer import (  # type: ignore[import-untyped]  # it has no types
    CropBox,
    FilterType,
    ResizeAlg,
    ResizeOptions,
    Resizer,
)
from PIL import Image

from worker.imaging.geometry import Box, Size

AVERAGED_FROM = 3
"""Pixels are averaged first if by so many or more on each axis; below it is Lanczos alone that is faster."""

LEFT_TO_LANCZOS = 4
"""Averaging stops while so many pixels are left, on each axis, for each one of the result."""

_PIXEL_BYTES = 4
_LANCZOS = ResizeAlg.convolution(FilterType.lanczos3)


def resample(image: Image.Image, box: Box, size: Size) -> Image.Image:
    """The part of the picture inside `box`, which may cut through pixels, at exactly this size (Lanczos).

    For L, LA, RGB, RGBA and CMYK; the result has the same mode and is a picture of its own. Colour counts as
    much as it covers: what is transparent does not bleed into what is not. Raises MemoryError.
    """
    if _is_cut_out(box, size):
        left, top, right, bottom = map(int, box)
        return image.crop((left, top, right, bottom))
    if image.mode == "LA":
        return resample(image.convert("RGBA"), box, size).convert("LA")
    factor = _averaging(box, size)
    return _convolved(image, box, size) if factor is None else _averaged_first(image, box, size, factor)


def _averaged_first(image: Image.Image, box: Box, size: Size, factor: tuple[int, int]) -> Image.Image:
    (across, down), (left, top, right, bottom) = factor, box
    # Multiplied by its alpha once for both steps: each time it is divided again costs precision.
    averaged = (image.convert("RGBa") if image.mode == "RGBA" else image).reduce(factor)
    inside = (left / across, top / down, right / across, bottom / down)
    result = _convolved(averaged, inside, size)
    return result.convert("RGBA") if image.mode == "RGBA" else result


def _is_cut_out(box: Box, size: Size) -> bool:
    """Whether each pixel of the result is one of the picture."""
    left, top, right, bottom = box
    is_whole = left % 1 == 0 and top % 1 == 0
    return is_whole and right - left == size[0] and bottom - top == size[1]


def _averaging(box: Box, size: Size) -> tuple[int, int] | None:
    """By which whole numbers to average pixels down before; None if it does not pay."""
    across = int((box[2] - box[0]) / (size[0] * LEFT_TO_LANCZOS))
    down = int((box[3] - box[1]) / (size[1] * LEFT_TO_LANCZOS))
    return (across, down) if min(across, down) >= AVERAGED_FROM else None


def _convolved(image: Image.Image, box: Box, size: Size) -> Image.Image:
    image.load()
    _assure_memory(image, size)
    result = Image.new(image.mode, size, None)
    left, width = _span(box[0], box[2], image.width)
    top, height = _span(box[1], box[3], image.height)
    options = ResizeOptions(_LANCZOS, crop_box=CropBox(left, top, width, height))
    # One that is kept would keep its buffers too, as large as the largest picture ever needed.
    Resizer().resize_pil(image, result, options)
    return result


def _span(begin: float, end: float, limit: int) -> tuple[float, float]:
    """Where a side of the box begins and how long it is, added up no more than `limit`: floats may be off."""
    begin = min(max(0.0, begin), nextafter(limit, 0))
    length = min(end, limit) - begin
    while begin + length > limit:
        length = nextafter(length, 0)
    return begin, length


def _assure_memory(image: Image.Image, size: Size) -> None:
    """Raise MemoryError if there is no room for what the resizer needs, which it would not survive.

    It works down first, then across, and makes a copy of what has alpha.
    """
    needed = image.width * size[1] * _PIXEL_BYTES
    if image.mode == "RGBA":
        needed += image.width * image.height * _PIXEL_BYTES
    try:
        mmap.mmap(-1, needed).close()
    except OSError as error:
        raise MemoryError(f"No room for {needed:,} bytes to resample in.") from error
