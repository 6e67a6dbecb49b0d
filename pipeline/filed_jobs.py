"""The jobs of a store on a disk as the index has them, newest first, and the index as it should be."""

import heapq
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice

from pipeline.batch_folders import BatchFolders
from pipeline.errors import InvalidId
from pipeline.ids import BatchId, JobId, parse_job_id
from pipeline.job_index import Filing, JobIndex, JobIndexes
from pipeline.messages import Owner
from pipeline.records import DamagedRecord, JobRecord, Receipt, decode_job, decode_receipt
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
        self._indexes = JobIndexes(paths)

    def newest(
        self,
        filings: Collection[Filing],
        *,
        most: int,
        before: JobId | None,
        batch: BatchId | None,
        owners: Sequence[Owner | None] | None,
    ) -> list[JobId]:
        """As ImageStore tells; of a batch that is not there it is none."""
        indexes = self._indexes.of_all() if owners is None else [self._indexes.of(one) for one in owners]
        if batch is not None:
            is_any = owners is None and set(filings) >= LISTED
            names = self._of_batch(batch, before)
            found_in = (one for one in names if is_any or _is_filed(one, filings, indexes))
            return list(islice(found_in, most))
        found = [index.newest(filing, before) for index in indexes for filing in filings]
        return list(islice(_without_repeats(heapq.merge(*found, reverse=True)), most))

    @contextmanager
    def ahead(self, record: JobRecord | Receipt, filing: Filing) -> Iterator[None]:
        """File the job as the record says that is going to be written inside; if that cannot be, as it was.

        Lists have those jobs only that came through a frontend, and so into a batch.
        """
        job_id = parse_job_id(record.job_id)
        if record.batch_id is not None:
            self._indexes.of(record.owner).file(job_id, filing)
        try:
            yield
        except OSError:
            with suppress(DamagedRecord):
                self.put_right(job_id)
            raise

    def refile(self, job_id: JobId) -> None:
        """File the job as it is, unless that has just changed. Raises DamagedRecord."""
        changed_at = max((index.changed_at(job_id) for index in self._indexes.of_all()), default=0.0)
        if time.time() - changed_at >= SETTLED_AFTER_S:
            self.put_right(job_id)

    def put_right(self, job_id: JobId) -> None:
        """File the job as it is. Raises DamagedRecord."""
        record = self._record(job_id)
        if record is None or record.batch_id is None:  # those that came without a frontend are not filed
            self._indexes.remove(job_id)
        else:
            filing = record.status if isinstance(record, Receipt) else "open"
            self._indexes.of(record.owner).file(job_id, filing)

    def reopen(self, job_id: JobId) -> None:
        """File the job, which came through a frontend, as one that goes on."""
        with suppress(FileNotFoundError, DamagedRecord):
            owner = decode_job(self._paths.job(job_id).read_bytes()).owner
            self._indexes.of(owner).file(job_id, "open")

    def remove(self, job_id: JobId) -> None:
        """Know nothing of the job any more."""
        self._indexes.remove(job_id)

    def _record(self, job_id: JobId) -> JobRecord | Receipt | None:
        """The receipt of the job, or what was asked; None if there is nothing of it. Raises DamagedRecord."""
        with suppress(FileNotFoundError):
            return decode_receipt(self._paths.receipt(job_id).read_bytes())
        with suppress(FileNotFoundError):
            return decode_job(self._paths.job(job_id).read_bytes())
        return None

    def _of_batch(self, batch: BatchId, before: JobId | None) -> Iterator[JobId]:
        try:
            names = self._batches.names(batch)
        except FileNotFoundError:
            return
        for name in sorted((name for name in names if not before or name < before), reverse=True):
            with suppress(InvalidId):
                yield parse_job_id(name)


def _is_filed(job_id: JobId, filings: Collection[Filing], indexes: list[JobIndex]) -> bool:
    return any(index.holds(job_id, filing) for index in indexes for filing in filings)


def _without_repeats(job_ids: Iterator[JobId]) -> Iterator[JobId]:
    """Each of the sorted ids once: a job may be moved while its folders are read."""
    last = None
    for job_id in job_ids:
        if job_id != last:
            yield job_id
        last = job_id
