"""Many WebSockets on one frontend, and when what is told came to each of them."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp

from benchmarks.event_stream import Step
from pipeline.ids import BatchId

OPENING_AT_ONCE = 50
OPENS_WITHIN_S = 60.0


@dataclass
class Crowd:
    """`arrivals` are the steps of jobs as they came (time.perf_counter), to whichever of the watchers."""

    session: aiohttp.ClientSession
    arrivals: list[tuple[Step, float]] = field(default_factory=list)
    open: int = 0
    noted: Counter[BatchId] = field(default_factory=Counter)
    """How many watch each of the batches whose arrivals are noted."""
    lost: int = 0
    """How many were sent away."""
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)
    _awaited: int | None = None
    _has_come: asyncio.Event = field(default_factory=asyncio.Event)

    async def join(self, batches: Iterable[BatchId], *, is_noted: bool, tell: Callable[[int], None]) -> None:
        """Open one that watches each of these; each has had its snapshot when this returns.

        Only where `is_noted` are arrivals looked into: the others cost as little as they can.
        """
        limit = asyncio.Semaphore(OPENING_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for batch in batches:
                group.create_task(self._open(batch, limit, is_noted, tell))

    async def told(self, count: int, *, within_s: float) -> None:
        """Return when so many arrivals have been noted, or the time is over."""
        self._awaited = count
        self._note_count()
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._has_come.wait()

    async def leave(self) -> None:
        """Close all of them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def expected_of(self, sent_to: Mapping[BatchId, int]) -> int:
        """How many arrivals there are to be when so many steps were told in each batch."""
        return sum(count * self.noted[batch] for batch, count in sent_to.items())

    async def _open(
        self, batch: BatchId, limit: asyncio.Semaphore, is_noted: bool, tell: Callable[[int], None]
    ) -> None:
        async with limit, asyncio.timeout(OPENS_WITHIN_S):
            socket = await self.session.ws_connect("/ws", params={"batch": batch}, max_msg_size=0)
            await socket.receive()
        self.open += 1
        if is_noted:
            self.noted[batch] += 1
        tell(self.open)
        watch = self._note(socket) if is_noted else self._listen(socket)
        self._tasks.append(asyncio.create_task(watch, name="watcher"))

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for _ in socket:
            """Reading answers the pings."""
        self.lost += 1

    async def _note(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            arrived_at = time.perf_counter()
            told = json.loads(message.data)
            if told["type"] == "job":
                job = told["job"]
                is_rendition = job["status"] == "processing" and job["renditions"]
                self.arrivals.append(
                    ((job["id"], "rendition" if is_rendition else job["status"]), arrived_at)
                )
                self._note_count()
        self.lost += 1

    def _note_count(self) -> None:
        if self._awaited is not None and len(self.arrivals) >= self._awaited:
            self._has_come.set()
