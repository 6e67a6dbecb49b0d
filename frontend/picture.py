"""The `<picture>` element for a job whose renditions are one picture in several sizes or formats.

The browser takes the first `<source>` that it can show, and of its widths the one that fits
(HTML, 4.8.4: images). So the formats come smallest files first, and the last one is the `<img>`.
"""

from collections.abc import Iterable, Sequence
from html import escape

from pipeline.messages import Result

Addressed = tuple[Result, str]
"""A rendition and its address."""

_SMALLEST_FIRST = ("image/avif", "image/webp")
_SIZES = "100vw"


def picture_html(renditions: Sequence[Addressed]) -> str | None:
    """The element as HTML, a line for each of its parts.

    None for fewer than two different renditions, and for those that are not the same picture: whose aspect
    ratios differ by more than the rounding to whole pixels does.
    """
    groups = _groups(renditions)
    if sum(len(group) for group in groups) < 2 or not _have_one_aspect(renditions):
        return None
    sources = [_source(group) for group in groups[:-1]]
    return "\n".join(["<picture>", *sources, _img(groups[-1]), "</picture>"])


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
    return f'  <source type="{escape(media_type)}" srcset="{_srcset(group)}" sizes="{_SIZES}">'


def _img(group: Sequence[Addressed]) -> str:
    largest, url = group[-1]
    return (
        f'  <img src="{escape(url)}" srcset="{_srcset(group)}" sizes="{_SIZES}" '
        f'width="{largest.width}" height="{largest.height}" alt="" loading="lazy" '
        'style="max-width:100%;height:auto">'
    )


def _srcset(group: Sequence[Addressed]) -> str:
    return escape(", ".join(f"{url} {result.width}w" for result, url in group))
