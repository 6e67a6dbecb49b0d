"""Those who race, each a process of its own that stays, taking turns: what disturbs one disturbs all."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.tasks import Task

HERE = Path(__file__).parent
COMMANDS = {
    "kernel": [sys.executable, "-m", "benchmarks.contestant", "kernel"],
    "sharp": ["node", str(HERE / "sharp_contestant.mjs")],
    "pyvips": [sys.executable, "-m", "benchmarks.contestant", "pyvips"],
}


@dataclass(frozen=True)
class Times:
    """The median over all rounds, in milliseconds: by the clock, and of processor time."""

    ms: float
    cpu_ms: float


class Contestant:
    """A running process that does tasks one by one, on one thread, and times them itself."""

    def __init__(self, name: str, process: "subprocess.Popen[str]", folder: Path) -> None:
        self.name = name
        self._process = process
        self._folder = folder
        self.versions: dict[str, str] = self._answer()["versions"]

    def do(self, source: Path, wishes: Sequence[dict[str, Any]]) -> tuple[Times, list[bytes]]:
        """Make these renditions of a file: how long it took, and the files."""
        results = [self._folder / f"{self.name}-{number}" for number in range(len(wishes))]
        task = {"source": str(source), "results": [str(each) for each in results], "renditions": wishes}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        answer = self._answer()
        return Times(answer["ms"], answer["cpu_ms"]), [each.read_bytes() for each in results]

    def memory_bytes(self, which: str) -> int:
        """Memory that is held: `VmRSS` now, `VmHWM` at most so far."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith(which))
        return int(line.split()[1]) * 1024

    def forget_peak(self) -> None:
        """Let `VmHWM` count from now on (proc(5), clear_refs)."""
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self.name} has ended; `make bench` installs what it needs.")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def contestant(name: str, folder: Path) -> Iterator[Contestant]:
    """One who races; the process ends with the context."""
    environment = {**os.environ, "VIPS_CONCURRENCY": "1", "UV_THREADPOOL_SIZE": "1"}
    with subprocess.Popen(
        COMMANDS[name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=HERE.parent,
        env=environment,
    ) as process:
        try:
            yield Contestant(name, process, folder)
        finally:
            process.kill()


@contextmanager
def contestants(names: Sequence[str], folder: Path) -> Iterator[list[Contestant]]:
    """All who race."""
    with ExitStack() as stack:
        yield [stack.enter_context(contestant(name, folder)) for name in names]


def race(task: Task, racers: Sequence[Contestant], rounds: int) -> dict[str, tuple[Times, bytes]]:
    """The times and the file of each, by name; one more round before is not counted."""
    wish = wish_of(task)
    times: dict[str, list[Times]] = {racer.name: [] for racer in racers}
    files: dict[str, bytes] = {}
    for number in range(rounds + 1):
        for racer in racers:
            taken, [files[racer.name]] = racer.do(task.source, [wish])
            if number > 0:
                times[racer.name].append(taken)
    return {name: (_medians(each), files[name]) for name, each in times.items()}


def wish_of(task: Task) -> dict[str, Any]:
    """What is asked of everyone, in sharp's words."""
    return {"width": task.edge, "height": task.edge, "fit": task.fit, "format": task.format}


def _medians(times: Sequence[Times]) -> Times:
    return Times(median(each.ms for each in times), median(each.cpu_ms for each in times))
