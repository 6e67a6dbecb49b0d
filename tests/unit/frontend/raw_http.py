"""HTTP by hand, for clients that do what no library does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from multidict import CIMultiDict
from yarl import URL

from tests.eventually import WITHIN_S
from tests.unit.frontend.conftest import Client
from tests.unit.frontend.contract import CONTRACT


class Connection:
    """A connection on which every byte is chosen by the test."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._asked = "", ""

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        await self._writer.drain()

    async def send_head(self, method: str, path: str, **headers: str | int) -> None:
        """Send the head of a request; `_` in the name of a header stands for `-`."""
        self._asked = method, URL(path).raw_path
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    async def answer_head(self) -> bytes:
        """The next status line with its headers."""
        async with asyncio.timeout(WITHIN_S):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> tuple[bytes, dict[str, Any]]:
        """The next status line with its headers, and the JSON that comes with it, as is documented."""
        head = await self.answer_head()
        status, *lines = head.decode().rstrip().split("\r\n")
        named = (line.partition(": ") for line in lines)
        headers = CIMultiDict({name: value for name, _, value in named})
        async with asyncio.timeout(WITHIN_S):
            body = await self._reader.readexactly(int(headers["Content-Length"]))
        CONTRACT.check(*self._asked, int(status.split()[1]), headers, body)
        return head, json.loads(body)

    async def rest(self) -> bytes:
        """All that comes until the server closes the connection."""
        async with asyncio.timeout(WITHIN_S):
            return await self._reader.read()

    async def hang_up(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()


@asynccontextmanager
async def connection_to(client: Client) -> AsyncIterator[Connection]:
    """A new connection to the server of this client."""
    assert client.port is not None
    reader, writer = await asyncio.open_connection(client.host, client.port)
    connection = Connection(reader, writer)
    try:
        yield connection
    finally:
        writer.close()
