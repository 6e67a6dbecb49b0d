"""A stream of server-sent events as a line to a watcher (HTML, 9.2).

The id of an event names its place in the event log, the same at every frontend: a client that comes back
names the last one that it has seen.
"""

import asyncio

from aiohttp import web

from frontend.departures import Departures
from frontend.job_view import to_json
from frontend.lines import Message

KEEP_ALIVE_S = 15.0
RETRY_MS = 1000
"""After so long a browser connects again."""

HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    # nginx would collect what we send, and others that have learnt of this header from it.
    "X-Accel-Buffering": "no",
}


class EventStream:
    """The stream that answers this request."""

    def __init__(self, request: web.Request, *, departures: Departures) -> None:
        self.response = web.StreamResponse(headers=HEADERS)
        self._request = request
        self._departures = departures
        self._end = asyncio.Event()

    async def open(self) -> None:
        """Send the headers, and tell when to come back."""
        await self.response.prepare(self._request)
        await self.response.write(f"retry: {RETRY_MS}\n\n".encode())

    async def send(self, message: Message) -> None:
        """Send a message as an event; one that tells of the log has an id."""
        head = "" if message.id is None else f"id: {message.id}\n"
        await self.response.write(f"{head}data: {message.text}\n\n".encode())

    async def gone(self) -> None:
        """Return when the client has gone; until then keep proxies from ending what is silent."""
        with self._departures.noticed(self._request, self._end.set):
            while not await self._is_ended_within(KEEP_ALIVE_S):
                await self.response.write(b": still here\n\n")

    async def close(self, code: int, reason: bytes) -> None:
        """Send a last event that tells why; if that cannot be sent, cut the connection."""
        why = to_json({"code": code, "reason": reason.decode()})
        try:
            await self.response.write(f"event: close\ndata: {why}\n\n".encode())
            await self.response.write_eof()
        except BaseException:
            self._cut()
            raise
        finally:
            self._end.set()

    def _cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()

    async def _is_ended_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._end.wait()
        except TimeoutError:
            return False
        return True
