"""Images on their way, many at once: sent, worked, fetched. What goes wrong with one stops no other."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from image_resizer.answers import Job
from image_resizer.downloads import Downloads
from image_resizer.ends import Ends
from image_resizer.errors import (
    Busy,
    DownloadDamaged,
    InvalidAnswer,
    JobEndedBadly,
    NotLetIn,
    NotSaved,
    ResizerError,
    Unreachable,
    WrongOption,
)
from image_resizer.local_image import LocalImage
from image_resizer.names import ResultNames, distinct_stems
from image_resizer.site import Site
from image_resizer.uploading import Accepted, Uploader, new_batch_id

FOR_ALL = (Unreachable, NotLetIn, WrongOption, InvalidAnswer)
"""What goes wrong with one image and would go wrong with each other one."""
GONE_ON_WITH = (Busy, DownloadDamaged, NotSaved)
"""After these the image need not be sent again: the next run goes on where this one was."""


@dataclass(eq=False)
class Errand:
    """One image on its way. Once it `is_over` there are `files`, its results here, or there is a `fault`."""

    image: LocalImage
    stem: str
    sent_bytes: int = 0
    job: Job | None = None
    files: list[Path] = field(default_factory=list)
    fault: ResizerError | None = None
    is_over: bool = False


OnChange = Callable[[Errand], None]


@dataclass(frozen=True)
class Plan:
    """What is asked of all images, where the results go, and how many are sent and fetched at a time.

    Without `out` an errand is over as soon as its image has become a job.
    """

    fields: dict[str, str]
    out: Path | None
    at_once: int
    on_change: OnChange = lambda _: None


class Errands:
    """Those of one list of images."""

    def __init__(self, site: Site, uploader: Uploader, images: Sequence[LocalImage], plan: Plan) -> None:
        stems = distinct_stems([image.name for image in images])
        self.all = [Errand(image, stem) for image, stem in zip(images, stems, strict=True)]
        self._uploader, self._plan = uploader, plan
        self._downloads = Downloads(site)
        self._ends = Ends(site, self._told)
        self._names = ResultNames(plan.out or Path(), reserved=[image.path for image in images])
        # One for all: a queue that stays full is not waited out for each image.
        self._for_room = site.patience()
        self._by_job: dict[str, Errand] = {}
        self._followed: dict[str, asyncio.Task[None]] = {}
        self._sending, self._fetching = asyncio.Semaphore(plan.at_once), asyncio.Semaphore(plan.at_once)
        self.batch_id = self._batch_id()

    async def run(self) -> None:
        """Return when all are over. Raises what is FOR_ALL; what was sent is gone on with the next time."""
        with first_of_several():
            async with asyncio.TaskGroup() as group:
                await asyncio.gather(
                    *(group.create_task(self._see_through(errand, group)) for errand in self.all)
                )
                for following in self._followed.values():
                    following.cancel()
        # Not one by one: who is interrupted is to find what was done before, and sends nothing twice.
        for errand in self.all:
            if not isinstance(errand.fault, GONE_ON_WITH):
                self._uploader.forget(errand.image, self._plan.fields)

    def _batch_id(self) -> str:
        """That of an earlier run which was broken off, or a new one."""
        batches = {self._uploader.batch_of(one.image, self._plan.fields) for one in self.all} - {None}
        return max((batch for batch in batches if batch), default=None) or new_batch_id()

    async def _see_through(self, errand: Errand, group: asyncio.TaskGroup) -> None:
        try:
            async with self._sending:
                accepted = await self._send(errand, group)
            if self._plan.out is not None:
                await self._fetch(errand, await self._ends.of(accepted.job_id))
        except FOR_ALL:
            raise
        except ResizerError as error:
            errand.fault = error
        errand.is_over = True
        self._plan.on_change(errand)

    async def _send(self, errand: Errand, group: asyncio.TaskGroup) -> Accepted:
        self._follow(self.batch_id, group)

        def sent(count: int) -> None:
            errand.sent_bytes = count
            self._plan.on_change(errand)

        accepted = await self._uploader.upload(
            errand.image, self._plan.fields, self.batch_id, sent, self._for_room
        )
        self._for_room.progressed()
        errand.sent_bytes = errand.image.size
        errand.job = Job(accepted.job_id, "queued", name=errand.image.name, batch_id=accepted.batch_id)
        self._by_job[accepted.job_id] = errand
        self._follow(accepted.batch_id, group)
        self._plan.on_change(errand)
        return accepted

    def _follow(self, batch_id: str, group: asyncio.TaskGroup) -> None:
        if self._plan.out is not None and batch_id not in self._followed:
            self._followed[batch_id] = group.create_task(self._ends.follow(batch_id))

    def _told(self, job: Job) -> None:
        errand = self._by_job.get(job.id)
        if errand is not None:
            if errand.job is None or errand.job.status != job.status:
                self._for_room.progressed()
            errand.job = job
            self._plan.on_change(errand)

    async def _fetch(self, errand: Errand, job: Job) -> None:
        errand.job = job
        if job.status != "done":
            raise JobEndedBadly(job)
        async with self._fetching:
            errand.files = await self._downloads.save_all(job, self._names, errand.stem)


@contextmanager
def first_of_several() -> Iterator[None]:
    """Raise only the first of the errors that have ended a group of tasks."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
