"""The images of a load test on their way, all at once."""

import asyncio
import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import aiohttp
from PIL import Image

from benchmarks.load.errors import Fault
from benchmarks.load.follower import Follower
from benchmarks.load.site import JsonObject, Site
from benchmarks.load.upload import Upload
from pipeline.ids import BatchId

EXPECTED_SIZE = (300, 300)

Note = Callable[[str], None]  # called with a step each time an image has made it


class Batch:
    """A batch of uploads: sends them, has their jobs followed, checks the results."""

    def __init__(
        self, site: Site, batch_id: BatchId, follower: Follower, note: Note, *, may_reuse: bool = False
    ) -> None:
        """Each image is worked, unless the server `may_reuse` results that it has made before."""
        self._site, self._id, self._follower, self._note = site, batch_id, follower, note
        self._fields = {"batch_id": batch_id, "reuse": "yes" if may_reuse else "no"}

    async def run(self, uploads: Sequence[Upload], *, concurrency: int, timeout_s: float) -> None:
        """Return when every upload has ended or the time is up. Raises Unusable."""
        turns, deadline = asyncio.Semaphore(concurrency), asyncio.get_running_loop().time() + timeout_s
        with first_of_several():
            async with asyncio.TaskGroup() as group:
                following = group.create_task(self._follower.follow())
                await asyncio.gather(*(self._see_through(upload, turns, deadline) for upload in uploads))
                following.cancel()
        # Only now, so that it does not count as part of what is measured.
        await asyncio.gather(*(self._check(upload, turns) for upload in uploads if not upload.fault))

    async def _see_through(self, upload: Upload, turns: asyncio.Semaphore, deadline: float) -> None:
        with upload.keeping_fault("not_sent"):
            async with asyncio.timeout_at(deadline):
                async with turns:
                    job = await self._send(upload)
                upload.accepted_at = time.perf_counter()
                self._note("accepted")
                end = await self._follower.end_of(job)
            upload.ended_at, upload.job = end.at, end.job
            check_status(upload.job)
        self._note("failed" if upload.fault else "done")

    async def _send(self, upload: Upload) -> JsonObject:
        """The job that the image has become."""
        content = await asyncio.to_thread(upload.path.read_bytes)

        def form() -> aiohttp.FormData:
            made = aiohttp.FormData(self._fields)
            made.add_field("file", io.BytesIO(content), filename=upload.path.name)
            return made

        upload.sent_at = time.perf_counter()
        headers = self._follower.upload_headers
        async with self._site.answer("POST", "/upload", body=form, headers=headers) as response:
            answer = await response.json() if "json" in response.content_type else {}
            if response.ok and answer.get("jobs"):
                return dict(answer["jobs"][0])
        raise self._site.refusal(response.status, (answer.get("rejected") or [answer])[0])

    async def _check(self, upload: Upload, turns: asyncio.Semaphore) -> None:
        with upload.keeping_fault("not_verified"):
            renditions = upload.job["renditions"] if upload.job else []
            if not renditions:
                raise ValueError("The job is done, and has no rendition.")
            for rendition in renditions:
                async with turns, self._site.answer("GET", rendition["url"]) as response:
                    response.raise_for_status()
                    await asyncio.to_thread(check_file, await response.read())


def check_status(job: JsonObject) -> None:
    """Raise Fault unless the job is done."""
    if job["status"] != "done":
        error: dict[str, Any] = job["error"] or {
            "code": job["status"],
            "detail": "Somebody did away with it.",
        }
        raise Fault(error["code"], error["detail"])


def check_file(data: bytes) -> None:
    """Raise what Pillow raises, or ValueError, unless the file can be decoded and has the right size."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    if image.size != EXPECTED_SIZE:
        raise ValueError(f"The result is {image.width}×{image.height} pixels.")


@contextmanager
def first_of_several() -> Iterator[None]:
    """Raise only the first of the errors that have ended a group of tasks."""
    try:
        yield
    except ExceptionGroup as group:
        raise group.exceptions[0] from None
