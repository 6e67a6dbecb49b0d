"""Server-sent events, as far as this server uses them (HTML, 9.2): one line of data each."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp


@dataclass
class Event:
    """One event, whatever its name; what it does not have is empty."""

    id: str = ""
    data: str = ""


async def events_in(content: aiohttp.StreamReader) -> AsyncIterator[Event]:
    """The events of a stream that have data, each as soon as the empty line behind it is here."""
    event = Event()
    async for line in _lines(content):
        name, _, value = line.partition(":")
        if name in ("id", "data"):
            setattr(event, name, value.removeprefix(" "))
        elif not line:
            if event.data:
                yield event
            event = Event()


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[str]:
    """Lines of any length: the reader itself has a limit, and a snapshot may be long."""
    rest = b""
    async for piece in content.iter_any():
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            yield line.decode()
