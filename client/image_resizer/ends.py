"""The ends of jobs, for those who wait for them."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from msgspec.structs import replace

from image_resizer.answers import Job
from image_resizer.errors import Refused
from image_resizer.following import follow
from image_resizer.site import Site

NOT_FOUND = 404
UNTOLD_S = 5.0
"""How long a job that is waited for may go without a word of it on the line until it is asked for again."""


@dataclass
class Ends:
    """Follows batches, tells of each change of their jobs, and knows which have ended."""

    site: Site
    on_job: Callable[[Job], None] = lambda _: None
    _jobs: dict[str, Job] = field(default_factory=dict)
    _on_the_line: set[str] = field(default_factory=set)
    _waiting: dict[str, asyncio.Future[Job]] = field(default_factory=dict)

    async def follow(self, batch_id: str) -> None:
        """Listen for good. Raises as `follow` does."""
        async for job in follow(self.site, {"batch": batch_id}):
            self._on_the_line.add(job.id)
            self.take(job)

    async def of(self, job_id: str) -> Job:
        """The job once it has ended; `removed` if there is no such job.

        Its batch has to be followed meanwhile. A job of which the line has told nothing yet is asked for, now
        and again: it may have ended, or have been removed, before anybody listened.
        """
        if job_id not in self._jobs:
            self.take(await self._asked(job_id))
        while not self._jobs[job_id].has_ended:
            is_told = job_id in self._on_the_line
            with suppress(TimeoutError):
                async with asyncio.timeout(None if is_told else UNTOLD_S):
                    return await asyncio.shield(self._end_of(job_id))
            if job_id not in self._on_the_line:
                self.take(await self._asked(job_id))
        return self._jobs[job_id]

    def take(self, job: Job) -> None:
        """Take in what is known of a job; what is older than what was known changes nothing."""
        known = self._jobs.get(job.id)
        if known is not None and _is_older(job, known):
            return
        self._jobs[job.id] = job
        self.on_job(job)
        if job.has_ended:
            ended = self._waiting.pop(job.id, None)
            if ended is not None and not ended.done():
                ended.set_result(job)

    def latest(self, jobs: Sequence[Job]) -> tuple[Job, ...]:
        """These jobs as they are now for all that is known, without those that are no more."""
        for job in jobs:
            self.take(job)
        known = (self._jobs[job.id] for job in jobs)
        return tuple(job for job in known if job.status != "removed")

    def _end_of(self, job_id: str) -> asyncio.Future[Job]:
        return self._waiting.setdefault(job_id, asyncio.get_running_loop().create_future())

    async def _asked(self, job_id: str) -> Job:
        try:
            return await self.site.get(f"/api/jobs/{job_id}", Job)
        except Refused as error:
            if error.status == NOT_FOUND:
                return replace(self._jobs.get(job_id) or Job(job_id, ""), status="removed")
            raise


def _is_older(job: Job, known: Job) -> bool:
    """An attempt is over before there is another one."""
    return job.attempt < known.attempt or (known.has_ended and job.attempt == known.attempt)
