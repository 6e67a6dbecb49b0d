"""A line to a broker that a test can cut, and on which it can have the broker fall silent."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from yarl import URL

PIECE_BYTES = 64 * 1024


class BrokerLine:
    """Passes bytes on between clients and a broker, as long as it is neither cut nor silent."""

    def __init__(self, broker_url: str) -> None:
        self._broker = URL(broker_url)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._speaks = asyncio.Event()
        self._speaks.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The broker, by way of this line."""
        return str(self._broker.with_host("127.0.0.1").with_port(self._port))

    async def mend(self) -> None:
        """Take connections."""
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """End all connections and take no more; the port stays the same."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in self._writers:
            writer.close()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def silence(self) -> None:
        """Hold back what the broker says. What is said to it still arrives."""
        self._speaks.clear()

    def let_speak(self) -> None:
        """Pass on what the broker says, and what it has said meanwhile."""
        self._speaks.set()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_broker, to_broker = await asyncio.open_connection(self._broker.host, self._broker.port)
        self._writers |= {writer, to_broker}
        always = asyncio.Event()
        always.set()
        ways = (self._pass_on(reader, to_broker, always), self._pass_on(from_broker, writer, self._speaks))
        self._tasks |= {asyncio.create_task(way) for way in ways}

    @staticmethod
    async def _pass_on(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, may_pass: asyncio.Event
    ) -> None:
        with suppress(ConnectionError):
            while piece := await reader.read(PIECE_BYTES):
                await may_pass.wait()
                writer.write(piece)
                await writer.drain()
        writer.close()


@asynccontextmanager
async def line_to(broker_url: str) -> AsyncIterator[BrokerLine]:
    """A line to this broker that is cut at the end."""
    line = BrokerLine(broker_url)
    await line.mend()
    try:
        yield line
    finally:
        line.let_speak()
        await line.cut()
