"""What is shown while images are on their way: bars at a terminal, lines elsewhere. All of it goes to stderr.

The paths of results go to stdout, one a line, so that they can be given to another program.
"""

import sys
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.live import Live
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from image_resizer.command.tally import Tally
from image_resizer.command.words import shown

REFRESH_PER_S = 8


class Display(Protocol):
    """Shows a tally from when it is entered until it is left."""

    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def note(self, text: str) -> None:
        """Say something on stderr that is worth a line of its own."""

    def result(self, text: str) -> None:
        """Say on stdout where a result is."""


class Lines:
    """No more than a line for what has happened. `is_quiet`: only what went wrong."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left to be shown."""

    def note(self, text: str) -> None:
        """See Display."""
        print(text, file=sys.stderr, flush=True)  # noqa: T201 # that is what it is for

    def result(self, text: str) -> None:
        """See Display."""
        print(text, flush=True)  # noqa: T201 # that is what it is for


class Bars:
    """Bars of bytes that are sent and of jobs that have ended, with what the server forecasts."""

    def __init__(self, console: Console, tally: Tally) -> None:
        self._tally = tally
        self._sent = Progress(
            TextColumn("Sent"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), console=console
        )
        self._ended = Progress(
            TextColumn("Done"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[words]}"),
            console=console,
        )
        self._sent_task = self._sent.add_task("", total=tally.total_bytes)
        self._ended_task = self._ended.add_task("", total=tally.total_jobs, words="")
        self._live = Live(
            console=console,
            get_renderable=self._rendered,
            refresh_per_second=REFRESH_PER_S,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def note(self, text: str) -> None:
        """See Display."""
        self._live.console.print(text, markup=False, emoji=False, highlight=False, soft_wrap=True)

    def result(self, text: str) -> None:
        """See Display. On the terminal on which the bars are it has to go around them."""
        if sys.stdout.isatty():
            self.note(shown(text))
        else:
            print(text, flush=True)  # noqa: T201 # that is what it is for

    def _rendered(self) -> Table:
        tally = self._tally
        self._sent.update(self._sent_task, completed=tally.sent_bytes)
        self._ended.update(
            self._ended_task, completed=tally.ended_jobs, total=tally.total_jobs, words=tally.words
        )
        shown = Table.grid()
        if tally.total_bytes:
            shown.add_row(self._sent)
        shown.add_row(self._ended)
        return shown


def display_of(tally: Tally, *, has_bars: bool) -> Display:
    """What fits where the program runs."""
    console = Console(stderr=True)
    return Bars(console, tally) if has_bars and console.is_terminal else Lines()
