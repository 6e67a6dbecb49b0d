"""Who changes a job that was accepted: one request at a time, among all frontends that share the store."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from pipeline.durable_files import space_errors
from pipeline.errors import JobBusy
from pipeline.file_lock import file_lock
from pipeline.ids import JobId
from pipeline.store_paths import StorePaths

BUSY_AFTER_S = 15.0
"""A change takes some seconds if the broker is slow. Who takes longer stands still, as if stopped."""


class JobLocks:
    """The locks of the jobs of a store on a disk. What a dead holder leaves is swept away with the claims."""

    def __init__(self, root: Path) -> None:
        self._folder = StorePaths(root.resolve()).locks

    @asynccontextmanager
    async def held(self, job_id: JobId) -> AsyncIterator[None]:
        """Keep everybody else from changing this job; who comes second waits.

        Raises JobBusy if that takes too long, and StorageFull.
        """
        async with space_errors(), AsyncExitStack() as stack:
            self._folder.mkdir(exist_ok=True)
            try:
                await stack.enter_async_context(file_lock(self._folder / job_id, within_s=BUSY_AFTER_S))
            except TimeoutError as error:
                raise JobBusy from error
            yield
