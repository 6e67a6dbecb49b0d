"""A line that tells how far a command has come: in a terminal always the same one, elsewhere one at times."""

import sys
import time
from typing import TextIO

TERMINAL_EVERY_S = 0.1
OTHERS_EVERY_S = 5.0


class ProgressLine:
    """Shows on standard error, so that the output of the command is its own."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._is_terminal = self._stream.isatty()
        self._every_s = TERMINAL_EVERY_S if self._is_terminal else OTHERS_EVERY_S
        self._told_at = time.monotonic() - TERMINAL_EVERY_S if self._is_terminal else time.monotonic()

    def tell(self, text: str) -> None:
        """Show this, unless something was shown just before."""
        now = time.monotonic()
        if now - self._told_at < self._every_s:
            return
        self._told_at = now
        # Back to the beginning of the line, and remove what was there.
        self._stream.write(f"\r\x1b[K{text}" if self._is_terminal else f"{text}\n")
        self._stream.flush()

    def end(self) -> None:
        """Make room for what comes next."""
        if self._is_terminal:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
