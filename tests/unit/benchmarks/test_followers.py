"""What the followers of the load test say to a server that goes away, comes back, or refuses."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from benchmarks.load import batch_followers
from benchmarks.load.batch import first_of_several
from benchmarks.load.errors import Fault, Unusable
from benchmarks.load.followers import FOLLOWERS
from benchmarks.load.site import JsonObject, Site
from pipeline.ids import new_batch_id

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
AskedAt = Callable[[str, Handler], Awaitable[Site]]

QUEUED: JsonObject = {"id": "a", "status": "queued"}
DONE: JsonObject = {"id": "a", "status": "done"}
UNKNOWN = {"code": "unknown", "detail": "There is no such thing."}


@pytest.fixture
async def asked_at(aiohttp_server: AiohttpServer) -> AsyncIterator[AskedAt]:
    """Makes a site that answers at one path with what the handler makes of the request."""
    async with AsyncExitStack() as stack:

        async def make(path: str, handler: Handler) -> Site:
            app = web.Application()
            app.router.add_get(path, handler)
            server = await aiohttp_server(app)
            return await stack.enter_async_context(Site.opened(server.make_url("/")))

        yield make


async def end_of_job(site: Site, way: str) -> JsonObject:
    """What a follower tells as the end of the job that it has been told of as queued."""
    follower = FOLLOWERS[way](site, new_batch_id())
    with first_of_several():
        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            following = group.create_task(follower.follow())
            end = await follower.end_of(QUEUED)
            following.cancel()
    return end.job


async def test_a_socket_that_comes_back_says_up_to_where_it_has_heard(asked_at: AskedAt) -> None:
    said: list[str | None] = []

    async def tell(request: web.Request) -> web.StreamResponse:
        said.append(request.query.get("after"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        if len(said) == 1:
            await socket.send_json({"type": "snapshot", "id": "7-0000ab01", "jobs": [QUEUED]})
            await socket.send_json({"type": "pipeline", "pipeline": {}})
        else:
            await socket.send_json({"type": "job", "id": "8-0000ab02", "job": DONE})
        await socket.close(code=1001)
        return socket

    assert await end_of_job(await asked_at("/ws", tell), "socket") == DONE
    assert said == [None, "7-0000ab01"]


async def test_events_that_come_back_say_the_last_one_that_was_heard(asked_at: AskedAt) -> None:
    said: list[str | None] = []

    async def tell(request: web.Request) -> web.StreamResponse:
        said.append(request.headers.get("Last-Event-ID"))
        if len(said) == 1:
            news = 'retry: 1000\n\nid: 7-0000ab01\ndata: {"type": "snapshot", "jobs": []}\n\n: here\n\n'
            news += 'data: {"type": "pipeline"}\n\nevent: close\ndata: {"code": 1001}\n\n'
        else:
            news = 'id: 8\ndata: {"type": "job", "job": {"id": "a", "status": "done"}}\n\n'
        return web.Response(text=news, content_type="text/event-stream")

    assert await end_of_job(await asked_at("/api/events", tell), "events") == DONE
    assert said == [None, "7-0000ab01"]


async def test_an_event_may_be_longer_than_what_is_read_at_a_time(asked_at: AskedAt) -> None:
    async def tell(_: web.Request) -> web.StreamResponse:
        text = web.json_response({"jobs": [QUEUED | {"name": "ü" * 1_000_000}, DONE]}).text
        return web.Response(text=f"data: {text}\n\n", content_type="text/event-stream")

    assert await end_of_job(await asked_at("/api/events", tell), "events") == DONE


async def test_who_polls_says_what_is_known_already(
    asked_at: AskedAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_followers, "POLL_EVERY_S", 0)
    said: list[str | None] = []

    async def tell(request: web.Request) -> web.StreamResponse:
        said.append(request.headers.get("If-None-Match"))
        if len(said) == 2:
            return web.Response(status=304, headers={"ETag": 'W/"1"'})
        jobs = [QUEUED] if len(said) == 1 else [DONE]
        return web.json_response({"jobs": jobs}, headers={"ETag": f'W/"{len(said)}"'})

    assert await end_of_job(await asked_at("/api/batches/{id}", tell), "poll") == DONE
    assert said[:3] == [None, 'W/"1"', 'W/"1"']


@pytest.mark.parametrize("way", ["wait", "upload"])
async def test_a_long_poll_is_asked_again_until_it_is_the_end(asked_at: AskedAt, way: str) -> None:
    said: list[str | None] = []

    async def tell(request: web.Request) -> web.StreamResponse:
        said.append(request.query.get("wait"))
        return web.json_response(QUEUED if len(said) == 1 else DONE)

    assert await end_of_job(await asked_at("/api/jobs/a", tell), way) == DONE
    assert said == ["30", "30"]


async def test_the_upload_that_was_answered_with_the_end_is_enough(asked_at: AskedAt) -> None:
    async def fail(_: web.Request) -> web.StreamResponse:
        raise AssertionError("There was nothing to ask.")

    follower = FOLLOWERS["upload"](await asked_at("/api/jobs/a", fail), new_batch_id())

    assert (await follower.end_of(DONE)).job == DONE
    assert follower.upload_headers == {"Prefer": "wait=30"}


@pytest.mark.parametrize(
    ("way", "path"), [("socket", "/ws"), ("events", "/api/events"), ("poll", "/api/batches/{id}")]
)
@pytest.mark.parametrize("status", [401, 404])
async def test_a_batch_that_may_not_be_followed_ends_the_load_test(
    asked_at: AskedAt, way: str, path: str, status: int
) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response(UNKNOWN, status=status)

    with pytest.raises(Unusable, match="cannot be used"):
        await end_of_job(await asked_at(path, refuse), way)


async def test_a_job_that_is_not_known_is_the_fault_of_its_image(asked_at: AskedAt) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response(UNKNOWN, status=404)

    with pytest.raises(Fault, match="There is no such thing"):
        await end_of_job(await asked_at("/api/jobs/a", refuse), "wait")


async def test_a_job_that_may_not_be_seen_ends_the_load_test(asked_at: AskedAt) -> None:
    async def refuse(_: web.Request) -> web.StreamResponse:
        return web.json_response(UNKNOWN, status=401)

    with pytest.raises(Unusable, match="There is no such thing"):
        await end_of_job(await asked_at("/api/jobs/a", refuse), "wait")


@pytest.mark.parametrize("way", ["socket", "events", "poll", "wait"])
async def test_a_server_that_does_not_come_back_ends_the_load_test(
    asked_at: AskedAt, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setattr("benchmarks.load.patience.PAUSE_S", 0)

    async def fail(_: web.Request) -> web.StreamResponse:
        return web.Response(status=502)

    with pytest.raises(Unusable, match="did not come back"):
        await end_of_job(await asked_at("/{path:.*}", fail), way)
