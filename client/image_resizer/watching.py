"""A batch until all of its jobs have ended, and its results."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from msgspec.structs import replace

from image_resizer.answers import Batch, Job
from image_resizer.downloads import Downloads
from image_resizer.ends import Ends
from image_resizer.errands import FOR_ALL, first_of_several
from image_resizer.errors import ResizerError
from image_resizer.names import ResultNames, distinct_stems
from image_resizer.site import Site


async def ended_batch(
    site: Site, batch_id: str, on_job: Callable[[Job], None], known: Sequence[Job] = ()
) -> Batch:
    """The batch once all of its jobs have ended, those that it gets meanwhile too; `on_job` is told of each
    change.

    What is older than the jobs that are `known` does not count. Raises Refused if there is no such batch, and
    Unreachable and Busy when patience is over.
    """
    ends = Ends(site, on_job)
    ends.latest(known)
    with first_of_several():
        async with asyncio.TaskGroup() as group:
            following = group.create_task(ends.follow(batch_id))
            try:
                return await _until_all_have_ended(site, batch_id, ends)
            finally:
                following.cancel()
    raise AssertionError("a group of tasks ends with what it returns, or raises")


async def _until_all_have_ended(site: Site, batch_id: str, ends: Ends) -> Batch:
    """Another frontend may answer than the one that tells, and not know yet what has been told."""
    while True:
        batch = await site.get(f"/api/batches/{batch_id}", Batch)
        jobs = ends.latest(batch.jobs)
        if all(job.has_ended for job in jobs):
            return replace(batch, jobs=jobs, counts=Counter(job.status for job in jobs))
        for job in jobs:
            await ends.of(job.id)


async def saved_batch(
    downloads: Downloads, batch: Batch, out: Path, *, at_once: int
) -> dict[str, list[Path] | ResizerError]:
    """By the id of each job that is done, where its results are now in this folder, or why they are not."""
    names, turns = ResultNames(out), asyncio.Semaphore(at_once)

    async def saved(job: Job, stem: str) -> list[Path] | ResizerError:
        try:
            async with turns:
                return await downloads.save_all(job, names, stem)
        except FOR_ALL:
            raise
        except ResizerError as error:
            return error

    stems = zip(batch.jobs, distinct_stems([job.name for job in batch.jobs]), strict=True)
    with first_of_several():
        async with asyncio.TaskGroup() as group:
            saving = {
                job.id: group.create_task(saved(job, stem)) for job, stem in stems if job.status == "done"
            }
    return {job_id: task.result() for job_id, task in saving.items()}
