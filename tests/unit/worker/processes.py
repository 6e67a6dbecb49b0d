"""Looking at the processes of a pool from outside."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from tests.eventually import eventually


def grandchildren() -> list[psutil.Process]:
    """The processes that children of this one have started, as the fork server does for a pool."""
    own = os.getpid()
    return [process for process in psutil.Process().children(recursive=True) if process.ppid() != own]


@asynccontextmanager
async def reader_of(pipe: Path) -> AsyncIterator[psutil.Process]:
    """The process that reads from the named pipe, once there is one; until the end it waits for data."""

    def open_to_write() -> int:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # an OSError while nobody reads

    def find_reader() -> psutil.Process | None:
        return next((process for process in grandchildren() if has_open(process, pipe)), None)

    writing = await eventually(open_to_write)
    try:
        reader = await eventually(find_reader)
        assert reader is not None
        yield reader
    finally:
        os.close(writing)


def has_open(process: psutil.Process, path: Path) -> bool:
    """Whether the process has the file open."""
    return path in {link.readlink() for link in Path(f"/proc/{process.pid}/fd").iterdir()}


def has_ended(process: psutil.Process) -> bool:
    """Whether the process runs no more, even if nobody has asked for its exit code yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
