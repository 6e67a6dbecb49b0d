"""How full the outbox is."""

import time

from frontend.dispatch import Dispatch
from pipeline.errors import OutboxFull
from pipeline.outbox import Outbox

LOOK_EVERY_S = 1.0


class OutboxLevel:
    """Looks into the outbox at most once a second, and adds what this frontend has left there since."""

    def __init__(self, *, outbox: Outbox, dispatch: Dispatch, bound: int) -> None:
        self._outbox = outbox
        self._dispatch = dispatch
        self._bound = bound
        self._looked_at = float("-inf")
        self._counted = 0
        self._put_off_then = 0

    async def check(self) -> None:
        """Raise OutboxFull if no more jobs may be left there."""
        if await self.is_full():
            raise OutboxFull

    async def is_full(self) -> bool:
        """Whether as many jobs wait there as may while the broker is away.

        Those that wait for room in their lane have been asked for once more. They keep nobody else out.
        """
        return await self.count() - self._dispatch.without_room >= self._bound

    async def count(self) -> int:
        """How many jobs wait there, about."""
        now = time.monotonic()
        if now - self._looked_at > LOOK_EVERY_S:
            self._looked_at = now  # first, so that those who ask meanwhile do not look, too
            put_off = len(self._dispatch.put_off)
            self._counted = await self._outbox.count()
            self._put_off_then = put_off
        added = len(self._dispatch.put_off) - self._put_off_then
        return max(self._counted + added, 0)
