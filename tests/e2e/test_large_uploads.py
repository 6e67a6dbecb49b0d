"""Two gigabytes at the door: refused early, and not held in memory."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from tests.checked_session import checked_session
from tests.e2e.images import small_photograph
from tests.rig import Rig

GIGABYTES_2 = 2 * 1024**3
CHUNK = b"\0" * 1024**2
RESUMABLE_BYTES = 200 * 1024**2
MOST_GROWTH = 50 * 1024**2


async def endless(head: bytes, sent: list[int]) -> AsyncIterator[bytes]:
    """Two gigabytes in chunks of one megabyte, of which the first begins with `head`."""
    yield head
    for _ in range(GIGABYTES_2 // len(CHUNK)):
        sent[0] += len(CHUNK)
        yield CHUNK


@pytest.mark.parametrize("declares_its_size", [True, False])
async def test_two_gigabytes_are_refused_early(rig: Rig, declares_its_size: bool) -> None:
    await rig.start(workers=0)
    process = psutil.Process(rig.frontend.pid)
    before, sent = process.memory_info().rss, [0]
    headers = {"Content-Type": "image/jpeg"}
    if declares_its_size:
        headers["Content-Length"] = str(GIGABYTES_2)

    peak = before
    async with checked_session(rig.url) as http:
        body = endless(small_photograph(1)[:64], sent)
        request = asyncio.create_task(_status(http, body, headers))
        while not request.done():
            peak = max(peak, process.memory_info().rss)
            await asyncio.wait({request}, timeout=0.02)

    status = await request
    assert status in (413, None), "None: the server hung up while the client was still sending"
    assert sent[0] < GIGABYTES_2 / 4
    assert peak - before < MOST_GROWTH
    assert not [path for path in rig.storage.rglob("*") if path.is_file()]


async def test_a_large_upload_that_can_be_resumed_is_not_held_in_memory(
    amqp_url: str, tmp_path: Path
) -> None:
    async with Rig(amqp_url, tmp_path, MIN_FREE_BYTES="0", MAX_UPLOAD_BYTES=str(GIGABYTES_2)) as rig:
        await rig.start(workers=0)
        process = psutil.Process(rig.frontend.pid)
        before = peak = process.memory_info().rss
        async with checked_session(rig.url) as http:
            sending = asyncio.create_task(resumable(http, RESUMABLE_BYTES))
            while not sending.done():
                peak = max(peak, process.memory_info().rss)
                await asyncio.wait({sending}, timeout=0.02)

        assert (await sending).startswith("/api/jobs/")
        assert peak - before < MOST_GROWTH


async def resumable(http: aiohttp.ClientSession, size: int) -> str:
    """The job of an upload of so many bytes, of which the second half comes in another request."""
    head = small_photograph(1)[:64]
    tus = {"Tus-Resumable": "1.0.0"}
    async with http.post("/files/", headers=tus | {"Upload-Length": str(size)}) as response:
        path = response.headers["Location"]
    for offset in (0, size // 2):
        about = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        about |= {"Content-Length": str(size // 2)}
        body = zeros(size // 2, head if offset == 0 else b"")
        async with http.patch(path, data=body, headers=tus | about) as response:
            assert response.status == 204, await response.text()
    return response.headers["Upload-Job"]


async def zeros(size: int, head: bytes) -> AsyncIterator[bytes]:
    """So many bytes, of which `head` are the first."""
    yield head
    for begin in range(len(head), size, len(CHUNK)):
        yield CHUNK[: size - begin]


async def _status(
    http: aiohttp.ClientSession, body: AsyncIterator[bytes], headers: dict[str, str]
) -> int | None:
    try:
        async with http.post("/upload", data=body, headers=headers) as response:
            return response.status
    except aiohttp.ClientError:
        return None
