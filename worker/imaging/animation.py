"""How animations count their time: each format in a way of its own."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

from PIL import Image

from pipeline.image_formats import GIF, PNG, WEBP, ImageFormat

FOR_EVER = 0

_SHORTEST_GIF_MS = 10
_SHOWN_GIF_MS = 100.0
_MOST_TICKS = {GIF: 65_535, PNG: 65_535, WEBP: 16_777_215}
"""What the formats have room for. Encoders add up the frames in a row that are the same."""
_TICKS_MS = {GIF: (10,), PNG: (1, 10, 100, 1000), WEBP: (1,)}
"""The units in which they count; a PNG has its own for each frame."""
_MOST_PLAYS = 65_535


def plays_of(image: Image.Image, image_format: ImageFormat) -> int:
    """How often the animation is played; FOR_EVER without end.

    A GIF says how often it is repeated after the first time, or nothing; others say how often it is played.
    """
    loop = image.info.get("loop")
    if image_format is GIF:
        return 1 if loop is None else FOR_EVER if loop == 0 else int(loop) + 1
    return int(loop or FOR_EVER)


def loop_options(plays: int, image_format: ImageFormat) -> dict[str, Any]:
    """The argument of Pillow's `save` that makes an animation be played so often."""
    plays = min(plays, _MOST_PLAYS)
    if image_format is not GIF:
        return {"loop": plays}
    return {} if plays == 1 else {"loop": 0 if plays == FOR_EVER else plays - 1}


def durations_for(
    durations_ms: Sequence[float], source_format: ImageFormat, image_format: ImageFormat
) -> list[int]:
    """The milliseconds to write for each frame.

    Every browser shows a GIF's frame of 10 ms or less for 100 ms, which other formats have to be told.
    Rounded to what the format can count, so that the frames together take as long as they should, as far as
    there is room for that.
    """
    if source_format is GIF and image_format is not GIF:
        durations_ms = [_SHOWN_GIF_MS if each <= _SHORTEST_GIF_MS else each for each in durations_ms]
    most, ticks = _MOST_TICKS[image_format], _TICKS_MS[image_format]
    total = sum(durations_ms)
    tick_ms = next((tick for tick in ticks if total <= tick * most), ticks[-1])
    longest_ms = tick_ms * most if total <= tick_ms * most else tick_ms * (most // len(durations_ms))
    return _on_a_grid([min(each, longest_ms) for each in durations_ms], tick_ms)


def _on_a_grid(durations_ms: Sequence[float], tick_ms: int) -> list[int]:
    ends = [0, *(round(end / tick_ms) * tick_ms for end in accumulate(durations_ms))]
    return [end - begin for begin, end in pairwise(ends)]
