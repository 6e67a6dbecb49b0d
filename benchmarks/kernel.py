"""How fast and how faithful the kernel is, beside sharp and pyvips, on the same bytes in the same run.

    make bench
    make bench ARGS="--quick"
    make bench ARGS="--photos DIR --rounds 31 --json run.json --chart docs/kernel_speed.svg"

Everyone has one thread and a process of its own, and they take turns. What is timed is from the path of a
file to the bytes of the result; starting processes and loading libraries is not.
"""

import argparse
import json
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.progress import track

from benchmarks.chart import chart
from benchmarks.costs import five_renditions, peak_memory
from benchmarks.fidelity import compare, references
from benchmarks.kernel_report import Entry, Report, cost_lines, fidelity_table, speed_table
from benchmarks.racing import Contestant, contestants, race
from benchmarks.tasks import Task, made_pictures, own_pictures, small_picture, tasks

NAMES = ("kernel", "sharp", "pyvips")
QUICK_ROUNDS = 3


def main() -> None:
    """Run the benchmark as the command line asks."""
    options = _options()
    console = Console(width=None if Console().is_terminal else 140)
    with TemporaryDirectory() as folder:
        report = run(options, Path(folder), console)
    console.print(speed_table(report), fidelity_table(report), *cost_lines(report), sep="\n", highlight=False)
    if options.json:
        options.json.write_text(json.dumps(report.as_json(), indent=2) + "\n")
    if options.chart:
        options.chart.write_text(chart(report))


def run(options: argparse.Namespace, folder: Path, console: Console) -> Report:
    """Make the pictures, have everyone do every task, and gather what was found."""
    made = made_pictures(folder)
    pictures = own_pictures(options.photos) if options.photos else made
    rounds = QUICK_ROUNDS if options.quick else options.rounds
    small, large = small_picture(folder), list(made.values())[-1]
    with contestants(NAMES, folder) as racers:
        todo = list(tasks(pictures, folder))
        entries = [_entry(task, racers, rounds) for task in track(todo, "Racing", console=console)]
        several = five_renditions(racers[0], large, rounds)
        versions = {name: number for racer in racers for name, number in racer.versions.items()}
    return Report(
        versions=versions,
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        rounds=rounds,
        entries=entries,
        peak_memory_bytes={name: peak_memory(name, small, large, folder) for name in NAMES},
        five_renditions_ms=several.five_ms,
        largest_alone_ms=several.largest_ms,
    )


def _entry(task: Task, racers: Sequence[Contestant], rounds: int) -> Entry:
    found = race(task, racers, rounds)
    best = references(task)
    fidelities = {name: compare(file, best) for name, (_, file) in found.items()}
    return Entry(
        task=task.name,
        ms={name: times.ms for name, (times, _) in found.items()},
        cpu_ms={name: times.cpu_ms for name, (times, _) in found.items()},
        bytes={name: len(file) for name, (_, file) in found.items()},
        ssim={name: fidelity.ssim for name, fidelity in fidelities.items()},
        mean_error={name: fidelity.mean_error for name, fidelity in fidelities.items()},
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench", description="Race the kernel against sharp and pyvips."
    )
    parser.add_argument("--rounds", type=int, default=21, help="how often each task is done (default: 21)")
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_ROUNDS} rounds, to see that it works")
    parser.add_argument("--photos", type=Path, metavar="DIR", help="JPEG files of your own instead")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found")
    parser.add_argument("--chart", type=Path, metavar="FILE", help="draw it as SVG")
    return parser.parse_args()


if __name__ == "__main__":
    main()
