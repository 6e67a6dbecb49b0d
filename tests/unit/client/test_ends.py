"""The ends of jobs: none is waited for in vain, whatever the line tells, and when."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer
from yarl import URL

from image_resizer import ends
from image_resizer.ends import Ends
from image_resizer.site import Site

JOB = {"id": "1", "status": "queued", "name": "a.jpg", "attempt": 2}


class Told:
    """A line that tells what it is given and stays open, and what is answered about the job, in turn."""

    def __init__(self, answers: list[dict[str, Any] | None]) -> None:
        self._answers = answers
        self.asked = 0
        self.is_over = asyncio.Event()

    async def line(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "snapshot", "id": "1-a", "jobs": []})
        await self.is_over.wait()
        return socket

    async def job(self, _: web.Request) -> web.Response:
        self.asked += 1
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if answer is None:
            return web.json_response({"code": "job_not_found", "detail": "It is gone."}, status=404)
        return web.json_response(answer)


@pytest.fixture
async def followed(aiohttp_server: AiohttpServer, request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """The ends of a batch that is followed, and what the server tells of it."""
    told = Told(request.param)
    app = web.Application()
    app.router.add_get("/ws", told.line)
    app.router.add_get("/api/jobs/1", told.job)
    server = await aiohttp_server(app)
    async with Site.opened(URL(server.make_url("/")), key=None, patience_s=5) as site:
        known = Ends(site)
        following = asyncio.create_task(known.follow("b"))
        yield known, told
        following.cancel()
        told.is_over.set()
        await asyncio.wait([following])


@pytest.mark.parametrize(
    ("followed", "status"),
    [
        pytest.param([JOB, None], "removed", id="removed"),
        pytest.param([JOB, JOB | {"status": "done"}], "done", id="done"),
    ],
    indirect=["followed"],
)
async def test_a_job_of_which_the_line_tells_nothing_is_asked_for_until_it_is_over(
    followed: tuple[Ends, Told], status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ends, "UNTOLD_S", 0.01)
    known, told = followed

    async with asyncio.timeout(5):
        ended = await known.of("1")

    assert (ended.status, ended.name, told.asked) == (status, "a.jpg", 2)
