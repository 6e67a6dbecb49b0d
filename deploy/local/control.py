"""How `make worker` asks the runner for one more: a line each way over a Unix socket in `.run/`."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

ADD_WORKER = b"add worker\n"
ANSWER_WITHIN_S = 10.0
LONGEST_ANSWER = 200


class NothingRuns(Exception):
    """Nothing is running here: start it with `make run`."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


@contextlib.asynccontextmanager
async def control_socket(path: Path, add_worker: Callable[[], str]) -> AsyncIterator[None]:
    """Answer at `path`, which is not there yet: `add_worker` starts a worker and returns its name."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError), contextlib.closing(writer):
            async with asyncio.timeout(ANSWER_WITHIN_S):
                if await reader.readline() == ADD_WORKER:
                    writer.write(add_worker().encode())
                    await writer.drain()

    server = await asyncio.start_unix_server(serve, path)
    async with server:
        yield


def ask_for_worker(path: Path) -> str:
    """The name of the worker that the runner has started for us. Raises NothingRuns."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(ANSWER_WITHIN_S)
            connection.connect(str(path))
            connection.sendall(ADD_WORKER)
            name = connection.recv(LONGEST_ANSWER).decode()
    except OSError:
        raise NothingRuns from None
    if not name:
        raise NothingRuns
    return name
