"""Notices a consumer that gets nothing although its lane has work: it is gone, and nobody has said so."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from pipeline.broker import Consumer, Link, QueueCounts
from pipeline.errors import BrokerUnavailable
from pipeline.messages import Lane
from worker.occupancy import InHand, Occupancy

WATCH_S = 4.0
"""A consumer that is alive is given the next job within milliseconds."""


@dataclass(frozen=True)
class Look:
    """What was seen at one moment: the session of the link, how many wait in each lane, the consumers."""

    session: int
    ready: Mapping[Lane, int]
    in_hand: Mapping[Consumer, InHand]

    def starving_since(self, earlier: "Look") -> list[Consumer]:
        """Those that took nothing since the earlier look, at which their lane had work as it has now."""
        if self.session != earlier.session:
            return []
        return [
            consumer
            for consumer, hand in self.in_hand.items()
            if hand.job_id is None
            and hand == earlier.in_hand.get(consumer)
            and self.ready[consumer.lane]
            and earlier.ready[consumer.lane]
        ]


class Watchdog:
    """Watches the consumers of one worker, and opens their link anew when one of them starves."""

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
            waited = ", ".join(f"{consumer.tag} ({self._last.ready[consumer.lane]})" for consumer in starving)
            self._link.restart(f"got nothing while so many jobs waited: {waited}")

    async def _see(self) -> Look | None:
        if not self._link.is_open:
            return None
        try:
            counts = await self._count_queue()
        except BrokerUnavailable:
            return None
        ready = {lane: waiting.ready for lane, waiting in counts.lanes.items()}
        return Look(self._link.sessions, ready, self._occupancy.in_hand)
