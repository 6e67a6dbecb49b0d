"""Watchers: what is put is sent in its order, and one that does not read is sent away and stops nobody."""

import asyncio

import pytest
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMsgType, web
from aiohttp.test_utils import TestClient, make_mocked_request
from pytest_aiohttp.plugin import AiohttpClient

from frontend import live as live_module
from frontend import socket_line
from frontend.lines import Message
from frontend.live import MOST_MESSAGES, PORTION, Live, Watcher
from frontend.socket_line import SocketLine
from pipeline.ids import BatchId, JobId, new_batch_id, new_job_id
from tests.eventually import eventually
from tests.unit.frontend.clients import ANYBODY, for_all

Client = TestClient[web.Request, web.Application]
BIG = "x" * 10_000


@pytest.fixture
def aiohttp_client_cls() -> type[Client]:
    """An ordinary client: the application is none of ours, and what it says is described nowhere."""
    return TestClient


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
def transports() -> list[asyncio.Transport]:
    """The server's ends of the connections, in the order in which they were made."""
    return []


@pytest.fixture
async def client(live: Live, transports: list[asyncio.Transport], aiohttp_client: AiohttpClient) -> Client:
    """A server whose /ws begins with "snapshot", after so many messages as `put_first` says."""

    async def watch(request: web.Request) -> web.WebSocketResponse:
        line = SocketLine(request)
        await line.open()
        assert request.transport is not None
        transports.append(request.transport)
        batch, job = request.query.get("batch"), request.query.get("job")
        watcher = Watcher(
            line, ANYBODY, batch=BatchId(batch) if batch else None, job=JobId(job) if job else None
        )
        live.join(watcher)
        try:
            for _ in range(int(request.query.get("put_first", 0))):
                watcher.put(Message("too early"))
            watcher.begin([Message("snapshot")])
            await watcher.stay()
        finally:
            live.leave(watcher)
        return line.response

    app = web.Application()
    app.router.add_get("/ws", watch)
    return await aiohttp_client(app)


async def joined(client: Client, **query: str) -> ClientWebSocketResponse:
    socket = await client.ws_connect("/ws", params=query)
    assert await socket.receive_str() == "snapshot"
    return socket


async def rest_of(socket: ClientWebSocketResponse) -> list[str]:
    """The messages up to the end of the connection."""
    return [message.data async for message in socket if message.type is WSMsgType.TEXT]


async def test_what_is_put_comes_in_its_order(live: Live, client: Client) -> None:
    socket = await joined(client)

    for number in range(100):
        live.put_to_all(for_all(Message(str(number))))

    assert [await socket.receive_str() for _ in range(100)] == [str(number) for number in range(100)]


async def test_a_batch_s_message_goes_to_its_watchers_only(live: Live, client: Client) -> None:
    mine, other = new_batch_id(), new_batch_id()
    first, second = await joined(client, batch=mine), await joined(client, batch=other)

    live.put_to_batch(mine, for_all(Message("for mine")))
    live.put_to_all(for_all(Message("for all")))

    assert [await first.receive_str(), await first.receive_str()] == ["for mine", "for all"]
    assert await second.receive_str() == "for all"


async def test_a_job_s_watchers_are_those_of_the_job_and_of_its_batch(live: Live, client: Client) -> None:
    batch, job = new_batch_id(), new_job_id()
    for query in ({"batch": batch}, {"job": job}, {}, {"batch": new_batch_id()}):
        await joined(client, **query)

    watchers = live.watchers_of(batch=batch, job=job)

    assert {(watcher.batch, watcher.job) for watcher in watchers} == {(batch, None), (None, job)}


async def test_a_job_without_a_batch_concerns_nobody_who_watches_none(live: Live, client: Client) -> None:
    await joined(client)

    assert live.watchers_of(batch=None, job=new_job_id()) == []


async def test_a_watcher_that_does_not_read_is_sent_away_to_come_back(live: Live, client: Client) -> None:
    socket = await joined(client)

    while live.has_watchers:
        live.put_to_all(for_all(Message(BIG)))
        await asyncio.sleep(0)

    got = await rest_of(socket)
    assert socket.close_code == WSCloseCode.TRY_AGAIN_LATER
    assert set(got) <= {BIG}


async def test_a_watcher_that_never_reads_again_is_cut_off(
    live: Live, client: Client, transports: list[asyncio.Transport], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "CLOSE_TIMEOUT_S", 0.01)
    monkeypatch.setattr(socket_line, "LINGER_S", 0.01)
    await joined(client)
    (transport,) = transports

    while live.has_watchers:
        live.put_to_all(for_all(Message(BIG)))
        await asyncio.sleep(0)

    await eventually(lambda: transport.get_extra_info("socket").fileno() == -1)


async def test_a_watcher_that_does_not_read_stops_nobody(live: Live, client: Client) -> None:
    batch = new_batch_id()
    stuck, reading = await joined(client, batch=batch), await joined(client)

    while live.watchers_of(batch=batch, job=new_job_id()):
        live.put_to_all(for_all(Message(BIG)))
        assert await reading.receive_str() == BIG

    live.put_to_all(for_all(Message("still here")))
    assert await reading.receive_str() == "still here"
    await stuck.close()


