"""Real frontends on a real broker. There is no worker: tests tell the log what workers would tell."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from pytest_aiohttp.plugin import AiohttpClient

from frontend import sweeper
from frontend.app import create_app
from frontend.settings import FrontendSettings
from pipeline import topology
from pipeline.broker import Publisher
from pipeline.local_store import LocalImageStore
from pipeline.messages import AnyEvent, ResizeImage, decode_command
from tests.eventually import eventually
from tests.links import opened
from tests.unit.frontend.checked_client import CheckedClient

Client = TestClient[web.Request, web.Application]
NewFrontend = Callable[..., Awaitable[Client]]
Tell = Callable[..., Awaitable[None]]
Json = dict[str, Any]

SHUTDOWN_TIMEOUT_S = 5.0
NOWHERE = "amqp://guest:guest@127.0.0.1:1/"
"""An address at which no broker is."""


class FrontendServer(TestServer):
    """Runs an application as `python -m frontend` does: handlers are not cancelled when their client goes."""

    async def _make_runner(self, **_: Any) -> web.AppRunner:
        return web.AppRunner(self.app, handler_cancellation=False, shutdown_timeout=SHUTDOWN_TIMEOUT_S)


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """The folder of the store."""
    return tmp_path / "storage"


@pytest.fixture
def store(storage: Path) -> LocalImageStore:
    """The store that the frontend uses, as a worker would open it."""
    return LocalImageStore(storage)


@pytest.fixture
def aiohttp_client_cls() -> type[CheckedClient]:
    """The clients that pytest-aiohttp makes check what they get."""
    return CheckedClient


@pytest.fixture
def first_sweep_s() -> float:
    """When frontends begin to sweep: never, but for the tests of just that, lest they meet it by chance."""
    return 3600.0


@pytest.fixture
def new_frontend(
    aiohttp_client: AiohttpClient, storage: Path, first_sweep_s: float, monkeypatch: pytest.MonkeyPatch
) -> NewFrontend:
    """Starts frontends, and gives a client of each."""
    monkeypatch.setattr(sweeper, "FIRST_AFTER_S", first_sweep_s)

    async def start(amqp_url: str, **settings: Any) -> Client:
        given = {"min_free_bytes": 0, "board_history_s": 1} | settings
        app = create_app(FrontendSettings(amqp_url=amqp_url, storage_dir=storage, **given))
        client: Client = await aiohttp_client(FrontendServer(app))  # type: ignore[assignment]  # it has an app
        return client

    return start


@pytest.fixture
async def client(new_frontend: NewFrontend, amqp_url: str) -> Client:
    """A client of a frontend that is ready."""
    return await when_ready(await new_frontend(amqp_url))


@pytest.fixture
async def lonely(new_frontend: NewFrontend) -> Client:
    """A client of a frontend whose broker is away."""
    return await new_frontend(NOWHERE)


@pytest.fixture
async def tell(amqp_url: str) -> AsyncIterator[Tell]:
    """Publishes events, each once; one that is confirmed late comes all the same."""
    async with opened(Publisher(amqp_url, service="worker-of-a-test")) as publisher:

        async def publish(*events: AnyEvent) -> None:
            for event in events:
                await publisher.publish_event(event)

        yield publish


async def when_ready(client: Client) -> Client:
    """The same client, once its frontend is connected and has read the log."""

    async def is_ready() -> bool:
        async with client.get("/health/ready") as response:
            checks = (await response.json())["checks"]
            return bool(checks["queue"] and checks["events"])

    await eventually(is_ready)
    return client


async def uploaded(client: Client, data: bytes, name: str = "holiday.png", **query: str) -> Json:
    """What a frontend answers to an image that it takes."""
    async with client.put(f"/upload/{name}", data=data, params=query) as response:
        assert response.status == 202, await response.text()
        answer: Json = await response.json()
        return answer


async def commands_in_queue(amqp_url: str) -> list[ResizeImage]:
    """The commands that wait for a worker, those that are in bulk last; they are taken out."""
    commands = []
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        for lane in topology.LANE_QUEUES.values():
            queue = await channel.get_queue(lane.name, ensure=False)
            while message := await queue.get(fail=False):
                commands.append(decode_command(message.body))
                await message.ack()
    return commands


def left_in(storage: Path) -> list[str]:
    """All that is in the store, but for the folders of its parts, their days and the minutes of the index."""
    paths = (path.relative_to(storage) for path in storage.rglob("*"))
    deepest = {"index": 5}
    return sorted(path.as_posix() for path in paths if len(path.parts) > deepest.get(path.parts[0], 2))
