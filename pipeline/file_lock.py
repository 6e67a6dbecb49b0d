"""Locks that hold among all processes which share a disk, and go when their holder does, however it ends."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

POLL_S = 0.02


@asynccontextmanager
async def file_lock(path: Path, *, within_s: float | None = None) -> AsyncIterator[None]:
    """Hold the lock of this name; its folder has to be there. Who comes second waits.

    Raises TimeoutError if it cannot be had within so many seconds, if they are given.

    The file is removed at the end, so one that is found locked may be another one by then: it counts only
    if it still goes by this name.
    """
    async with asyncio.timeout(within_s):
        descriptor = _try_lock(path)
        while descriptor is None:
            await asyncio.sleep(POLL_S)
            descriptor = _try_lock(path)
    try:
        yield
    finally:
        _release(descriptor, path)


def remove_if_free(path: Path) -> None:
    """Remove the file of a lock that a dead holder has left. One that somebody holds by now stays."""
    descriptor = _try_lock(path)
    if descriptor is not None:
        _release(descriptor, path)


def _try_lock(path: Path) -> int | None:
    """The descriptor of the file if it could be locked; None while another one holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if _is_named(descriptor, path):
            return descriptor
    except BlockingIOError:
        pass
    os.close(descriptor)
    return None


def _release(descriptor: int, path: Path) -> None:
    """Before the lock is given up, so that nobody can lock a file which is about to lose its name."""
    path.unlink(missing_ok=True)
    os.close(descriptor)


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
