"""The one class that Python programs use."""

import os
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from types import TracebackType
from typing import Self, Unpack

from yarl import URL

from image_resizer.answers import Batch, Job, Jobs, Pipeline
from image_resizer.downloads import Downloads
from image_resizer.errands import Errand, Errands, OnChange, Plan
from image_resizer.errors import InvalidAnswer, JobEndedBadly, NotLetIn, Refused, ResizerError
from image_resizer.following import follow
from image_resizer.local_image import LocalImage
from image_resizer.names import ResultNames, distinct_stems
from image_resizer.options import Options, as_fields
from image_resizer.remembered import RememberedUploads, state_folder
from image_resizer.sending import OnSent
from image_resizer.site import Site
from image_resizer.uploading import Uploader, new_batch_id
from image_resizer.watching import ended_batch, saved_batch

DEFAULT_URL = "http://localhost:5000"
PATIENCE_S = 60.0
AT_ONCE = 4

FilePath = str | os.PathLike[str]


class Client:
    """A server of the image resizer, for as long as `async with` lasts.

    All that is asked is tried again for `patience_s` seconds while the server cannot be reached or is busy;
    it says itself when it wants to be asked again. Then it is `Unreachable` or `Busy`. Everything may also
    raise `NotLetIn` (it wants another `key`), `Refused` with the code of the server, and `InvalidAnswer`; all
    are `ResizerError`.

    Uploads that are broken off are remembered in `state` (a folder; the user's own if not given), and gone on
    with when the same file is sent to the same server with the same options.
    """

    def __init__(
        self,
        url: str = DEFAULT_URL,
        *,
        key: str | None = None,
        patience_s: float = PATIENCE_S,
        state: Path | None = None,
    ) -> None:
        """Nothing is asked of the server yet. Raises ValueError if `url` is none of http or https."""
        self._url, self._key, self._patience_s = address(url), key, patience_s
        self._remembered = RememberedUploads(state or state_folder())
        self._opened = AsyncExitStack()

    async def __aenter__(self) -> Self:
        opened = Site.opened(self._url, key=self._key, patience_s=self._patience_s)
        self._site = await self._opened.enter_async_context(opened)
        self._uploader = Uploader(self._site, key=self._key, remembered=self._remembered)
        self._remembered.forget_old()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._opened.__aexit__(error_type, error, traceback)

    async def check(self) -> Pipeline:
        """How the server is, asked once: raises Unreachable, Busy and NotLetIn without any patience.

        Raises InvalidAnswer if it is another kind of server.
        """
        try:
            answer = await self._site.ask_once("GET", "/api/pipeline")
        except NotLetIn:
            raise
        except Refused as error:
            raise InvalidAnswer(f"{self._url} is no image resizer, or an old one: {error}") from error
        return self._site.understood(answer.body, Pipeline)

    async def pipeline(self) -> Pipeline:
        """The queue, the workers, and how fast they are."""
        return await self._site.get("/api/pipeline", Pipeline)

    async def resize(self, path: FilePath, *, out: FilePath = ".", **options: Unpack[Options]) -> list[Path]:
        """Send an image and wait for it; where its results are now in the folder `out`, in their order.

        Raises JobEndedBadly with the code of the job, WrongOption, SourceUnreadable, SourceChanged, NotSaved
        and DownloadDamaged.
        """
        [errand] = await self.resize_all([path], out=out, **options)
        if errand.fault is not None:
            raise errand.fault
        return errand.files

    async def resize_all(
        self,
        paths: Iterable[FilePath],
        *,
        out: FilePath | None = ".",
        at_once: int = AT_ONCE,
        on_change: OnChange = lambda _: None,
        **options: Unpack[Options],
    ) -> list[Errand]:
        """Send images in one batch and wait for all; what became of each, in their order, each file once.

        `at_once` are sent, and as many fetched, at the same time. `on_change` is called with an errand
        whenever it has gone forward. Without `out` nothing is waited for: each is over when it has become a
        job. What goes wrong with one image is its `fault`; what goes wrong with all (Unreachable, NotLetIn,
        WrongOption) is raised. So is SourceUnreadable, before anything is sent.
        """
        images = list({image.path: image for image in map(LocalImage.at, paths)}.values())
        plan = Plan(as_fields(options), None if out is None else Path(out), at_once, on_change)
        errands = Errands(self._site, self._uploader, images, plan)
        await errands.run()
        return errands.all

    async def upload(
        self,
        path: FilePath,
        *,
        batch_id: str | None = None,
        on_sent: OnSent = lambda _: None,
        **options: Unpack[Options],
    ) -> Job:
        """Send an image; the job that it has become.

        `on_sent` is told how many of its bytes have been sent so far. `batch_id` is one that `new_batch_id`
        has made within a day; if it is not given, the job has a batch of its own. An upload that was broken
        off before is gone on with in the batch in which it was begun.
        """
        image, fields = LocalImage.at(path), as_fields(options)
        accepted = await self._uploader.upload(image, fields, batch_id or new_batch_id(), on_sent)
        job = await self.job(accepted.job_id)
        # Not before: whoever is told of no job calls this again, and is to be given the same one.
        self._uploader.forget(image, fields)
        return job

    async def job(self, job_id: str) -> Job:
        """The job as it is now. Raises Refused: `job_not_found`."""
        return await self._site.get(f"/api/jobs/{job_id}", Job)

    async def batch(self, batch_id: str) -> Batch:
        """The batch and its jobs as they are now, oldest first. Raises Refused: `batch_not_found`."""
        return await self._site.get(f"/api/batches/{batch_id}", Batch)

    async def follow(self, batch_id: str) -> AsyncGenerator[Job, None]:
        """Each job of the batch as it is now, then again whenever it changes, without end and without a gap.

        The batch need not exist yet. A job that has been removed is told once with this status.
        """
        async for job in follow(self._site, {"batch": batch_id}):
            yield job

    async def wait(self, job_id: str) -> Job:
        """The job once it is done. Raises JobEndedBadly if it failed, was cancelled or removed."""
        job = await self.job(job_id)
        if not job.has_ended:
            async with aclosing(follow(self._site, {"job": job_id})) as news:
                while not job.has_ended:
                    job = await anext(news)
        if job.status != "done":
            raise JobEndedBadly(job)
        return job

    async def wait_for_batch(
        self,
        batch_id: str,
        *,
        on_job: Callable[[Job], None] = lambda _: None,
        known: Sequence[Job] = (),
    ) -> Batch:
        """The batch once all of its jobs have ended, well or badly. `on_job` is told of every change.

        What is older than the jobs that are `known` does not count: given those of `retry_batch`, it is not
        taken in by a frontend that has not heard of them yet.
        """
        return await ended_batch(self._site, batch_id, on_job, known)

    async def save_batch(
        self, batch: Batch, out: FilePath = ".", *, at_once: int = AT_ONCE
    ) -> dict[str, list[Path] | ResizerError]:
        """By the id of each job of the batch that is done, where its results are now, or why they are not."""
        return await saved_batch(Downloads(self._site), batch, Path(out), at_once=at_once)

    async def save(self, job: Job, out: FilePath = ".") -> list[Path]:
        """Where the results of a job that is done are now: files in `out`, named after its image."""
        [stem] = distinct_stems([job.name])
        return await Downloads(self._site).save_all(job, ResultNames(Path(out)), stem)

    async def retry(self, job_id: str) -> Job:
        """Try a job once more that failed or was cancelled. Raises Refused: `job_not_failed`."""
        return await self._site.get(f"/api/jobs/{job_id}/retry", Job, method="POST")

    async def retry_batch(self, batch_id: str) -> tuple[Job, ...]:
        """Try once more what failed of the batch: those jobs."""
        return (await self._site.get(f"/api/batches/{batch_id}/retry", Jobs, method="POST")).jobs

    async def delete(self, job_id: str) -> Job | None:
        """Call a job off that has not ended, and return it; remove one that has, with all its files.

        When the answer is lost this is Unreachable at once: asking again could remove what was called off.
        """
        answer = await self._site.ask("DELETE", f"/api/jobs/{job_id}")
        return self._site.understood(answer.body, Job) if answer.body else None


def address(text: str) -> URL:
    """The address of a server, which has nothing behind the port. Raises ValueError."""
    url = URL(text)
    if url.scheme not in ("http", "https") or not url.host or url != url.origin() / "":
        raise ValueError(f"{text!r} is no address such as {DEFAULT_URL}")
    return url.origin()
