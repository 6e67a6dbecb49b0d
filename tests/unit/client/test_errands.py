"""Many images on their way to a server that takes them, or does not."""

from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from image_resizer.client import Client
from image_resizer.errors import Busy
from tests.unit.client.conftest import Clock

IMAGES = 20


class Tus:
    """Takes all bytes, and makes jobs of them in turn as it is told: 204, or 503 while the queue is full."""

    def __init__(self, answers: list[int]) -> None:
        self._answers = answers
        self.uploads = 0
        self.asked = 0

    async def create(self, _: web.Request) -> web.Response:
        self.uploads += 1
        return web.Response(status=201, headers={"Location": f"/files/{self.uploads}"})

    async def look(self, _: web.Request) -> web.Response:
        return web.Response(headers={"Upload-Offset": "3"})

    async def append(self, request: web.Request) -> web.Response:
        await request.read()
        self.asked += 1
        status = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if status == 204:
            headers = {"Upload-Offset": "3", "Upload-Job": f"/api/jobs/{request.match_info['id']}"}
            return web.Response(status=status, headers=headers)
        body = {"code": "queue_full", "detail": "It is full."}
        return web.json_response(body, status=status, headers={"Retry-After": "10"})


async def faults(tus: Tus, server: AiohttpServer, folder: Path, *, patience_s: float) -> list[str | None]:
    """What the images are refused for that are sent, one at a time."""
    app = web.Application()
    app.router.add_post("/files/", tus.create)
    app.router.add_patch("/files/{id}", tus.append)
    app.router.add_head("/files/{id}", tus.look)
    url = str((await server(app)).make_url("/"))
    paths = [folder / f"{number}.jpg" for number in range(IMAGES)]
    for path in paths:
        path.write_bytes(b"abc")
    async with Client(url, patience_s=patience_s, state=folder / "state") as client:
        errands = await client.resize_all(paths, out=None, at_once=1)
    assert all(errand.fault is None or isinstance(errand.fault, Busy) for errand in errands)
    return [errand.fault.code if errand.fault else None for errand in errands]


async def test_a_queue_that_stays_full_is_waited_out_once_and_not_for_each_image(
    aiohttp_server: AiohttpServer, tmp_path: Path, clock: Clock
) -> None:
    tus = Tus([503])

    assert await faults(tus, aiohttp_server, tmp_path, patience_s=60) == ["queue_full"] * IMAGES
    assert sum(clock.pauses) <= 60
    assert tus.asked == len(clock.pauses) + IMAGES


async def test_each_image_that_is_taken_gives_new_patience_for_the_others(
    aiohttp_server: AiohttpServer, tmp_path: Path, clock: Clock
) -> None:
    tus = Tus([503, 503, 503, 204] * IMAGES)

    assert await faults(tus, aiohttp_server, tmp_path, patience_s=30) == [None] * IMAGES
    assert sum(clock.pauses) == pytest.approx(IMAGES * 30)
