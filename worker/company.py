"""Who is at work beside whom in a worker: a job that may have taken a worker down is alone in this one.

So none of the others is begun while it is at work, and none is blamed, should it take this worker down too.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.messages import LANES, Lane


class Company:
    """Lets jobs begin. It belongs to one event loop."""

    def __init__(self) -> None:
        self._at_work: Counter[Lane] = Counter()
        self._closed: set[Lane] = set()
        self._change = asyncio.Condition()
        # Two that each wait for the other to end would wait for ever.
        self._suspect = asyncio.Lock()

    @asynccontextmanager
    async def among_others(self, lane: Lane) -> AsyncIterator[None]:
        """Be at work beside others, as soon as no suspect is."""
        async with self._change:
            await self._change.wait_for(lambda: lane not in self._closed)
            self._at_work[lane] += 1
        try:
            yield
        finally:
            self._at_work[lane] -= 1
            await self._tell()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Be at work as soon as nobody else is. Bulk may take longer; the other lane goes on meanwhile."""
        async with self._suspect:
            try:
                for lane in reversed(LANES):
                    await self._close(lane)
                yield
            finally:
                self._closed.clear()
                await self._tell()

    async def _close(self, lane: Lane) -> None:
        self._closed.add(lane)
        async with self._change:
            await self._change.wait_for(lambda: not self._at_work[lane])

    async def _tell(self) -> None:
        async with self._change:
            self._change.notify_all()
