"""What is shown while a run goes on: bars in a terminal, a line every few seconds elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.chaos.ledger import Ledger
from tests.chaos.run import OnProgress

LINE_EVERY_S = 5.0


@contextmanager
def shown(console: Console, name: str, jobs: int) -> Iterator[OnProgress]:
    """A function that shows how far a run of this scenario has come."""
    if console.is_terminal:
        with _bars(console) as progress:
            accepted = progress.add_task(f"{name}: accepted", total=jobs, last="")
            ended = progress.add_task(f"{name}: ended", total=jobs, last="")

            def update(ledger: Ledger) -> None:
                progress.update(accepted, completed=len(ledger.promises), last=_faults(ledger))
                progress.update(ended, completed=ledger.ended, last=ledger.last_fault)

            yield update
    else:
        yield _Lines(console, name, jobs).update


class _Lines:
    def __init__(self, console: Console, name: str, jobs: int) -> None:
        self._console = console
        self._name = name
        self._jobs = jobs
        self._begun = self._last = time.monotonic()

    def update(self, ledger: Ledger) -> None:
        """Print a line if the last one is old enough."""
        now = time.monotonic()
        if now - self._last < LINE_EVERY_S:
            return
        self._last = now
        self._console.print(
            f"{self._name} {now - self._begun:4.0f} s: {len(ledger.promises)} of {self._jobs} accepted, "
            f"{ledger.ended} ended, {_faults(ledger)}; last: {ledger.last_fault or 'none'}",
            highlight=False,
            soft_wrap=True,
        )


def _bars(console: Console) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, TextColumn("{task.fields[last]}"), console=console)


def _faults(ledger: Ledger) -> str:
    wrong = ledger.violations.counts.total()
    return f"{ledger.faults.total()} faults" + (f", {wrong} VIOLATIONS" if wrong else "")
