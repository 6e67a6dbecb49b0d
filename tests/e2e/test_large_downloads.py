"""The archive of a large batch is not held in memory, and nothing of it is written to the disk."""

import asyncio
import os
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import psutil

from pipeline.ids import BatchId, JobId, day_of, new_batch_id
from pipeline.local_store import LocalImageStore
from tests.e2e.images import small_photograph
from tests.rig import Rig
from tests.unit.frontend.story import RESULT, Story

JOBS = 10
FILE_BYTES = 20_000_000
MOST_GROWTH = 20_000_000


async def test_an_archive_of_200_megabytes_is_not_held_in_memory(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    batch_id = new_batch_id()
    await rig.start(workers=0)
    for _ in range(JOBS):
        await put_done_job(rig.storage, http, batch_id)
    process = psutil.Process(rig.frontend.pid)
    files = files_in(rig.storage)
    before = peak = process.memory_info().rss

    download = asyncio.create_task(archive_of(http, batch_id))
    while not download.done():
        peak = max(peak, process.memory_info().rss)
        await asyncio.wait({download}, timeout=0.02)

    archive = await download
    assert sum(info.file_size for info in archive.infolist()) == JOBS * FILE_BYTES
    assert archive.testzip() is None
    assert peak - before < MOST_GROWTH
    assert files_in(rig.storage) == files


async def archive_of(http: aiohttp.ClientSession, batch_id: BatchId) -> ZipFile:
    async with http.get(f"/api/batches/{batch_id}.zip") as response:
        assert response.status == 200
        return ZipFile(BytesIO(await response.read()))


async def put_done_job(storage: Path, http: aiohttp.ClientSession, batch_id: BatchId) -> None:
    """A job whose rendition is a large file with nothing in it, which takes no room on the disk."""
    async with http.put("/upload/a.jpg", data=small_photograph(1), params={"batch_id": batch_id}) as response:
        job_id = JobId((await response.json())["jobs"][0]["id"])
    store = LocalImageStore(storage)
    await store.save_rendition(job_id, RESULT.file, b"")
    os.truncate(storage / "processed" / day_of(job_id) / job_id / RESULT.file, FILE_BYTES)
    await store.save_receipt(Story(job_id=job_id, batch_id=batch_id).receipt())


def files_in(storage: Path) -> set[Path]:
    return {path for path in storage.rglob("*") if path.is_file()}
