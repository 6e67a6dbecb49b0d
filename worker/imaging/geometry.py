"""Sizes and boxes, in pixels: what part of a picture is taken, how small it may be read. Numbers only."""

from collections.abc import Iterable

Size = tuple[int, int]
"""Width and height."""

Extent = tuple[float, float]
"""Width and height of a picture that need not end at the border of a pixel."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""

MARGIN = 1.5
"""The cheap reductions stop while so many pixels are left, on each axis, for each one of the result.

2, as in Pillow's own thumbnails, often just misses the next smaller decode of a JPEG, at more than twice
the cost; from 1.5 on the loss drowns in that of a JPEG of quality 80.
"""


def turned(size: Size) -> Size:
    """The size of a picture after a quarter turn."""
    width, height = size
    return height, width


def cover_scale(source: Size, target: Size) -> float:
    """By what to multiply the source so that it covers the target and touches it on two sides."""
    return max(target[0] / source[0], target[1] / source[1])


def cover_box(source: Extent, target: Size) -> Box:
    """The centred part of the source that has the target's aspect ratio and is as large as can be."""
    width, height = source
    # Compared by products and measured from both edges: no rounding can push the box out of the source.
    if width * target[1] > height * target[0]:
        margin = (width - height * target[0] / target[1]) / 2
        return margin, 0.0, width - margin, height
    margin = (height - width * target[1] / target[0]) / 2
    return 0.0, margin, width, height - margin


def smallest_useful(source: Size, targets: Iterable[Size]) -> Size:
    """How small the source may be decoded and still serve every target, with MARGIN to spare."""
    scale = min(1.0, MARGIN * max(cover_scale(source, target) for target in targets))
    return max(1, int(source[0] * scale)), max(1, int(source[1] * scale))
