"""The jobs of a store on a disk as the index has them, newest first, and the index as it should be."""

import heapq
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from itertools import islice

from pipeline.batch_folders import BatchFolders
from pipeline.errors import InvalidId
from pipeline.ids import BatchId, JobId, parse_job_id
from pipeline.job_index import Filing, JobIndex
from pipeline.records import DamagedRecord, decode_receipt
from pipeline.store_paths import StorePaths

LISTED: frozenset[Filing] = frozenset({"open", "done", "failed", "cancelled"})
"""How all the jobs are filed that are in the folder of a batch."""
SETTLED_AFTER_S = 60.0
"""An entry that was made less long ago may be ahead of its receipt, which somebody is just writing."""


class FiledJobs:
    """Reads and mends the index of one store. Blocking."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths
        self._batches = BatchFolders(paths)
        self._index = JobIndex(paths)

    def newest(
        self, filings: Collection[Filing], *, most: int, before: JobId | None, batch: BatchId | None
    ) -> list[JobId]:
        """As ImageStore tells; of a batch that is not there it is none."""
        if batch is not None:
            return list(islice(self._of_batch(batch, filings, before), most))
        found = [self._index.newest(filing, before) for filing in filings]
        return list(islice(_without_repeats(heapq.merge(*found, reverse=True)), most))

    @contextmanager
    def ahead(self, job_id: JobId, filing: Filing, *, is_listed: bool = True) -> Iterator[None]:
        """File the job as what is written inside is going to say; if that cannot be, as it was.

        Lists have those jobs only that came through a frontend, and so into a batch.
        """
        if is_listed:
            self._index.file(job_id, filing)
        try:
            yield
        except OSError:
            with suppress(DamagedRecord):
                self.put_right(job_id)
            raise

    def refile(self, job_id: JobId) -> None:
        """File the job as it is, unless that has just changed. Raises DamagedRecord."""
        if time.time() - self._index.changed_at(job_id) < SETTLED_AFTER_S:
            return
        self.put_right(job_id)

    def put_right(self, job_id: JobId) -> None:
        """File the job as it is. Raises DamagedRecord."""
        filing = self._filing_of(job_id)
        if filing is None:
            self._index.remove(job_id)
        else:
            self._index.file(job_id, filing)

    def _filing_of(self, job_id: JobId) -> Filing | None:
        """How the job is to be filed; those that came without a frontend are not."""
        try:
            receipt = decode_receipt(self._paths.receipt(job_id).read_bytes())
        except FileNotFoundError:
            return "open" if self._paths.job(job_id).exists() else None
        return receipt.status if receipt.batch_id is not None else None

    def _of_batch(self, batch: BatchId, filings: Collection[Filing], before: JobId | None) -> Iterator[JobId]:
        try:
            names = self._batches.names(batch)
        except FileNotFoundError:
            return
        for name in sorted((name for name in names if not before or name < before), reverse=True):
            with suppress(InvalidId):
                job_id = parse_job_id(name)
                if set(filings) >= LISTED or any(self._index.holds(job_id, filing) for filing in filings):
                    yield job_id


def _without_repeats(job_ids: Iterator[JobId]) -> Iterator[JobId]:
    """Each of the sorted ids once: a job may be moved while its folders are read."""
    last = None
    for job_id in job_ids:
        if job_id != last:
            yield job_id
        last = job_id
