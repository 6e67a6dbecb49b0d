"""What stops the runner: Ctrl-C, a SIGTERM, or the end of its terminal."""

import asyncio
import signal
from collections.abc import Callable

ORDERLY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopSignals:
    """From its making on, these signals set `asked`; a Ctrl-C after that calls `insist`.

    Other signals never insist: one `kill` can arrive twice, because make passes a SIGTERM on.
    """

    def __init__(self, insist: Callable[[], None]) -> None:
        self.asked = asyncio.Event()
        self._insist = insist
        loop = asyncio.get_running_loop()
        for number in ORDERLY:
            loop.add_signal_handler(number, self._received, number)

    def _received(self, number: int) -> None:
        if number == signal.SIGINT and self.asked.is_set():
            self._insist()
        self.asked.set()
