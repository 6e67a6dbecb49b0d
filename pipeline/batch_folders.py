"""Which jobs a batch has: an empty file for each of them in the folder of the batch. Blocking."""

import os
from contextlib import suppress

from pipeline.durable_files import make_folder, sync_folder
from pipeline.ids import BatchId, JobId
from pipeline.store_paths import StorePaths


class BatchFolders:
    """The batches of one store."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths

    def join(self, batch_id: BatchId, job_id: JobId) -> None:
        """Put the job into the batch, whose folder another job may just be leaving empty."""
        batch = self._paths.batch_folder(batch_id)
        while True:
            with suppress(FileNotFoundError):
                make_folder(batch)
                (batch / job_id).touch()
                sync_folder(batch)
                return

    def leave(self, batch_id: BatchId, job_id: JobId) -> None:
        """Take the job out of the batch; an empty one does not exist."""
        batch = self._paths.batch_folder(batch_id)
        (batch / job_id).unlink(missing_ok=True)
        with suppress(OSError):  # other jobs are in it, or it is not there
            batch.rmdir()

    def names(self, batch_id: BatchId) -> list[str]:
        """The names in the folder of the batch, in any order; FileNotFoundError if there is no such batch."""
        return os.listdir(self._paths.batch_folder(batch_id))  # noqa: PTH208 -- paths would take ten times as long