async def test_a_burst_that_is_no_longer_than_the_queue_is_taken(live: Live, client: Client) -> None:
    socket = await joined(client)

    for _ in range(MOST_MESSAGES):
        live.put_to_all(for_all(Message("news")))

    assert [await socket.receive_str() for _ in range(MOST_MESSAGES)] == ["news"] * MOST_MESSAGES


async def test_a_few_messages_that_are_very_long_are_too_many_too(
    live: Live, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "MOST_CHARACTERS", 2 * len(BIG))
    socket = await joined(client)
    for _ in range(2):
        live.put_to_all(for_all(Message(BIG)))
        live.put_to_all(for_all(Message(BIG)))
        assert [await socket.receive_str() for _ in range(2)] == [BIG] * 2

    for _ in range(3):
        live.put_to_all(for_all(Message(BIG)))

    await rest_of(socket)
    assert socket.close_code == WSCloseCode.TRY_AGAIN_LATER


class Listener(Watcher):
    """A watcher that keeps what it is told."""

    def __init__(self, *, batch: BatchId) -> None:
        super().__init__(SocketLine(make_mocked_request("GET", "/ws")), ANYBODY, batch=batch)
        self.heard: list[str] = []

    def put(self, message: Message) -> None:
        self.heard.append(message.text)


async def test_what_is_for_very_many_does_not_keep_other_news_waiting(live: Live) -> None:
    listeners = [Listener(batch=new_batch_id()) for _ in range(5 * PORTION)]
    for listener in listeners:
        live.join(listener)
    last = listeners[-1]
    assert last.batch is not None

    live.put_to_all(for_all(Message("for all")))
    live.put_to_batch(last.batch, for_all(Message("for one")))

    await eventually(lambda: all("for all" in listener.heard for listener in listeners))
    assert last.heard == ["for one", "for all"]
    assert all(listener.heard == ["for all"] for listener in listeners[:-1])


async def test_who_has_left_is_no_longer_found(live: Live) -> None:
    batch, job = new_batch_id(), new_job_id()
    first, second = Listener(batch=batch), Listener(batch=batch)
    for listener in (first, second):
        live.join(listener)

    live.leave(first)
    assert live.watchers_of(batch=batch, job=job) == [second]
    live.leave(second)
    live.leave(second)

    assert live.watchers_of(batch=batch, job=job) == []
    assert live.watched_batches() == set()


async def test_a_watcher_that_leaves_is_noticed(live: Live, client: Client) -> None:
    socket = await joined(client)
    assert live.has_watchers

    await socket.close()

    await eventually(lambda: not live.has_watchers)


async def test_a_watcher_that_breaks_off_is_noticed(live: Live, client: Client) -> None:
    await joined(client)

    await client.session.close()

    await eventually(lambda: not live.has_watchers)


async def test_on_shutdown_everybody_is_told_to_come_back(live: Live, client: Client) -> None:
    sockets = [await joined(client) for _ in range(3)]
    closing = asyncio.create_task(live.close())

    for socket in sockets:
        assert await rest_of(socket) == []
        assert socket.close_code == WSCloseCode.GOING_AWAY
    await closing
    await eventually(lambda: not live.has_watchers)


async def test_on_shutdown_a_client_that_does_not_answer_is_not_waited_for(
    live: Live, client: Client
) -> None:
    await joined(client)

    async with asyncio.timeout(5):
        await live.close()


@pytest.mark.parametrize("comes", ["is just connecting", "comes after that"])
async def test_on_shutdown_who_is_not_connected_yet_is_told_as_soon_as_he_is(
    live: Live, aiohttp_client: AiohttpClient, comes: str
) -> None:
    has_come, is_closed = asyncio.Event(), asyncio.Event()

    async def watch(request: web.Request) -> web.WebSocketResponse:
        line = SocketLine(request)
        watcher = Watcher(line, ANYBODY)
        if comes == "is just connecting":
            live.join(watcher)
        has_come.set()
        await is_closed.wait()
        live.join(watcher)
        await line.open()
        watcher.begin([])
        await watcher.stay()
        return line.response

    app = web.Application()
    app.router.add_get("/ws", watch)
    connecting = asyncio.create_task((await aiohttp_client(app)).ws_connect("/ws"))
    await has_come.wait()

    await live.close()
    is_closed.set()

    async with asyncio.timeout(10):
        socket = await connecting
        assert await rest_of(socket) == []
    assert socket.close_code == WSCloseCode.GOING_AWAY


async def test_what_was_put_before_the_snapshot_is_in_it_and_not_sent(live: Live, client: Client) -> None:
    socket = await joined(client, put_first=str(MOST_MESSAGES + 1))
    live.put_to_all(for_all(Message("later")))

    assert await socket.receive_str() == "later"
