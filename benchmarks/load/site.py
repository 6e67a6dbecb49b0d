"""The server, and how it is asked: once more while it is busy, and with its own words for what it refuses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any, Self

import aiohttp
from yarl import URL

from benchmarks.load.errors import Fault, Unusable

JsonObject = dict[str, Any]

BUSY_STATUSES, BUSY_TRIES, LONGEST_PAUSE_S = (429, 503), 8, 30.0


class Site:
    """The server at `url`. Every request of `session` has the API key, if there is one."""

    def __init__(self, session: aiohttp.ClientSession, url: URL) -> None:
        self.session = session
        self.url = url

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: URL, *, key: str = "") -> AsyncIterator[Self]:
        """A site with a session of its own, and as many connections as it takes."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(url.origin(), headers=headers, connector=connector) as session:
            yield cls(session, url)

    async def check(self) -> None:
        """Raise Unusable if there is no server, or it does not let us in."""
        try:
            async with self.answer("GET", "/api/pipeline") as response:
                await self.json(response)
        except Fault as fault:
            raise self.unusable(fault.args[1]) from fault
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self.unusable(f"{type(error).__name__}: {error}") from error

    @asynccontextmanager
    async def answer(
        self,
        method: str,
        path: str,
        *,
        body: Callable[[], aiohttp.FormData] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """The answer, whatever its status, as soon as the server is not busy. Raises Fault if it stays so.

        `body` makes what is sent, anew each time. A `path` may have a query.
        """
        for _ in range(BUSY_TRIES):
            data = body() if body else None
            async with self.session.request(method, path, data=data, headers=headers) as response:
                if response.status not in BUSY_STATUSES:
                    yield response
                    return
            asked = response.headers.get("Retry-After", "")
            await asyncio.sleep(min(int(asked), LONGEST_PAUSE_S) if asked.isdecimal() else 1)
        raise Fault(f"http_{response.status}", f"The server was busy {BUSY_TRIES} times in a row.")

    async def json(self, response: aiohttp.ClientResponse) -> JsonObject:
        """The JSON of an answer below 400.

        Raises Unusable if the server wants a key, Fault with its own words for what it refuses, and
        ClientResponseError for what may pass.
        """
        if may_pass(response.status):
            response.raise_for_status()
        answer: JsonObject = await response.json() if "json" in response.content_type else {}
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise self.refusal(response.status, answer)
        return answer

    def refusal(self, status: int, problem: JsonObject) -> Fault | Unusable:
        """The error for a problem that was the answer."""
        detail = problem.get("detail", f"The server gave no reason for the status {status}.")
        if status == HTTPStatus.UNAUTHORIZED:
            return self.unusable(detail)
        return Fault(problem.get("code", f"http_{status}"), detail)

    def unusable(self, why: str) -> Unusable:
        """The error that ends the load test because of the server."""
        return Unusable(f"{self.url} cannot be used: {why}")


def may_pass(status: int) -> bool:
    """Whether an answer with this status may be another one at the next try."""
    return status == HTTPStatus.TOO_MANY_REQUESTS or status >= HTTPStatus.INTERNAL_SERVER_ERROR
