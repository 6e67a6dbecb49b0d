"""How many webhooks go to one host at a time, so that a slow one does not hold up those for the others."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PER_HOST = 8
SLOW_TOGETHER = 16
"""So many go to all slow hosts together: whatever they are, there is room for others."""
PATIENCE_S = 1.0
SLOW_S = 2.0
"""A host that takes longer is slow: whoever comes while all its turns are taken does not wait for one."""
MOST_REMEMBERED = 1_000


class HostBusy(Exception):
    """All turns of this host are taken."""


class HostTurns:
    """The turns of all hosts, in one event loop."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._slow: dict[str, None] = {}
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """Have a turn at this host. Raises HostBusy if there is none for a moment."""
        await self._take(host)
        begin = time.monotonic()
        try:
            yield
        finally:
            self._note(host, took_s=time.monotonic() - begin)
            await self._free(host)

    async def _take(self, host: str) -> None:
        patience_s = 0.0 if host in self._slow else PATIENCE_S
        if not self._has_turn(host):
            try:
                async with asyncio.timeout(patience_s), self._freed:
                    await self._freed.wait_for(lambda: self._has_turn(host))
            except TimeoutError as error:
                raise HostBusy from error
        self._taken[host] += 1

    def _has_turn(self, host: str) -> bool:
        if self._taken[host] >= PER_HOST:
            return False
        return host not in self._slow or self._taken_by_slow < SLOW_TOGETHER

    @property
    def _taken_by_slow(self) -> int:
        return sum(count for host, count in self._taken.items() if host in self._slow)

    async def _free(self, host: str) -> None:
        self._taken[host] -= 1
        if not self._taken[host]:
            del self._taken[host]
        async with self._freed:
            self._freed.notify_all()

    def _note(self, host: str, *, took_s: float) -> None:
        if took_s < SLOW_S:
            self._slow.pop(host, None)
            return
        self._slow[host] = None
        if len(self._slow) > MOST_REMEMBERED:
            del self._slow[next(iter(self._slow))]
