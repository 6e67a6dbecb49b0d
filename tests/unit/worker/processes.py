"""Looking at the processes of a pool from outside."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from tests.eventually import eventually

NextReader = Callable[[], Awaitable[psutil.Process]]


def grandchildren() -> list[psutil.Process]:
    """The living processes that fork servers below this one have started, as they do for a pool.

    A broker that tests of this process share starts processes, too, whenever it likes.
    """
    below = psutil.Process().children(recursive=True)
    return [process for process in below if is_forked(process)]


def is_forked(process: psutil.Process) -> bool:
    """Whether a fork server has started it, and it is alive."""
    try:
        server = process.parent()
        if server is None or not is_fork_server(server) or process.status() == psutil.STATUS_ZOMBIE:
            return False
        owner = server.parent()
        return owner is not None and not is_fork_server(owner)
    except psutil.NoSuchProcess:
        return False


def is_fork_server(process: psutil.Process) -> bool:
    """Whether it has the command line of one; what it forks has the same."""
    return any("multiprocessing.forkserver" in word for word in process.cmdline())


class NewChildren:
    """The children of the pools that are made from now on."""

    def __init__(self) -> None:
        self._before = set(grandchildren())

    def __call__(self) -> set[psutil.Process]:
        """Those that are alive."""
        return set(grandchildren()) - self._before


@asynccontextmanager
async def reader_of(pipe: Path) -> AsyncIterator[psutil.Process]:
    """The process that reads from the named pipe, once there is one; until the end it waits for data."""
    async with readers_of(pipe) as next_reader:
        yield await next_reader()


@asynccontextmanager
async def readers_of(pipe: Path) -> AsyncIterator[NextReader]:
    """Tells the process that reads from the named pipe, and, when it is gone, the one that does so next.

    Until the end all of them wait for data.
    """

    def open_to_write() -> int:
        return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)  # an OSError while nobody reads

    def find_reader() -> psutil.Process | None:
        return next((process for process in grandchildren() if has_open(process, pipe)), None)

    async def next_reader() -> psutil.Process:
        reader = await eventually(find_reader)
        assert reader is not None
        return reader

    writing = await eventually(open_to_write)
    try:
        yield next_reader
    finally:
        os.close(writing)


def has_open(process: psutil.Process, path: Path) -> bool:
    """Whether the process has the file open."""
    return path in {link.readlink() for link in Path(f"/proc/{process.pid}/fd").iterdir()}


async def kill(process: psutil.Process) -> None:
    """Kill the process; it is gone on return."""
    process.kill()
    await eventually(lambda: has_ended(process))


def has_ended(process: psutil.Process) -> bool:
    """Whether the process runs no more, even if nobody has asked for its exit code yet."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
