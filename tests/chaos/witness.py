"""WebSocket clients that write down what they are told of each job, as a page would show it.

One stays connected for as long as it is let; the other leaves and comes back all the time.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from random import Random
from typing import Any

import aiohttp

from tests.chaos.ledger import Ledger
from tests.checked_session import checked_session

ENDS = ("done", "failed", "cancelled")
PAUSE_S = 0.2


class Witness:
    """Watches one batch. `stays_s` is for how long it is connected at a time; 0: until it is thrown out."""

    def __init__(
        self, name: str, urls: list[str], *, ledger: Ledger, dice: Random, stays_s: float = 0.0
    ) -> None:
        self.name = name
        self.ends: dict[str, str] = {}
        self.connections = 0
        self.was_interrupted = False
        self._urls = urls
        self._batch_id = ledger.batch_id
        self._violations = ledger.violations
        self._dice = dice
        self._stays_s = stays_s
        self._told: Counter[str] = Counter()

    async def watch(self) -> None:
        """Watch until cancelled."""
        async with checked_session() as http:
            while True:
                with suppress(aiohttp.ClientError, TimeoutError):
                    await self._visit(http)
                await asyncio.sleep(PAUSE_S)

    def check(self, receipts: dict[str, str]) -> None:
        """Note what it has not seen, or seen wrongly, of jobs with these ends."""
        for job_id, status in receipts.items():
            seen = self.ends.get(job_id)
            if seen is None:
                self._violations.add(f"{self.name} has not seen an end", f"{job_id} is {status}")
            elif seen != status:
                self._violations.add(f"{self.name} saw another end", f"{job_id} is {status}, not {seen}")

    def has_seen(self, job_ids: Iterable[str]) -> bool:
        """Whether it knows the end of each of these."""
        return all(job_id in self.ends for job_id in job_ids)

    async def _visit(self, http: aiohttp.ClientSession) -> None:
        url = f"{self._dice.choice(self._urls)}/ws?batch={self._batch_id}"
        timeout = aiohttp.ClientWSTimeout(ws_close=1.0)
        async with http.ws_connect(url, heartbeat=10, max_msg_size=0, timeout=timeout) as socket:
            self.connections += 1
            self.was_interrupted = self.connections > 1
            self._told.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._stay()):
                    async for message in socket:
                        if message.type is aiohttp.WSMsgType.TEXT:
                            self._hear(message.json())

    def _stay(self) -> float | None:
        return self._dice.uniform(0.2, 2.0) * self._stays_s if self._stays_s else None

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "snapshot":
            for job in message["jobs"]:
                self._note(job)
        elif message["type"] == "job":
            self._note(message["job"])

    def _note(self, job: dict[str, Any]) -> None:
        job_id, status = job["id"], job["status"]
        known = self.ends.get(job_id)
        if known is not None and known != status:
            self._violations.add(f"{self.name} saw a job go on after its end", f"{job_id}: {known}, {status}")
        if status not in ENDS:
            return
        self._told[job_id] += 1
        if self._told[job_id] > 1:
            self._violations.add(f"{self.name} was told an end twice", f"{job_id} {status}")
        self.ends.setdefault(job_id, status)
