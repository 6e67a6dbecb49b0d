"""Results as files: whole and right, or not there."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from image_resizer.answers import Job, Rendition
from image_resizer.client import Client
from image_resizer.errors import DownloadDamaged, NotSaved, Refused

RESULT = b"the bytes of a picture"
OTHER = b"the bytes of a thing.."
RENDITION = Rendition("300x300", 300, 300, "image/jpeg", len(RESULT), "/renditions/300x300")
JOB = Job("1", "done", name="holiday.jpg", renditions=(RENDITION,))


class Server:
    """Has one result. `sent` are the bodies that it sends for it, in turn, and the last one for good."""

    def __init__(self) -> None:
        self.sent = [RESULT]
        self.sha256: str | None = hashlib.sha256(RESULT).hexdigest()
        self.asked = 0

    async def receipt(self, _: web.Request) -> web.Response:
        rendition: dict[str, Any] = {"name": "300x300", "bytes": len(RESULT), "sha256": self.sha256}
        return web.json_response({"v": 1, "renditions": [rendition]})

    async def rendition(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        body = self.sent.pop(0) if len(self.sent) > 1 else self.sent[0]
        if body:
            return web.Response(body=body)
        response = web.StreamResponse(headers={"Content-Length": str(len(RESULT))})
        await response.prepare(request)
        await response.write(RESULT[:5])
        assert request.transport
        request.transport.close()
        return response


def contents(folder: Path) -> dict[str, bytes]:
    """All that is in a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def client(server: Server, aiohttp_server: AiohttpServer, tmp_path: Path) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_get("/api/jobs/1/receipt", server.receipt)
    app.router.add_get("/renditions/300x300", server.rendition)
    running = await aiohttp_server(app)
    async with Client(str(running.make_url("/")), patience_s=2, state=tmp_path / "state") as client:
        yield client


async def test_a_result_takes_the_place_of_what_was_there(client: Client, tmp_path: Path) -> None:
    (tmp_path / "holiday_300x300.jpg").write_bytes(b"of an earlier time, and longer than what comes now")

    [path] = await client.save(JOB, tmp_path)

    assert path == tmp_path / "holiday_300x300.jpg"
    assert contents(tmp_path) == {"holiday_300x300.jpg": RESULT}


@pytest.mark.parametrize("wrong", [RESULT[:-1], OTHER, b""], ids=["short", "other", "broken off"])
async def test_one_that_comes_wrong_is_fetched_again(
    client: Client, server: Server, tmp_path: Path, wrong: bytes
) -> None:
    server.sent = [wrong, RESULT]

    [path] = await client.save(JOB, tmp_path)

    assert path.read_bytes() == RESULT
    assert server.asked == 2


async def test_one_that_stays_wrong_leaves_what_was_there(
    client: Client, server: Server, tmp_path: Path
) -> None:
    server.sent = [OTHER]
    (tmp_path / "holiday_300x300.jpg").write_bytes(b"of an earlier time")

    with pytest.raises(DownloadDamaged):
        await client.save(JOB, tmp_path)

    assert contents(tmp_path) == {"holiday_300x300.jpg": b"of an earlier time"}


async def test_a_receipt_without_digests_is_enough(client: Client, server: Server, tmp_path: Path) -> None:
    server.sha256 = None

    assert len(await client.save(JOB, tmp_path)) == 1


async def test_a_folder_that_cannot_be_made_is_said(client: Client, tmp_path: Path) -> None:
    (tmp_path / "out").touch()

    with pytest.raises(NotSaved, match=r"cannot be written: (Not a directory|File exists)"):
        await client.save(JOB, tmp_path / "out" / "small")


async def test_a_job_that_is_no_more_is_told_with_its_code(client: Client, tmp_path: Path) -> None:
    with pytest.raises(Refused):
        await client.save(Job("2", "done", name="a.jpg", renditions=(RENDITION,)), tmp_path)
