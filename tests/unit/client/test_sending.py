"""The bytes of an image on their way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer
from yarl import URL

from image_resizer import sending
from image_resizer.errors import Unreachable
from image_resizer.local_image import LocalImage
from image_resizer.site import Site

WITHIN_S = 30.0
MUCH = 32 * 1024**2
"""More than systems keep of what has not been read."""


@pytest.fixture
async def deaf(aiohttp_server: AiohttpServer) -> AsyncIterator[URL]:
    """A server that reads nothing of what it is sent."""
    is_over = asyncio.Event()

    async def wait(_: web.Request) -> web.Response:
        await is_over.wait()
        return web.Response(status=204)

    app = web.Application(client_max_size=MUCH)
    app.router.add_patch("/files/1", wait)
    yield (await aiohttp_server(app)).make_url("/")
    is_over.set()


async def test_who_takes_nothing_for_too_long_counts_as_unreachable(
    deaf: URL, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "STALL_S", 0.3)
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(MUCH)
    image, told = LocalImage.at(tmp_path / "a.jpg"), list[int]()

    async with Site.opened(deaf, key=None, patience_s=0) as site:
        with pytest.raises(Unreachable, match="has taken nothing for"):
            async with asyncio.timeout(WITHIN_S):
                await sending.send_from(site, "/files/1", image, 0, told.append)

    assert 0 < max(told) < MUCH


async def test_what_the_caller_raises_is_no_broken_connection(deaf: URL, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"abc")

    def raising(_: int) -> None:
        raise KeyError("a mistake of the caller")

    async with Site.opened(deaf, key=None, patience_s=0) as site:
        with pytest.raises(KeyError):
            async with asyncio.timeout(WITHIN_S):
                await sending.send_from(site, "/files/1", LocalImage.at(tmp_path / "a.jpg"), 0, raising)
