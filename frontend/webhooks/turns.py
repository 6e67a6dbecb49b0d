"""How many webhooks go to one host at a time, so that a slow one does not hold up those for the others."""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

PER_HOST = 8
SLOW_TOGETHER = 16
"""So many go to all slow hosts together: whatever they are, there is room for others."""
PATIENCE_S = 1.0
SLOW_S = 2.0
"""A host that takes longer is slow: whoever comes while all its turns are taken does not wait for one."""
COUNTED_S = 5.0
"""Those that come within such a time are taken to stand in one line."""
LONGEST_WAIT_S = 1800.0
"""The host may be well again much sooner than it seems."""
MOST_REMEMBERED = 1_000


class HostBusy(Exception):
    """All turns of this host are taken, and will be for about `wait_s` by those that stand in line before."""

    def __init__(self, wait_s: float) -> None:
        super().__init__()
        self.wait_s = wait_s


@dataclass
class _Host:
    """What is known of one: when the turns began that are taken, how long the last one took, and its line."""

    begun: list[float] = field(default_factory=list)
    took_s: float = 0.0
    counted_from: float = -math.inf
    in_line: int = 0

    @property
    def slowness_s(self) -> float:
        """How long a turn takes, as far as that can be known: one that is not over counts, too."""
        return max(self.took_s, time.monotonic() - self.begun[0] if self.begun else 0.0)

    @property
    def is_slow(self) -> bool:
        return self.slowness_s >= SLOW_S

    def stand_in_line(self) -> float:
        """How long it takes until all that came before have had their turns."""
        moment = time.monotonic()
        if moment - self.counted_from > COUNTED_S:
            self.counted_from, self.in_line = moment, 0
        self.in_line += 1
        return min(self.in_line * self.slowness_s / PER_HOST, LONGEST_WAIT_S)


class HostTurns:
    """The turns of all hosts, in one event loop."""

    def __init__(self) -> None:
        self._hosts: dict[str, _Host] = {}
        self._freed = asyncio.Condition()

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """Have a turn at this host. Raises HostBusy if there is none for a moment."""
        host = self._hosts.setdefault(name, _Host())
        await self._wait_for_turn(host)
        begin = time.monotonic()
        host.begun.append(begin)
        try:
            yield
        finally:
            host.begun.remove(begin)
            host.took_s = time.monotonic() - begin
            self._forget()
            async with self._freed:
                self._freed.notify_all()

    async def _wait_for_turn(self, host: _Host) -> None:
        if self._has_turn(host):
            return
        try:
            async with asyncio.timeout(0.0 if host.is_slow else PATIENCE_S), self._freed:
                await self._freed.wait_for(lambda: self._has_turn(host))
        except TimeoutError as error:
            raise HostBusy(host.stand_in_line()) from error

    def _has_turn(self, host: _Host) -> bool:
        if len(host.begun) >= PER_HOST:
            return False
        return not host.is_slow or self._taken_by_slow < SLOW_TOGETHER

    @property
    def _taken_by_slow(self) -> int:
        return sum(len(host.begun) for host in self._hosts.values() if host.begun and host.is_slow)

    def _forget(self) -> None:
        """Forget a host that has been idle for long, if there are too many."""
        if len(self._hosts) > MOST_REMEMBERED:
            idle = (name for name, host in self._hosts.items() if not host.begun)
            self._hosts.pop(next(idle, ""), None)
