"""Three ways to follow a whole batch: a WebSocket, server-sent events, and asking again and again."""

import asyncio
import json
import time
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus

import aiohttp

from benchmarks.load.errors import Fault
from benchmarks.load.follower import ENDED, End
from benchmarks.load.patience import PASSING, Patience
from benchmarks.load.server_sent_events import events_in
from benchmarks.load.site import JsonObject, Site, may_pass
from pipeline.ids import BatchId

HEARTBEAT_S = 20.0
SILENT_FOR_S = 45.0
"""An event stream has a comment every 15 seconds; one without is dead."""
POLL_EVERY_S = 0.25


class BatchFollower(ABC):
    """Hears of all jobs of the batch, and connects again when the connection ends."""

    upload_headers: Mapping[str, str] = {}

    def __init__(self, site: Site, batch_id: BatchId) -> None:
        self._site, self._batch_id = site, batch_id
        # Made by whoever asks first: a job may end before the answer to its upload is here.
        self._ends = defaultdict[str, asyncio.Future[End]](asyncio.Future)

    @abstractmethod
    def _messages(self) -> AsyncIterator[JsonObject]:
        """What comes over one connection; some of it has `jobs` or a `job`. Raises PASSING and Fault."""

    async def follow(self) -> None:
        """Listen until cancelled. Raises Unusable if the server goes away for good, or refuses."""
        patience = Patience(self._site)
        while True:
            why: object = "the connection ended"
            try:
                async for message in self._messages():
                    patience.renew()
                    self._hear(message)
            except PASSING as error:
                why = error
            except Fault as fault:
                raise self._site.unusable(fault.args[1]) from fault
            await patience.bear(why)

    async def end_of(self, job: JsonObject) -> End:
        """The end of this job, as soon as it has been heard of."""
        return await self._ends[job["id"]]

    def _hear(self, message: JsonObject) -> None:
        for job in message.get("jobs", [message["job"]] if "job" in message else []):
            if job["status"] in ENDED and not self._ends[job["id"]].done():
                self._ends[job["id"]].set_result(End(job, time.perf_counter()))


class SocketFollower(BatchFollower):
    """A WebSocket. Who comes back says with `after` what has been heard already."""

    _after: int | None = None

    async def _messages(self) -> AsyncIterator[JsonObject]:
        query = {"batch": self._batch_id} | ({} if self._after is None else {"after": str(self._after)})
        # A snapshot has every job of the batch in it and may be long.
        connecting = self._site.session.ws_connect("/ws", params=query, heartbeat=HEARTBEAT_S, max_msg_size=0)
        try:
            socket = await connecting
        except aiohttp.WSServerHandshakeError as error:
            if may_pass(error.status):
                raise
            raise self._site.refusal(error.status, {}) from error
        async with socket:
            async for heard in socket:
                if heard.type is aiohttp.WSMsgType.TEXT:
                    message = heard.json()
                    self._after = message.get("id", self._after)
                    yield message


class EventsFollower(BatchFollower):
    """Server-sent events. Who comes back says with `Last-Event-ID` what has been heard already."""

    _last_id: str = ""

    async def _messages(self) -> AsyncIterator[JsonObject]:
        path = f"/api/events?batch={self._batch_id}"
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        for_good = aiohttp.ClientTimeout(total=None, sock_read=SILENT_FOR_S)
        async with self._site.session.get(path, headers=headers, timeout=for_good) as response:
            if response.status != HTTPStatus.OK:
                await self._site.json(response)
            async for event in events_in(response.content):
                self._last_id = event.id or self._last_id
                yield json.loads(event.data)


class PollFollower(BatchFollower):
    """The batch, four times a second. Only an answer that is another one than the last has a body."""

    _etag: str = ""

    def __init__(self, site: Site, batch_id: BatchId) -> None:
        super().__init__(site, batch_id)
        self._is_there = asyncio.Event()

    async def end_of(self, job: JsonObject) -> End:
        """The end of this job; from the first one on the batch is there to be asked for."""
        self._is_there.set()
        return await super().end_of(job)

    async def _messages(self) -> AsyncIterator[JsonObject]:
        await self._is_there.wait()
        path = f"/api/batches/{self._batch_id}"
        while True:
            headers = {"If-None-Match": self._etag} if self._etag else {}
            async with self._site.answer("GET", path, headers=headers) as response:
                answer = await self._site.json(response)
                self._etag = response.headers.get("ETag", "")
            yield answer
            await asyncio.sleep(POLL_EVERY_S)
