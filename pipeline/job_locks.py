"""Who changes a job that was accepted: one request at a time, among all frontends that share the store."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pipeline.durable_files import space_errors
from pipeline.file_lock import file_lock
from pipeline.ids import JobId
from pipeline.store_paths import StorePaths


class JobLocks:
    """The locks of the jobs of a store on a disk. What a dead holder leaves is swept away with the claims."""

    def __init__(self, root: Path) -> None:
        self._folder = StorePaths(root.resolve()).locks

    @asynccontextmanager
    async def held(self, job_id: JobId) -> AsyncIterator[None]:
        """Keep everybody else from changing this job; who comes second waits. Raises StorageFull."""
        async with space_errors():
            self._folder.mkdir(exist_ok=True)
            async with file_lock(self._folder / job_id):
                yield
