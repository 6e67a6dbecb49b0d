"""A node of an earlier run that is still there: when its runner was killed, it stops a moment later."""

import contextlib
import logging
import os
import signal
import time
from pathlib import Path

from deploy.local.broker_files import data_folder_variable

log = logging.getLogger(__name__)

# A node that was only just being started stops when it is up.
STOP_WITHIN_S = 10.0
POLL_S = 0.05


def end_leftover_node(folder: Path) -> None:
    """Return when no node uses `folder` (absolute) any more, because two would damage the data.

    One that does stops by itself when its runner has ended. If it has not in time, it is killed.
    """
    deadline = time.monotonic() + STOP_WITHIN_S
    if _processes_of(folder):
        log.info("waiting for the broker of the last run to stop")
    while processes := _processes_of(folder):
        if time.monotonic() > deadline:
            _kill(processes)
        time.sleep(POLL_S)


def _processes_of(folder: Path) -> list[int]:
    """The ids of the node and of its helpers: they are known by the environment that we gave them.

    Not by a file with the id: RabbitMQ removes its own when it begins to stop, not when it has.
    """
    mark = data_folder_variable(folder).encode()
    return [int(entry.name) for entry in Path("/proc").glob("[0-9]*") if mark in _environment_of(entry)]


def _environment_of(process: Path) -> list[bytes]:
    """Empty if it has ended or is not ours."""
    try:
        return (process / "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _kill(processes: list[int]) -> None:
    for pid in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
