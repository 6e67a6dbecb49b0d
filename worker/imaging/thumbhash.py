"""A ThumbHash: some 25 bytes that look like the picture from afar, to be shown until it has come.

The format is that of https://github.com/evanw/thumbhash (Evan Wallace, MIT). Other than BlurHash it knows the
aspect ratio and transparency of its picture. The sums are done by rows and then by columns, which gives the
same numbers and is ten times faster.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from math import cos, floor, pi
from operator import mul
from typing import NamedTuple

from PIL import Image

EDGE = 16
"""Pixels of the longer side that are looked at; the finest wave that is kept has three and a half periods."""
_NOTHING = 1e-9
"""Waves lower than this are what is left over of rounding."""

Rows = Sequence[Sequence[float]]


class _Waves(NamedTuple):
    """A channel as waves: its mean, the height of each wave from 0 to 1, and what they are multiplied by."""

    mean: float
    heights: list[float]
    scale: float


def thumbhash(image: Image.Image) -> bytes:
    """The ThumbHash of a picture in sRGB, of any size and mode."""
    if image.mode in ("P", "PA", "1"):
        image = image.convert("RGBA")
    scale = EDGE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.BOX, reducing_gap=1.0).convert("RGBA")
    return encoded(small.width, small.height, small.tobytes())


def encoded(width: int, height: int, rgba: bytes) -> bytes:
    """The ThumbHash of these pixels, four bytes each, alpha not multiplied in, row by row."""
    alpha = [value / 255 for value in rgba[3::4]]
    light, yellow, red = (_rows(values, width) for values in _lpq(rgba, alpha))
    has_alpha = sum(alpha) < width * height
    # With alpha there are fewer bits left for luminance.
    most, longest = 5 if has_alpha else 7, max(width, height)
    nx, ny = (max(1, _round(most * side / longest)) for side in (width, height))
    channels = [_waves(light, max(3, nx), max(3, ny)), _waves(yellow, 3, 3), _waves(red, 3, 3)]
    head = _head(channels, has_alpha, ny if width > height else nx, is_landscape=width > height)
    if has_alpha:
        channels.append(_waves(_rows(alpha, width), 5, 5))
        head += bytes([_round(15 * channels[3].mean) | _round(15 * channels[3].scale) << 4])
    return head + _nibbles([height for channel in channels for height in channel.heights])


def _lpq(rgba: bytes, alpha: Sequence[float]) -> tuple[list[float], list[float], list[float]]:
    """Luminance, yellow - blue and red - green of each pixel, laid on the mean colour."""
    pixels = list(zip(*(_laid_on_mean(rgba[channel::4], alpha) for channel in range(3)), strict=True))
    return (
        [(r + g + b) / 3 for r, g, b in pixels],
        [(r + g) / 2 - b for r, g, b in pixels],
        [r - g for r, g, _ in pixels],
    )


def _laid_on_mean(channel: bytes, alpha: Sequence[float]) -> list[float]:
    if min(alpha) == 1.0:
        return [value / 255 for value in channel]
    covered = [value * a / 255 for value, a in zip(channel, alpha, strict=True)]
    mean = sum(covered) / (sum(alpha) or 1.0)
    return [mean * (1 - a) + value for value, a in zip(covered, alpha, strict=True)]


def _rows(values: Sequence[float], width: int) -> Rows:
    return [values[begin : begin + width] for begin in range(0, len(values), width)]


def _waves(rows: Rows, nx: int, ny: int) -> _Waves:
    """The cosine transform of a channel, of which only the lower half of the waves is kept."""
    width, height = len(rows[0]), len(rows)
    columns = [[sum(map(mul, row, wave)) for row in rows] for wave in _cosines(width, nx)]
    sums = [
        sum(map(mul, columns[cx], wave)) / (width * height)
        for cy, wave in enumerate(_cosines(height, ny))
        for cx in range(nx)
        if cx * ny < nx * (ny - cy)
    ]
    mean, heights = sums[0], sums[1:]
    scale = max(map(abs, heights))
    if scale < _NOTHING:
        return _Waves(mean, [0.0] * len(heights), 0.0)
    return _Waves(mean, [0.5 + 0.5 / scale * height for height in heights], scale)


@cache
def _cosines(length: int, count: int) -> list[list[float]]:
    return [[cos(pi / length * c * (place + 0.5)) for place in range(length)] for c in range(count)]


def _head(channels: Sequence[_Waves], has_alpha: bool, count: int, *, is_landscape: bool) -> bytes:
    """The five bytes in front; `count` is how many waves the shorter side has."""
    light, yellow, red = channels
    first = (
        _round(63 * light.mean)
        | _round(31.5 + 31.5 * yellow.mean) << 6
        | _round(31.5 + 31.5 * red.mean) << 12
        | _round(31 * light.scale) << 18
        | has_alpha << 23
    )
    second = count | _round(63 * yellow.scale) << 3 | _round(63 * red.scale) << 9 | is_landscape << 15
    return first.to_bytes(3, "little") + second.to_bytes(2, "little")


def _nibbles(heights: Sequence[float]) -> bytes:
    """Two of them in each byte, the first one in the lower half."""
    values = [_round(15 * height) for height in heights] + [0] * (len(heights) % 2)
    return bytes(low | high << 4 for low, high in _pairs(values))


def _pairs(values: Sequence[int]) -> Iterator[tuple[int, int]]:
    return zip(values[::2], values[1::2], strict=True)


def _round(value: float) -> int:
    """To the nearest whole number; halves go up."""
    return floor(value + 0.5)
