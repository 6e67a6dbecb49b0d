"""Reading a stream of server-sent events as a browser does (HTML, 9.2.6)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import ClientResponse

from tests.eventually import WITHIN_S
from tests.unit.frontend.conftest import Client, Json
from tests.unit.frontend.contract import CONTRACT


@dataclass(frozen=True)
class Event:
    """One event, and the id that a browser would come back with after it."""

    kind: str
    data: Json
    last_id: str


class EventReader:
    """What comes over a stream."""

    def __init__(self, response: ClientResponse) -> None:
        self.response = response
        self.retry_ms: int | None = None
        self.last_id = ""

    async def event(self) -> Event | None:
        """The next event; None at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(WITHIN_S):
            while line := (await self.response.content.readline()).decode():
                if line != "\n":
                    self._take(line.removesuffix("\n"), fields)
                elif "data" in fields:
                    return self._checked(
                        Event(fields.get("event", "message"), json.loads(fields["data"]), self.last_id)
                    )
        return None

    async def next(self, kind: str) -> Json:
        """The next message of this type; others are passed over."""
        while (event := await self.event()) is not None:
            if event.kind == "message" and event.data["type"] == kind:
                return event.data
        raise AssertionError(f"the stream ended without a message of the type {kind}")

    async def rest(self) -> list[Event]:
        """All events up to the end."""
        events = []
        while (event := await self.event()) is not None:
            events.append(event)
        return events

    def _checked(self, event: Event) -> Event:
        if event.kind == "message":
            CONTRACT.check_message(event.data)
        return event

    def _take(self, line: str, fields: dict[str, str]) -> None:
        name, _, value = line.partition(": ")
        match name:
            case "":
                """A comment."""
            case "id":
                self.last_id = value
            case "retry":
                self.retry_ms = int(value)
            case _:
                fields[name] = value


@asynccontextmanager
async def streaming(
    client: Client, *, headers: dict[str, str] | None = None, **query: str
) -> AsyncIterator[EventReader]:
    """A stream of a frontend, opened and closed."""
    async with client.get("/api/events", params=query, headers=headers) as response:
        assert response.status == 200, await response.text()
        yield EventReader(response)
