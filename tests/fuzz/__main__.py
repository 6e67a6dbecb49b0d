"""Fuzz the pool: `python -m tests.fuzz --cases 3000`. Exit code 1 when something went wrong."""

import argparse
import asyncio
import logging
import sys
import warnings
from pathlib import Path
from random import SystemRandom
from tempfile import gettempdir

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.fuzz.cases import Case, case
from tests.fuzz.trial import Outcome, run


def main() -> int:
    """Run what the command line asks for."""
    options = _options()
    console = Console()
    console.print(f"seed {options.seed}")
    logging.disable()  # a pool that loses children says so each time
    warnings.simplefilter("ignore")
    numbers = range(options.cases) if options.only is None else [options.only]
    with _progress(console) as progress:
        task = progress.add_task("cases", total=len(numbers))
        outcome = asyncio.run(
            run(
                (case(options.seed, number) for number in numbers),
                processes=options.processes,
                on_case=lambda: progress.advance(task),
            )
        )
    _tell(console, outcome, options)
    return 0 if outcome.is_good else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=3000, help="how many (default: 3000)")
    parser.add_argument("--seed", type=int, help="of the dice; the same seed gives the same cases")
    parser.add_argument("--only", type=int, metavar="CASE", help="only the case of this number")
    parser.add_argument("--processes", type=int, default=2, help="children in the pool (default: 2)")
    parser.add_argument(
        "--folder",
        type=Path,
        default=Path(gettempdir()) / "image-resizer-fuzz",
        help="where the files of cases that went wrong are kept (default: %(default)s)",
    )
    options = parser.parse_args()
    if options.seed is None:
        options.seed = SystemRandom().randrange(10**6)
    return options


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, disable=not console.is_terminal)


def _tell(console: Console, outcome: Outcome, options: argparse.Namespace) -> None:
    for what, count in outcome.counts.most_common():
        console.print(f"{count:7,} {what}", highlight=False)
    for one, what in outcome.lost_children:
        _show(console, "lost a child", one, what, options)
    for one, what in outcome.failures:
        _show(console, "WRONG", one, what, options)
    for complaint in outcome.complaints:
        console.print(f"WRONG: {complaint}")


def _show(console: Console, title: str, one: Case, what: str, options: argparse.Namespace) -> None:
    lines = [
        f"{title}: case {one.number}, {one.description}",
        *what.splitlines(),
        f"file: {_saved(one, options)}",
        f"again: python -m tests.fuzz --seed {options.seed} --only {one.number}",
    ]
    console.print("\n    ".join(lines), highlight=False, markup=False, soft_wrap=True)


def _saved(one: Case, options: argparse.Namespace) -> Path:
    """The file of the case, beside what was asked of it."""
    options.folder.mkdir(parents=True, exist_ok=True)
    path: Path = options.folder / f"seed-{options.seed}-case-{one.number}"
    path.write_bytes(one.data)
    path.with_suffix(".txt").write_text("\n".join(map(repr, one.renditions)) + "\n")
    return path


if __name__ == "__main__":
    sys.exit(main())
