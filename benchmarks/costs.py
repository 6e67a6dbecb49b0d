"""What else a job costs: memory, and several renditions instead of one."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.racing import Contestant, contestant

SMALL = {"width": 300, "height": 300, "fit": "cover", "format": "jpeg"}
LARGEST = {"width": 1280, "height": 1280, "fit": "inside", "format": "jpeg"}
FIVE = [SMALL, *({**LARGEST, "width": edge, "height": edge} for edge in (480, 720, 960)), LARGEST]


@dataclass(frozen=True)
class SeveralTimes:
    """Median milliseconds of a job with five renditions, and of one with the largest of them alone."""

    five_ms: float
    largest_ms: float

    @property
    def ratio(self) -> float:
        return self.five_ms / self.largest_ms


def peak_memory(name: str, small: Path, picture: Path, folder: Path) -> int:
    """How many bytes more than at rest a process holds while it makes 300 × 300 of the picture.

    It has made a small one before, so that its libraries are loaded.
    """
    with contestant(name, folder) as fresh:
        fresh.do(small, [SMALL])
        fresh.forget_peak()
        at_rest = fresh.memory_bytes("VmRSS")
        fresh.do(picture, [SMALL])
        return fresh.memory_bytes("VmHWM") - at_rest


def five_renditions(kernel: Contestant, picture: Path, rounds: int) -> SeveralTimes:
    """The times of both jobs, which take turns."""
    jobs: tuple[Sequence[dict[str, Any]], ...] = (FIVE, [LARGEST])
    times: list[list[float]] = [[], []]
    for _ in range(rounds):
        for job, taken in zip(jobs, times, strict=True):
            taken.append(kernel.do(picture, job)[0].ms)
    return SeveralTimes(median(times[0]), median(times[1]))
