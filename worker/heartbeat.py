"""Showing that a worker is alive: to the pages by events, to a health check by a file."""

import asyncio
from pathlib import Path

from pipeline.broker import Link, Publisher
from pipeline.messages import WorkerHeartbeat, WorkerOffline, WorkerOnline
from worker.occupancy import Occupancy

HEARTBEAT_S = 3.0
FIRST_HEARTBEAT_S = 0.2
"""So often it is looked whether the worker is connected for the first time."""


class Heartbeat:
    """Tells of one worker while `consuming`, its link to the queue, and its publisher are open."""

    def __init__(
        self,
        publisher: Publisher,
        *,
        consuming: Link,
        occupancy: Occupancy,
        worker: str,
        file: Path | None,
    ) -> None:
        self._publisher = publisher
        self._consuming = consuming
        self._occupancy = occupancy
        self._worker = worker
        self._file = file
        self._session = 0

    async def beat(self) -> None:
        """Tell every few seconds, without end."""
        while True:
            if self._file is not None:
                self._file.touch()
            if self._publisher.link.is_open and self._consuming.is_open:
                await self._tell()
            await asyncio.sleep(HEARTBEAT_S if self._session else FIRST_HEARTBEAT_S)

    async def say_goodbye(self) -> None:
        """Tell that the worker stops of its own will."""
        if self._publisher.link.is_open:
            await self._publisher.publish_event(WorkerOffline(worker=self._worker))

    async def _tell(self) -> None:
        slots = self._occupancy.slots
        if self._consuming.sessions != self._session:
            self._session = self._consuming.sessions
            await self._publisher.publish_event(WorkerOnline(worker=self._worker, slots=slots))
        busy = self._occupancy.jobs
        await self._publisher.publish_event(WorkerHeartbeat(worker=self._worker, slots=slots, busy=busy))
