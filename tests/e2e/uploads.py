"""What a client of the HTTP API does."""

import asyncio
import io
from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.eventually import WITHIN_S, eventually

JsonObject = dict[str, Any]

LONG_S = 180.0
"""For what takes long beside other tests."""


async def upload(
    http: aiohttp.ClientSession,
    data: bytes,
    name: str = "photo.jpg",
    *,
    fields: Mapping[str, str] | None = None,
) -> JsonObject:
    """Send an image as a form, with further fields of it; the job that it became.

    It is worked, whatever has been sent before, unless the fields say otherwise.
    """
    form = aiohttp.FormData({"reuse": "no", **(fields or {})})
    form.add_field("file", io.BytesIO(data), filename=name)
    async with http.post("/upload", data=form) as response:
        answer: JsonObject = await response.json()
        assert response.status == 202, answer
    [job] = answer["jobs"]
    return dict(job)


async def upload_many(http: aiohttp.ClientSession, images: list[bytes], *, at_once: int = 20) -> list[str]:
    """Send each image in a request of its own; the ids of the jobs."""
    limit = asyncio.Semaphore(at_once)

    async def send(data: bytes) -> str:
        async with limit:
            return str((await upload(http, data))["id"])

    return list(await asyncio.gather(*(send(data) for data in images)))


async def get_job(http: aiohttp.ClientSession, job_id: str) -> JsonObject:
    """The job as it is now."""
    async with http.get(f"/api/jobs/{job_id}") as response:
        answer: JsonObject = await response.json()
        assert response.status == 200, answer
    return answer


async def job_with(
    http: aiohttp.ClientSession, job_id: str, *statuses: str, timeout_s: float = WITHIN_S
) -> JsonObject:
    """The job as soon as it has one of these statuses."""
    job: JsonObject = {}

    async def has_status() -> bool:
        nonlocal job
        job = await get_job(http, job_id)
        return job["status"] in statuses

    await eventually(has_status, timeout_s)
    return job


async def until_all_done(http: aiohttp.ClientSession, job_ids: list[str], timeout_s: float = LONG_S) -> None:
    """Return when every one of the jobs is done."""
    waiting = set(job_ids)

    async def none_waits() -> bool:
        for job_id in sorted(waiting):
            if (await get_job(http, job_id))["status"] == "done":
                waiting.discard(job_id)
        return not waiting

    await eventually(none_waits, timeout_s)
