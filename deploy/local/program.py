"""A program that the runner starts: what to run, with which environment, and how it is asked to stop."""

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DIE_WITH_PARENT = Path(__file__).with_name("die_with_parent.py")


@dataclass(frozen=True, kw_only=True)
class Program:
    """`environment` is the whole of it, not an addition. `output` is a file, None our own standard error.

    It has `stop_within_s` seconds to stop in order after SIGTERM, or, if `stops_at_eof`, after its
    standard input was closed. `spared_s` is what it still gets when all else is killed at once.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    stop_within_s: float
    output: Path | None = None
    stops_at_eof: bool = False
    spared_s: float = 0.0

    @property
    def launch(self) -> list[str]:
        """The command line that runs it for as long as this process lives and no longer.

        The end of its standard input is the end of this process too, if nothing else closes it.
        """
        if self.stops_at_eof:
            return list(self.command)
        return [sys.executable, "-I", "-S", str(DIE_WITH_PARENT), str(os.getpid()), *self.command]

    @property
    def options(self) -> dict[str, Any]:
        """Arguments for subprocess.Popen and asyncio.create_subprocess_exec alike, but for the output.

        A session of its own keeps Ctrl-C in the terminal from it: only the runner tells it to stop.
        """
        return {
            "env": self.environment,
            "cwd": self.folder,
            "stdin": subprocess.PIPE if self.stops_at_eof else subprocess.DEVNULL,
            "start_new_session": True,
        }
