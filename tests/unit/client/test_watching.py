"""A batch is watched to its end, also when the frontend that answers knows less than the one that tells."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from image_resizer.answers import Job
from image_resizer.client import Client

JOB = {"id": "1", "status": "processing", "name": "a.jpg"}
FAILED = JOB | {"status": "failed", "error": {"code": "image_truncated", "detail": "It ends."}}
DONE = JOB | {"status": "done"}
WITHIN_S = 5.0


class Frontends:
    """One that is behind is asked for the batch; another one tells of its jobs, once they are asked for."""

    def __init__(self, behind: list[dict[str, Any]], told: list[dict[str, Any]]) -> None:
        self._behind, self._told = behind, told
        self.asked = 0
        self._is_asked, self.is_over = asyncio.Event(), asyncio.Event()

    async def batch(self, _: web.Request) -> web.Response:
        self.asked += 1
        self._is_asked.set()
        assert self.asked < 10, "it is asked again and again"
        counts = {job["status"]: 1 for job in self._behind}
        return web.json_response({"id": "b", "page": "/batches/b", "counts": counts, "jobs": self._behind})

    async def line(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await self._is_asked.wait()
        await socket.send_json({"type": "snapshot", "id": "1-a", "jobs": self._behind})
        for job in self._told:
            await socket.send_json({"type": "job", "id": "2-b", "job": job})
        await self.is_over.wait()
        return socket


@pytest.fixture
async def frontends_at(aiohttp_server: AiohttpServer) -> Callable[[Frontends], Any]:
    """The address of frontends."""

    async def address_of(frontends: Frontends) -> str:
        app = web.Application()
        app.router.add_get("/ws", frontends.line)
        app.router.add_get("/api/batches/b", frontends.batch)
        return str((await aiohttp_server(app)).make_url("/"))

    return address_of


async def ended(frontends: Frontends, url: str, known: list[Job]) -> tuple[dict[str, int], list[str]]:
    """How many jobs have which status once all have ended, and what each of them has."""
    async with Client(url, patience_s=0) as client:
        try:
            async with asyncio.timeout(WITHIN_S):
                batch = await client.wait_for_batch("b", known=known)
        finally:
            frontends.is_over.set()
    return batch.counts, [job.status for job in batch.jobs]


@pytest.mark.parametrize(
    ("told", "expected"), [(DONE, ({"done": 1}, ["done"])), (JOB | {"status": "removed"}, ({}, []))]
)
async def test_what_has_been_told_counts_when_the_answer_lags_behind(
    frontends_at: Callable[[Frontends], Any], told: dict[str, Any], expected: tuple[dict[str, int], list[str]]
) -> None:
    frontends = Frontends(behind=[JOB], told=[told])

    assert await ended(frontends, await frontends_at(frontends), known=[]) == expected
    assert frontends.asked == 2


async def test_an_old_failure_is_not_the_end_of_what_is_tried_once_more(
    frontends_at: Callable[[Frontends], Any],
) -> None:
    frontends = Frontends(behind=[FAILED], told=[DONE | {"attempt": 2}])
    tried = [Job("1", "queued", name="a.jpg", attempt=2)]

    assert await ended(frontends, await frontends_at(frontends), tried) == ({"done": 1}, ["done"])
    assert frontends.asked == 2
