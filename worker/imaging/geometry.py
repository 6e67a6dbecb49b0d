"""Sizes and boxes, in pixels: what part of a picture is taken, how large it becomes, where it is put.

Numbers only. The words and what they mean are sharp's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from pipeline.messages import Rendition

Size = tuple[int, int]
"""Width and height."""

Extent = tuple[float, float]
"""Width and height of a picture that need not end at the border of a pixel."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

Point = tuple[float, float]
"""From 0, 0 (top left) to 1, 1."""

_DECODE_MARGINS = {8: 1.25, 4: 1.25, 2: 1.5}
"""A JPEG is decoded to a part of its size if so many pixels are left, on each axis, for each one needed.

These are the least that cost no fidelity, and sharp's own; see docs/performance.md. 2, as in Pillow's own
thumbnails, often just misses the next smaller decode, at more than twice the cost.
"""

_MIDDLE: Point = (0.5, 0.5)
_COMPASS: dict[str, Point] = {
    "northwest": (0.0, 0.0),
    "north": (0.5, 0.0),
    "northeast": (1.0, 0.0),
    "west": (0.0, 0.5),
    "centre": _MIDDLE,
    "center": _MIDDLE,
    "attention": _MIDDLE,
    "east": (1.0, 0.5),
    "southwest": (0.0, 1.0),
    "south": (0.5, 1.0),
    "southeast": (1.0, 1.0),
}
_MIRRORED = (2, 3, 6, 7)
_UPSIDE_DOWN = (3, 4, 7, 8)
_TRANSPOSED = (5, 6, 7, 8)


@dataclass(frozen=True)
class Placement:
    """What becomes of a picture: the part inside `box`, at `size`, is put on the `canvas` at `offset`.

    `box` is in pixels of the upright picture, may cut through them and is inside of it. The canvas is larger
    than the part only where space is added (`contain`).
    """

    box: Box
    size: Size
    canvas: Size
    offset: tuple[int, int] = (0, 0)


def place(shown: Size, rendition: Rendition, focus: Point | None = None) -> Placement:
    """Where a picture of the upright size `shown` goes in a rendition.

    `focus` is what draws the eye and takes the place of `attention`; without it that means the middle.
    """
    asked = rendition.width, rendition.height
    if asked == (None, None):
        return _whole(shown, shown)
    scales = tuple(Fraction(a, b) for a, b in zip(asked, shown, strict=True) if a is not None and b)
    most = Fraction(1) if rendition.without_enlargement else max(scales)
    if rendition.width is None or rendition.height is None:
        return _whole(shown, _times(shown, min(scales[0], most)))
    target = rendition.width, rendition.height
    match rendition.fit:
        case "inside":
            return _whole(shown, _times(shown, min(*scales, most)))
        case "outside":
            return _whole(shown, _times(shown, min(max(scales), most)))
        case "fill":
            return _whole(shown, _smaller(target, shown) if rendition.without_enlargement else target)
        case "contain":
            return _contained(shown, target, min(*scales, most), rendition.position)
        case "cover":
            size = _smaller(target, shown) if rendition.without_enlargement else target
            box = _cropped(shown, size, min(max(scales), most), rendition.position, focus)
            return Placement(box=box, size=size, canvas=size)


def wanted_size(shown: Size, placements: Iterable[Placement]) -> Size:
    """How many pixels of the whole picture it takes to serve every placement; never more than there are."""
    across = down = 0.0
    for each in placements:
        left, top, right, bottom = each.box
        across = max(across, each.size[0] / (right - left))
        down = max(down, each.size[1] / (bottom - top))
    return _needed(shown[0], across), _needed(shown[1], down)


def decode_divisor(size: Size, wanted: Size) -> int:
    """To which part of its size (1, 2, 4 or 8) a JPEG may be decoded when so many pixels are wanted of it."""
    for divisor, margin in _DECODE_MARGINS.items():
        if all(have >= want * margin * divisor for have, want in zip(size, wanted, strict=True)):
            return divisor
    return 1


def stored_box(box: Box, shown: Size, orientation: int) -> Box:
    """The same part in the picture as it is stored, before its EXIF orientation (1 to 8) is applied."""
    left, top, right, bottom = box
    width, height = shown
    if orientation in _MIRRORED:
        left, right = width - right, width - left
    if orientation in _UPSIDE_DOWN:
        top, bottom = height - bottom, height - top
    return (top, left, bottom, right) if orientation in _TRANSPOSED else (left, top, right, bottom)


def scaled(box: Box, by: tuple[float, float]) -> Box:
    """The same part of a picture that was decoded smaller, by these factors across and down.

    Rounded to a billionth of a pixel: what ends at the picture's border ends there still.
    """
    across, down = by
    left, top, right, bottom = box
    return round(left * across, 9), round(top * down, 9), round(right * across, 9), round(bottom * down, 9)


def turned(size: Size) -> Size:
    """The size of a picture after a quarter turn."""
    width, height = size
    return height, width


def _needed(length: int, scale: float) -> int:
    # A little is taken off so that a whole number stays one in spite of rounding errors.
    return max(1, ceil(length * min(1.0, scale) - 1e-6))


def _whole(shown: Size, size: Size) -> Placement:
    return Placement(box=(0.0, 0.0, float(shown[0]), float(shown[1])), size=size, canvas=size)


def _contained(shown: Size, canvas: Size, scale: Fraction, position: str) -> Placement:
    size = _times(shown, scale)
    x, y = _COMPASS.get(position) or _point(position)
    offset = int((canvas[0] - size[0]) * x), int((canvas[1] - size[1]) * y)
    return Placement(box=_whole(shown, size).box, size=size, canvas=canvas, offset=offset)


def _cropped(shown: Size, size: Size, scale: Fraction, position: str, focus: Point | None) -> Box:
    """The part that has this size once it is scaled, its middle as near to the point as the picture allows.

    Exact fractions keep it inside the picture.
    """
    point = focus if focus and position == "attention" else _COMPASS.get(position) or _point(position)
    edges = []
    for length, kept, at in zip(shown, size, point, strict=True):
        part = min(Fraction(length), kept / scale)
        begin = min(max(Fraction(0), Fraction(at) * length - part / 2), length - part)
        edges.append((float(begin), float(begin + part)))
    (left, right), (top, bottom) = edges
    return left, top, right, bottom


def _point(position: str) -> Point:
    x, y = position.split(",")
    return float(x), float(y)


def _times(size: Size, scale: Fraction) -> Size:
    """Rounded half up; no side vanishes."""
    half = Fraction(1, 2)
    return max(1, floor(size[0] * scale + half)), max(1, floor(size[1] * scale + half))


def _smaller(one: Size, other: Size) -> Size:
    return min(one[0], other[0]), min(one[1], other[1])
