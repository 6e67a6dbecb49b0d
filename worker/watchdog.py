"""Notices a slot that gets nothing although there is work: its consumer is gone, and nobody has said so."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pipeline.broker import Link, QueueCounts
from pipeline.errors import BrokerUnavailable
from worker.occupancy import Occupancy, SlotState

WATCH_S = 4.0
"""A slot that is alive is given the next job within milliseconds."""


@dataclass(frozen=True)
class Look:
    """What was seen at one moment: the session of the link, the jobs that wait, the slots by their tags."""

    session: int
    ready: int
    slots: Mapping[str, SlotState]

    def starving_since(self, earlier: "Look") -> list[str]:
        """The slots that took nothing since the earlier look, at which there was work as there is now."""
        if self.session != earlier.session or not self.ready or not earlier.ready:
            return []
        return [
            tag for tag, slot in self.slots.items() if slot.job_id is None and slot == earlier.slots.get(tag)
        ]


class Watchdog:
    """Watches the slots of one worker, and opens their link anew when one of them starves."""

    def __init__(
        self, link: Link, occupancy: Occupancy, count_queue: Callable[[], Awaitable[QueueCounts]]
    ) -> None:
        self._link = link
        self._occupancy = occupancy
        self._count_queue = count_queue
        self._last: Look | None = None

    async def watch(self) -> None:
        """Look every few seconds, without end."""
        while True:
            await asyncio.sleep(WATCH_S)
            await self.look()

    async def look(self) -> None:
        """Look once, and compare with the last time."""
        earlier, self._last = self._last, await self._see()
        if earlier is None or self._last is None:
            return
        starving = self._last.starving_since(earlier)
        if starving:
            self._link.restart(f"{', '.join(starving)} got nothing while {self._last.ready} jobs waited")

    async def _see(self) -> Look | None:
        if not self._link.is_open:
            return None
        try:
            counts = await self._count_queue()
        except BrokerUnavailable:
            return None
        return Look(self._link.sessions, counts.ready, self._occupancy.states)
