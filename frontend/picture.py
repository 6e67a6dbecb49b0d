"""The `<picture>` element, and what is in it, for a job whose renditions are one picture in several sizes.

The browser takes the first `<source>` that it can show, and of its widths the one that fits
(HTML, 4.8.4: images). So the formats come smallest files first, and the last one is the `<img>`.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import TypedDict

from pipeline.messages import Result

Addressed = tuple[Result, str]
"""A rendition and its address."""


class Srcset(TypedDict):
    """A type of image, and the addresses of all files of it with their widths."""

    media_type: str | None
    srcset: str


_SMALLEST_FIRST = ("image/avif", "image/webp")
_SIZES = "100vw"


def picture_html(renditions: Sequence[Addressed]) -> str | None:
    """The element as HTML, a line for each of its parts.

    None for fewer than two different renditions, and for those that are not the same picture: whose aspect
    ratios differ by more than the rounding to whole pixels does.
    """
    groups = _groups_of_one_picture(renditions)
    if not groups:
        return None
    sources = [_source(group) for group in groups[:-1]]
    return "\n".join(["<picture>", *sources, _img(groups[-1]), "</picture>"])


def srcsets(renditions: Sequence[Addressed]) -> list[Srcset] | None:
    """What stands in the `srcset` of each part of the element, in its order; None when there is none.

    The last one is that of the `<img>`, whose type is None if its files are of several types.
    """
    groups = _groups_of_one_picture(renditions)
    return [{"media_type": _type_of(group), "srcset": _srcset(group)} for group in groups] or None


def _type_of(group: Sequence[Addressed]) -> str | None:
    types = {result.media_type for result, _ in group}
    return types.pop() if len(types) == 1 else None


def _groups_of_one_picture(renditions: Sequence[Addressed]) -> list[list[Addressed]]:
    """The groups; none for fewer than two renditions, and for those that are not one picture."""
    groups = _groups(renditions)
    is_one = sum(len(group) for group in groups) > 1 and _have_one_aspect(renditions)
    return groups if is_one else []


def _groups(renditions: Sequence[Addressed]) -> list[list[Addressed]]:
    """By format, the smallest files first; what every browser shows is one group at the end."""
    groups: dict[str, list[Addressed]] = {kind: [] for kind in (*_SMALLEST_FIRST, "")}
    for result, url in renditions:
        kind = result.media_type if result.media_type in _SMALLEST_FIRST else ""
        groups[kind].append((result, url))
    return [_ascending(group) for group in groups.values() if group]


def _ascending(group: Iterable[Addressed]) -> list[Addressed]:
    """By width; of two with the same width the first."""
    by_width: dict[int, Addressed] = {}
    for result, url in group:
        by_width.setdefault(result.width, (result, url))
    return [by_width[width] for width in sorted(by_width)]


def _have_one_aspect(renditions: Sequence[Addressed]) -> bool:
    largest = max((result for result, _ in renditions), key=lambda result: result.width * result.height)
    return all(_has_aspect_of(largest, result) for result, _ in renditions)


def _has_aspect_of(largest: Result, result: Result) -> bool:
    """Whether one side of it is within a pixel of what the other side makes of it: |w - h W/H| <= 1."""
    difference = abs(result.width * largest.height - result.height * largest.width)
    return difference <= max(largest.width, largest.height)


def _source(group: Sequence[Addressed]) -> str:
    media_type = group[0][0].media_type
    return f'  <source type="{escape(media_type)}" srcset="{escape(_srcset(group))}" sizes="{_SIZES}">'


def _img(group: Sequence[Addressed]) -> str:
    largest, url = group[-1]
    return (
        f'  <img src="{escape(url)}" srcset="{escape(_srcset(group))}" sizes="{_SIZES}" '
        f'width="{largest.width}" height="{largest.height}" alt="" loading="lazy" '
        'style="max-width:100%;height:auto">'
    )


def _srcset(group: Sequence[Addressed]) -> str:
    return ", ".join(f"{url} {result.width}w" for result, url in group)
