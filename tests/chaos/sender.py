"""Uploads over HTTP: so many at a time, and again for as long as it takes, as a client should."""

import asyncio
import io
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

import aiohttp

from tests.chaos.ledger import Ledger
from tests.chaos.parcels import Parcel
from tests.chaos.resumable import JOB_HEADER, ResumableUploads
from tests.checked_session import checked_session

ANSWER_TIMEOUT_S = 20.0
LONGEST_PAUSE_S = 1.0
REPEATED_SHARE = 0.05


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How uploads are sent, and what may be answered.

    `rate_per_s`: 0 is as fast as it goes. With `keyed` each has an idempotency key, and some are sent once
    more though they were accepted. `refusals` are the statuses after which one has to come again later;
    with `may_break` a connection may break off. One in `tus_one_in` is sent by tus; 0: none.
    """

    at_once: int = 8
    rate_per_s: float = 0.0
    keyed: bool = False
    refusals: frozenset[int] = frozenset()
    may_break: bool = False
    tus_one_in: int = 0


class Sender:
    """Sends parcels to one of several frontends, chosen by the dice."""

    def __init__(self, urls: list[str], ledger: Ledger, manners: Manners, dice: Random) -> None:
        self._urls = urls
        self._ledger = ledger
        self._manners = manners
        self._dice = dice
        self._resumable = ResumableUploads(ledger.batch_id, dice)

    async def send(self, parcels: Iterable[Parcel]) -> None:
        """Return when each parcel was accepted, or refused for good."""
        turns = asyncio.Semaphore(self._manners.at_once)
        timeout = aiohttp.ClientTimeout(total=ANSWER_TIMEOUT_S)
        async with checked_session(timeout=timeout) as http, asyncio.TaskGroup() as tasks:
            for parcel in parcels:
                await turns.acquire()
                task = tasks.create_task(self._see_through(http, parcel))
                task.add_done_callback(lambda _: turns.release())
                if self._manners.rate_per_s:
                    await asyncio.sleep(self._dice.expovariate(self._manners.rate_per_s))

    async def _see_through(self, http: aiohttp.ClientSession, parcel: Parcel) -> None:
        pause_s = await self._try(http, parcel)
        while pause_s is not None:
            await asyncio.sleep(pause_s)
            pause_s = await self._try(http, parcel)
        if self._manners.keyed and self._dice.random() < REPEATED_SHARE:
            self._ledger.sent_again["although accepted"] += 1
            await self._try(http, parcel)

    async def _try(self, http: aiohttp.ClientSession, parcel: Parcel) -> float | None:
        """Send it once; the seconds to wait before it has to be sent again, None when it is settled."""
        if self._manners.tus_one_in and parcel.number % self._manners.tus_one_in == 0:
            return await self._try_by_tus(http, parcel)
        form = aiohttp.FormData({"batch_id": self._ledger.batch_id, **parcel.fields})
        form.add_field("file", io.BytesIO(parcel.data), filename=parcel.name)
        headers = {"Idempotency-Key": parcel.key} if self._manners.keyed else {}
        url = f"{self._dice.choice(self._urls)}/upload"
        try:
            async with http.post(url, data=form, headers=headers) as response:
                answer = await response.text()
                if response.status == 202:
                    self._take(parcel, (await response.json())["jobs"])
                    return None
                return self._refused(parcel, response, answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._broken_off(parcel, error)

    async def _try_by_tus(self, http: aiohttp.ClientSession, parcel: Parcel) -> float | None:
        try:
            response = await self._resumable.go_on(http, self._urls, parcel)
        except (aiohttp.ClientError, TimeoutError) as error:
            return self._broken_off(parcel, error)
        if JOB_HEADER in response.headers:
            self._take(parcel, [{"id": response.headers[JOB_HEADER].rpartition("/")[2]}])
            return None
        return self._refused(parcel, response, await response.text())

    def _take(self, parcel: Parcel, jobs: list[dict[str, object]]) -> None:
        if len(jobs) != 1:
            self._ledger.violations.add("a 202 without its job", f"{parcel.name}: {len(jobs)} jobs")
        for job in jobs:
            self._ledger.promise(parcel, str(job["id"]))

    def _refused(self, parcel: Parcel, response: aiohttp.ClientResponse, answer: str) -> float | None:
        status = response.status
        if status in self._manners.refusals:
            self._ledger.sent_again[str(status)] += 1
            return min(LONGEST_PAUSE_S, float(response.headers.get("Retry-After", LONGEST_PAUSE_S)))
        self._ledger.refused[parcel.number] = f"{status} {answer[:200]}"
        if parcel.poison is None or status >= 500:
            self._ledger.violations.add("an upload refused", f"{parcel.name}: {status} {answer[:200]}")
        return None

    def _broken_off(self, parcel: Parcel, error: Exception) -> float | None:
        what = f"{type(error).__name__} {error}".strip()
        if not self._manners.may_break:
            self._ledger.violations.add("an upload without an answer", f"{parcel.name}: {what}")
            self._ledger.refused[parcel.number] = what
            return None
        self._ledger.sent_again["no answer"] += 1
        return LONGEST_PAUSE_S * self._dice.uniform(0.1, 0.5)
