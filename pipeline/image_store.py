"""What a store of images can do: the images, their results, and the truth about the jobs."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.ids import BatchId, JobId
from pipeline.job_index import Filing
from pipeline.messages import Owner
from pipeline.records import JobRecord, Receipt


class IncomingImage(Protocol):
    """An image on its way into the store."""

    size: int
    """Bytes written so far."""

    @property
    def sha256(self) -> str:
        """The digest of an image that was kept, in hexadecimal."""

    async def write(self, chunk: bytes) -> None:
        """Append a chunk. Raises StorageFull."""

    async def keep(self, name: str) -> str:
        """Make the image part of the store under this name and return its path there. Raises StorageFull."""

    def close(self) -> None:
        """Let go of the file; what is not kept by now is for `discard` to remove."""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What a worker finds when it begins with a job, and the mark that it has set.

    `receipt` is how the job has ended before, if it has; there is no mark then. `lost` counts the attempts
    that were begun and whose workers have not ended them: they are dead, or still at it.
    """

    receipt: Receipt | None = None
    lost: int = 0
    mark: str = ""


@dataclass(frozen=True, kw_only=True)
class Traces:
    """When something was last written of a job that has not ended, in POSIX seconds.

    `asked`: what is asked of it. `begun`: the youngest mark of a worker; None if there is none.
    """

    asked: float
    begun: float | None


class ImageStore(Protocol):
    """Where images, results and records are. Every method that writes returns when it is on the disk."""

    async def receive(self, job_id: JobId) -> IncomingImage:
        """Begin to take in the image of a job. Whoever begins it must `keep` or `discard` it."""

    async def discard(self, job_id: JobId, batch_id: BatchId) -> None:
        """Remove all that was taken in for a job which was not accepted after all."""

    async def save_job(self, record: JobRecord) -> None:
        """Store what is asked of a job, and that it belongs to its batch."""

    async def load_job(self, job_id: JobId) -> JobRecord:
        """What was asked of a job; raises JobNotFound."""

    async def traces(self, job_id: JobId) -> Traces:
        """How fresh the job is; raises JobNotFound."""

    async def batch_job_ids(self, batch_id: BatchId) -> list[JobId]:
        """The jobs of a batch, oldest first; raises BatchNotFound."""

    async def newest(
        self,
        filings: Collection[Filing],
        *,
        most: int,
        before: JobId | None = None,
        batch: BatchId | None = None,
        owners: Sequence[Owner | None] | None = None,
    ) -> list[JobId]:
        """Up to `most` jobs that seem to stand so, newest first: those older than `before`, those of a batch.

        Of these owners, or None for all of them; of a batch there may be some of others.
        The receipt is the truth; of a job that stands otherwise `refile` is to be told.
        """

    async def refile(self, job_id: JobId) -> None:
        """Let `newest` know how the job really stands, unless that is just changing."""

    async def days(self) -> list[str]:
        """The days on which the images came that are here, oldest first."""

    async def job_ids_of(self, day: str) -> list[JobId]:
        """The jobs of such a day for which there is anything, oldest first."""

    async def begin(self, job_id: JobId) -> Beginning:
        """Set a mark that a worker is at this job, unless it has ended. Raises StorageFull."""

    async def is_marked(self, job_id: JobId) -> bool:
        """Whether there is a mark at the job: somebody is at it, or has died at it."""

    def let_go(self, job_id: JobId, mark: str) -> None:
        """Take the mark away: the worker is no longer at it, whatever became of it."""

    async def save_rendition(self, job_id: JobId, file_name: str, data: bytes) -> None:
        """Store a result."""

    async def discard_renditions(self, job_id: JobId) -> None:
        """Remove the results of a job that has none, and what is left of writing them; not its receipt."""

    async def save_receipt(self, receipt: Receipt) -> Receipt:
        """Store how a job has ended, after everything that the receipt tells of.

        A job ends once: the receipt that is returned is the one that stands, and may be an earlier one.
        """

    async def load_receipt(self, job_id: JobId) -> Receipt | None:
        """How the job ended; None while it has not."""

    async def load_receipts(self, job_ids: Sequence[JobId]) -> list[Receipt | None]:
        """How many jobs ended, as above; None also for a job whose receipt is damaged."""

    async def drop_receipt(self, job_id: JobId) -> None:
        """Let a job that has ended go on."""

    async def remove_job(self, tombstone: Receipt) -> None:
        """Remove the files of a job that has ended, and put this receipt in place of its own."""

    async def erase_job(self, job_id: JobId) -> None:
        """Remove every trace of a job that has ended."""

    def source_file(self, source_path: str) -> Path:
        """A file with the image that was sent; raises SourceMissing."""

    def rendition_file(self, job_id: JobId, file_name: str) -> Path:
        """A file with a result; raises JobNotFound when there is none of that name."""

    def free_bytes(self) -> int:
        """How much more fits into the store."""
