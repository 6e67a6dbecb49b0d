"""A TCP proxy that is a slow line, counts what clients send, and cuts every connection when it is told to."""

import asyncio
from types import TracebackType
from typing import Self

READ_BYTES = 64 * 1024


class CuttingProxy:
    """Forwards connections to a port of this machine; what clients send at so many bytes a second."""

    def __init__(self, target: int, *, bytes_per_s: float) -> None:
        self.sent = 0
        """Bytes that clients have sent, over all connections."""
        self._target = target
        self._bytes_per_s = bytes_per_s
        self._transports: set[asyncio.WriteTransport] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def cut(self, *, target: int | None = None) -> None:
        """Break every connection off, and forward the next ones, to another port if there is one."""
        self._target = target or self._target
        for transport in list(self._transports):
            transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer.transport, up_writer.transport}
        self._transports |= both
        try:
            await asyncio.gather(
                self._pipe(reader, up_writer, is_counted=True),
                self._pipe(up_reader, writer, is_counted=False),
            )
        except OSError:
            """One side has gone, and so the other one goes."""
        finally:
            self._transports -= both
            for transport in both:
                transport.abort()

    async def _pipe(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_counted: bool
    ) -> None:
        while data := await reader.read(READ_BYTES):
            if is_counted:
                self.sent += len(data)
                await asyncio.sleep(len(data) / self._bytes_per_s)
            writer.write(data)
            await writer.drain()
        writer.close()

    async def _run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._run, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
