"""The server as the client asks it: again while that may help, and in its own words when it says no."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer
from yarl import URL

from image_resizer.answers import Job
from image_resizer.client import Client
from image_resizer.errors import (
    Busy,
    InvalidAnswer,
    NotLetIn,
    Refused,
    ResizerError,
    Unreachable,
    WrongOption,
)
from image_resizer.following import follow
from image_resizer.site import Site

JOB = {"id": "1", "status": "queued", "name": "a.jpg"}
DONE = JOB | {"status": "done"}
FAR_AWAY = "Wed, 01 Jan 2200 00:00:00 GMT"
NO_NEWS = {"type": "pipeline", "pipeline": {}}


class Answers:
    """Answers one after the other, the last one again and again, and remembers what was asked."""

    def __init__(self, *answers: Callable[[web.Request], web.StreamResponse]) -> None:
        self._answers = list(answers)
        self.asked: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])(request)


def problem(status: int, code: str, **headers: str) -> Callable[[web.Request], web.Response]:
    body = {"code": code, "detail": f"It is {code}.", "status": status, "title": "…"}
    return lambda _: web.json_response(body, status=status, headers=headers)


def job(_: web.Request) -> web.Response:
    return web.json_response(JOB | {"something_new": 1})


@pytest.fixture
async def client_of(aiohttp_server: AiohttpServer) -> AsyncIterator[Callable[..., Any]]:
    """Clients of a server that answers as it is told to."""

    async def open_client(answers: Answers, *, patience_s: float = 5.0, key: str | None = None) -> Client:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answers.answer)
        server = await aiohttp_server(app)
        client = Client(str(server.make_url("/")), patience_s=patience_s, key=key)
        opened.append(client)
        return await client.__aenter__()

    opened: list[Client] = []
    yield open_client
    for client in opened:
        await client.__aexit__(None, None, None)


async def test_a_server_that_is_busy_is_asked_again_and_fields_that_are_new_are_passed_over(
    client_of: Callable[..., Any],
) -> None:
    answers = Answers(problem(503, "queue_full", **{"Retry-After": "0"}), job)
    client = await client_of(answers, key="secret")

    assert (await client.job("1")).status == "queued"
    assert len(answers.asked) == 2
    assert {request.headers["Authorization"] for request in answers.asked} == {"Bearer secret"}


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        (problem(503, "queue_full", **{"Retry-After": "30"}), Busy, "queue_full"),
        (
            problem(507, "storage_full", **{"Retry-After": "Wed, 01 Jan 2200 00:00:00 GMT"}),
            Busy,
            "storage_full",
        ),
        (problem(401, "key_unknown"), NotLetIn, "key_unknown"),
        (problem(403, "local_only"), NotLetIn, "local_only"),
        (problem(422, "invalid_option"), WrongOption, "invalid_option"),
        (problem(404, "job_not_found"), Refused, "job_not_found"),
        (lambda _: web.Response(status=413, text="<html>"), Refused, "http_413"),
        (lambda _: web.Response(status=502, text="<html>"), Busy, "http_502"),
        (lambda _: web.Response(text="<html>"), InvalidAnswer, "invalid_answer"),
        (lambda _: web.json_response({"id": 1}), InvalidAnswer, "invalid_answer"),
    ],
)
async def test_what_the_server_says_is_an_error_with_its_code(
    client_of: Callable[..., Any],
    answer: Callable[[web.Request], web.Response],
    error: type[ResizerError],
    code: str,
) -> None:
    client = await client_of(Answers(answer), patience_s=0.1)

    with pytest.raises(error) as raised:
        await client.job("1")

    assert type(raised.value) is error
    assert raised.value.code == code


@pytest.mark.parametrize("method", ["job", "retry"])
async def test_a_server_that_sends_elsewhere_is_not_followed(
    client_of: Callable[..., Any], method: str
) -> None:
    answers = Answers(lambda _: web.Response(status=301, headers={"Location": "https://there/"}))
    client = await client_of(answers)

    with pytest.raises(InvalidAnswer, match="sends to https://there/: ask there"):
        await getattr(client, method)("1")

    assert len(answers.asked) == 1


async def test_another_kind_of_server_is_told_as_such(client_of: Callable[..., Any]) -> None:
    client = await client_of(Answers(lambda _: web.Response(status=404, text="<html>")))

    with pytest.raises(InvalidAnswer, match="is no image resizer"):
        await client.check()


async def test_an_upload_of_whose_job_nothing_could_be_learned_finds_it_when_it_is_sent_again(
    client_of: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "a.jpg").write_bytes(b"abc")
    begun = Answers(
        lambda _: web.Response(status=201, headers={"Location": "/files/1"}),
        lambda _: web.Response(status=204, headers={"Upload-Offset": "3", "Upload-Job": "/api/jobs/1"}),
        problem(503, "queue_full"),
        job,
    )
    client = await client_of(begun, patience_s=0)

    with pytest.raises(Busy):
        await client.upload(tmp_path / "a.jpg")
    await client.upload(tmp_path / "a.jpg")

    assert [request.method for request in begun.asked] == ["POST", "PATCH", "GET", "HEAD", "GET"]
    assert list((tmp_path / "image-resizer" / "uploads").iterdir()) == []


def breaking_off(request: web.Request) -> web.Response:
    assert request.transport
    request.transport.abort()
    return web.Response()


async def test_what_may_have_been_done_is_not_asked_for_again(client_of: Callable[..., Any]) -> None:
    answers = Answers(problem(503, "job_busy", **{"Retry-After": "0"}), breaking_off, job)
    client = await client_of(answers)

    with pytest.raises(Unreachable):
        await client.delete("1")

    assert [request.method for request in answers.asked] == ["DELETE", "DELETE"]


async def test_what_changes_nothing_is_asked_for_again(client_of: Callable[..., Any]) -> None:
    client = await client_of(Answers(breaking_off, job))

    assert (await client.job("1")).id == "1"


async def test_a_server_that_is_not_there_is_told_by_its_address(unused_tcp_port: int) -> None:
    url = f"http://127.0.0.1:{unused_tcp_port}"
    async with Client(url, patience_s=0) as client:
        with pytest.raises(Unreachable, match=f"^{url} cannot be reached: "):
            await client.job("1")


@pytest.mark.parametrize(
    "text",
    ["localhost:5000", "ftp://localhost", "http://", "//x", "http://x/prefix", "http://x/?a", "http://a:b@x"],
)
def test_what_is_no_address_is_said_at_once(text: str) -> None:
    with pytest.raises(ValueError, match="is no address such as"):
        Client(text)


class Line:
    """WebSockets that tell messages and break off, one connection after the other."""

    def __init__(self, *told: list[dict[str, Any]]) -> None:
        self._told = list(told)
        self.after: list[str | None] = []

    async def open(self, request: web.Request) -> web.WebSocketResponse:
        self.after.append(request.query.get("after"))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        for message in self._told.pop(0):
            await socket.send_json(message)
        await socket.close()
        return socket


async def test_a_line_that_breaks_off_is_gone_on_with_where_it_was(aiohttp_server: AiohttpServer) -> None:
    line = Line(
        [{"type": "snapshot", "id": "1-a", "jobs": [JOB], "pipeline": {}}],
        [
            {"type": "job", "id": "2-b", "job": JOB | {"status": "processing"}},
            {"type": "pipeline", "pipeline": {}},
        ],
        [{"type": "snapshot", "id": "3-c", "jobs": [DONE | {"id": "2"}], "pipeline": {}}],
    )
    app = web.Application()
    app.router.add_get("/ws", line.open)
    server = await aiohttp_server(app)
    told: list[Job] = []

    async with Site.opened(URL(server.make_url("/")), key=None, patience_s=5) as site:
        async for news in follow(site, {"batch": "1"}):
            told.append(news)
            if news.status == "done":
                break

    assert [(one.id, one.status) for one in told] == [
        ("1", "queued"),
        ("1", "processing"),
        ("1", "removed"),
        ("2", "done"),
    ]
    assert line.after == [None, "1-a", "2-b"]


async def test_a_place_in_the_queue_becomes_seconds_to_go(aiohttp_server: AiohttpServer) -> None:
    forecast = {"own_s": 1.0, "each_s": 2.0, "ahead": 0.5}
    line = Line(
        [
            {"type": "snapshot", "id": "1-a", "jobs": [JOB]},
            {"type": "positions", "lane": "bulk", "positions": {"1": 3, "9": 1}, "forecast": forecast},
        ]
    )
    app = web.Application()
    app.router.add_get("/ws", line.open)
    server = await aiohttp_server(app)

    async with Site.opened(URL(server.make_url("/")), key=None, patience_s=0) as site:
        news = follow(site, {"batch": "1"})
        await anext(news)
        moved = await anext(news)
        await news.aclose()

    assert (moved.lane, moved.position, moved.seconds_to_go) == ("bulk", 3, 6.0)
