"""Who is at a piece of work: one worker at a time among all that share the store, as long as it lives.

Each lane has a lock of its own. Bulk waits for whoever is at it; the interactive lane waits for bulk only a
moment, and then works as well, since what is in bulk gets what the other lane leaves, and may take long.

A lock goes with its holder, however that ends. A holder that only stands still keeps its lock, but stops
giving signs of life: then it is in nobody's way, for work may be done twice, but never not at all.
"""

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from pipeline.errors import WorkUnderWay
from pipeline.file_lock import file_lock
from pipeline.messages import Lane, WorkKey
from pipeline.store_paths import StorePaths

log = logging.getLogger(__name__)

BEAT_S = 5.0
FROZEN_AFTER_S = 20.0
"""A holder that has given no sign of life for so long stands still; the broker takes longer to notice."""


class WorkLocks:
    """The locks of a store on a disk. What a dead holder leaves is swept away with the claims."""

    def __init__(self, root: Path) -> None:
        self._paths = StorePaths(root.resolve())

    @asynccontextmanager
    async def held(self, key: WorkKey, *, within_s: float, lane: Lane = "interactive") -> AsyncIterator[None]:
        """Keep others from this work. Raises WorkUnderWay if another one is at it for longer than that.

        Where no lock can be had, the holder stands still, or is in bulk and we are not, it goes on without.
        """
        async with AsyncExitStack() as stack:
            if lane == "bulk":
                await stack.enter_async_context(self._lock(key, "bulk", within_s))
                async with self._lock(key, "interactive", within_s):
                    pass
            else:
                with suppress(WorkUnderWay):
                    async with self._lock(key, "bulk", within_s):
                        pass
                await stack.enter_async_context(self._lock(key, "interactive", within_s))
            yield

    @asynccontextmanager
    async def _lock(self, key: WorkKey, lane: Lane, within_s: float) -> AsyncIterator[None]:
        path = self._paths.work_lock(key, lane)
        async with AsyncExitStack() as stack:
            try:
                path.parent.mkdir(exist_ok=True)
                await stack.enter_async_context(file_lock(path, within_s=within_s))
                await stack.enter_async_context(_signs_of_life(path))
            except TimeoutError as error:
                if _is_fresh(path):
                    raise WorkUnderWay from error
                log.warning("who is at the work %s stands still", key)
            except OSError as error:
                log.warning("the work %s cannot be locked: %s", key, error)
            yield


@asynccontextmanager
async def _signs_of_life(path: Path) -> AsyncIterator[None]:
    os.utime(path)  # the file may be one that a dead holder has left
    beating = asyncio.create_task(_beat(path), name=f"signs of life in {path.name}")
    try:
        yield
    finally:
        beating.cancel()
        await asyncio.gather(beating, return_exceptions=True)


async def _beat(path: Path) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        with suppress(OSError):
            os.utime(path)


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < FROZEN_AFTER_S
    except FileNotFoundError:
        return True  # the holder has just gone; the next one comes first
