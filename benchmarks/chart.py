"""The chart of a run: how fast everyone is beside sharp, as an SVG file that needs nothing else."""

from collections.abc import Sequence
from html import escape
from math import log2

from benchmarks.kernel_report import Entry, Report

BAR, GAP, TOP, LEFT, WIDTH, TOTAL = 11, 10, 46, 250, 420, 720
SLOWEST, FASTEST = 0.25, 8.0
COLOURS = {"kernel": "#2f7ed8", "pyvips": "#9aa5b1"}
TITLE = "How many times as fast as sharp (median times, one thread each)"
STYLE = "text{font:12px system-ui,sans-serif;fill:#445}.title{font-size:14px;font-weight:600}"


def chart(report: Report) -> str:
    """The SVG text; a bar to the right of the middle line is faster than sharp, one to the left slower."""
    names = [name for name in COLOURS if name in report.entries[0].ms]
    group = len(names) * BAR + GAP
    bottom = TOP + len(report.entries) * group
    parts = [
        _text(12, 20, "Speed beside sharp, which is 1 (median times, one thread, more is better)", "title")
    ]
    parts += _grid(bottom)
    for number, entry in enumerate(report.entries):
        parts += _bars(entry, names, TOP + number * group)
    parts += _legend(names, bottom + 34)
    height = bottom + 46
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {height}" width="720" height="{height}">'
    )
    ground = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([head, f"<style>{STYLE}</style>", ground, *parts, "</svg>", ""])


def _grid(bottom: int) -> list[str]:
    parts = []
    for ratio in (0.25, 0.5, 1.0, 2.0, 4.0, 8.0):
        x = _x(ratio)
        colour = "#445" if ratio == 1 else "#dde"
        parts.append(f'<line x1="{x}" x2="{x}" y1="{TOP - 8}" y2="{bottom}" stroke="{colour}"/>')
        parts.append(_text(x - 8, bottom + 14, f"{ratio:g}×"))
    return parts


def _bars(entry: Entry, names: Sequence[str], y: int) -> list[str]:
    parts = [_text(12, y + len(names) * BAR / 2 + 4, entry.task)]
    for number, name in enumerate(names):
        ratio = entry.speed(name)
        begin, end = sorted((_x(1), _x(ratio)))
        place = f'x="{begin}" y="{y + number * BAR}" width="{round(end - begin, 1)}" height="{BAR - 2}"'
        parts.append(f'<rect {place} fill="{COLOURS[name]}"/>')
        parts.append(_text(end + 4, y + number * BAR + BAR - 2, f"{ratio:.2f}"))
    return parts


def _legend(names: Sequence[str], y: int) -> list[str]:
    parts = []
    for number, name in enumerate(names):
        x = LEFT + number * 110
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{COLOURS[name]}"/>')
        parts.append(_text(x + 15, y, "this kernel" if name == "kernel" else name))
    return parts


def _x(ratio: float) -> float:
    """Where a ratio is, left to right; each doubling is as wide."""
    held = min(max(ratio, SLOWEST), FASTEST)
    return round(LEFT + WIDTH * log2(held / SLOWEST) / log2(FASTEST / SLOWEST), 1)


def _text(x: float, y: float, text: str, kind: str = "label") -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{escape(text)}</text>'
