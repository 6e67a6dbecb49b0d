"""The events of one job, as a worker and a frontend would tell them."""

from datetime import datetime, timedelta

from pipeline.ids import BatchId, JobId, made_at, new_batch_id, new_job_id
from pipeline.log_id import LogId
from pipeline.messages import (
    JobCancelled,
    JobDone,
    JobError,
    JobFailed,
    JobQueued,
    JobRemoved,
    JobRetrying,
    JobStarted,
    RenditionReady,
    Result,
    Source,
)
from pipeline.records import Receipt


def at(offset: int) -> LogId:
    """The place of an event in a log."""
    return LogId(offset, 7_000_000 + offset)


SENT = Source(media_type="image/jpeg", bytes=5000)
OPENED = Source(media_type="image/jpeg", bytes=5000, width=640, height=480)
RESULT = Result(
    name="300x300", file="holiday_300x300.jpg", width=300, height=300, media_type="image/jpeg", bytes=900
)
ERROR = JobError(code="image_truncated", detail="The file ends too early.")
NOTES = ("The profile is broken.",)
PLACEHOLDER = "HggKLZpwdndwd3d3h2h3d6CACviH"
SPENT = {"decode": 3.5, "total": 9.0}


class Story:
    """Makes the events of one job; an event that is made twice is the same event."""

    def __init__(
        self, *, job_id: JobId | None = None, batch_id: BatchId | None = None, owner: str | None = None
    ) -> None:
        self.owner = owner
        self.job_id = job_id or new_job_id()
        self.batch_id = batch_id or new_batch_id()
        self.begun = made_at(self.job_id)
        self.name = "holiday.jpg"

    def queued(self, attempt: int = 1) -> JobQueued:
        return JobQueued(
            at=self._moment(attempt - 1),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
            name=self.name,
            source=SENT,
        )

    def started(self, attempt: int = 1, worker: str = "worker-1") -> JobStarted:
        return JobStarted(
            at=self._moment(attempt),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
            name=self.name,
            worker=worker,
        )

    def ready(self, attempt: int = 1) -> RenditionReady:
        return RenditionReady(
            at=self._moment(attempt),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
            result=RESULT,
        )

    def retrying(self, attempt: int = 1) -> JobRetrying:
        return JobRetrying(
            at=self._moment(attempt),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
            reason="The process died.",
            delay_s=2.0,
        )

    def done(self, attempt: int = 1, worker: str = "worker-1") -> JobDone:
        return JobDone(
            at=self._moment(attempt + 1),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
            name=self.name,
            worker=worker,
            source=OPENED,
            renditions=(RESULT,),
            notes=NOTES,
            placeholder=PLACEHOLDER,
            started_at=self._moment(attempt),
            timings_ms=SPENT,
        )

    def failed(self, attempt: int = 1, source: Source | None = SENT) -> JobFailed:
        return JobFailed(
            at=self._moment(attempt + 1),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
            name=self.name,
            worker="worker-1",
            source=source,
            error=ERROR,
            started_at=self._moment(attempt),
        )

    def cancelled(self, attempt: int = 1) -> JobCancelled:
        return JobCancelled(
            at=self._moment(attempt + 1),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
            name=self.name,
        )

    def removed(self, attempt: int = 1) -> JobRemoved:
        return JobRemoved(
            at=self._moment(attempt + 2),
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            attempt=attempt,
        )

    def receipt(self, attempt: int = 1) -> Receipt:
        done = self.done(attempt)
        return Receipt(
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            name=self.name,
            status="done",
            attempt=attempt,
            worker=done.worker,
            source=OPENED,
            renditions=(RESULT,),
            started_at=done.started_at,
            finished_at=done.at,
            timings_ms=SPENT,
            notes=NOTES,
            placeholder=PLACEHOLDER,
        )

    def failed_receipt(self) -> Receipt:
        failed = self.failed()
        return Receipt(
            job_id=self.job_id,
            batch_id=self.batch_id,
            owner=self.owner,
            name=self.name,
            status="failed",
            attempt=1,
            worker=failed.worker,
            source=SENT,
            error=ERROR,
            started_at=failed.started_at,
            finished_at=failed.at,
        )

    def _moment(self, second: int) -> datetime:
        return self.begun + timedelta(seconds=second)
