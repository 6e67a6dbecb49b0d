"""What a frontend knows about one job, and how it grows with every event. Pure and frozen.

Events can arrive twice and out of order. They are taken by (attempt, rank of state), and an ended job stays
ended, so a state never goes backwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from pipeline.ids import JobId, made_at, parse_job_id
from pipeline.messages import (
    AnyJobEvent,
    JobDone,
    JobError,
    JobFailed,
    JobQueued,
    JobRetrying,
    JobStarted,
    RenditionReady,
    Result,
    Source,
)
from pipeline.records import JobRecord, Receipt, event_of

Status = Literal["queued", "processing", "retrying", "done", "failed"]

_RANKS: dict[Status, int] = {"queued": 0, "processing": 1, "retrying": 2, "done": 3, "failed": 3}


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job as it is shown. Times are UTC; `error` of a job that is retried says what is in the way.

    `rendition_count` is how many renditions are asked for, None while that is not known.
    """

    id: JobId
    batch_id: str | None = None
    name: str = "image"
    status: Status = "queued"
    attempt: int = 1
    worker: str | None = None
    source: Source | None = None
    rendition_count: int | None = None
    renditions: tuple[Result, ...] = ()
    notes: tuple[str, ...] = ()
    error: JobError | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)

    @property
    def is_ended(self) -> bool:
        """Whether nothing can happen to the job any more."""
        return self.status in ("done", "failed")

    @property
    def created_at(self) -> datetime:
        """When the job was accepted, which its id tells."""
        return made_at(self.id)

    def completed(self, stored: "JobState") -> "JobState":
        """This state, and what only the record in the store tells."""
        return replace(
            self,
            name=stored.name,
            source=self.source or stored.source,
            batch_id=stored.batch_id,
            rendition_count=stored.rendition_count,
        )

    def advanced(self, event: AnyJobEvent) -> "JobState":
        """The state after this event: the very same object when the event is no news."""
        match event:
            case JobQueued():
                return self._with_queued(event)
            case RenditionReady():
                return self._with_rendition(event)
            case JobStarted() if self._is_behind(event.attempt, "processing"):
                return self._started(event)
            case JobRetrying() if self._is_behind(event.attempt, "retrying"):
                reason = JobError(code="retrying", detail=event.reason)
                return replace(self, status="retrying", attempt=event.attempt, worker=None, error=reason)
            case JobDone() | JobFailed() if not self.is_ended:
                return self._ended(event)
        return self

    def _is_behind(self, attempt: int, status: Status) -> bool:
        return not self.is_ended and (self.attempt, _RANKS[self.status]) < (attempt, _RANKS[status])

    def _with_queued(self, event: JobQueued) -> "JobState":
        """A job may be begun before the news that it waits is out; what was sent is still worth having."""
        if self.source is not None and self.rendition_count is not None:
            return self
        source = self.source or event.source
        return replace(self, name=event.name, source=source, rendition_count=event.rendition_count)

    def _with_rendition(self, event: RenditionReady) -> "JobState":
        if self.is_ended or any(result.name == event.result.name for result in self.renditions):
            return self
        return replace(self, renditions=(*self.renditions, event.result))

    def _started(self, event: JobStarted) -> "JobState":
        return replace(
            self,
            status="processing",
            attempt=event.attempt,
            name=event.name,
            worker=event.worker,
            started_at=event.at,
            error=None,
        )

    def _ended(self, event: JobDone | JobFailed) -> "JobState":
        return replace(
            self,
            status="done" if isinstance(event, JobDone) else "failed",
            attempt=event.attempt,
            name=event.name,
            worker=event.worker,
            source=event.source or self.source,
            rendition_count=len(event.renditions) if isinstance(event, JobDone) else self.rendition_count,
            renditions=event.renditions if isinstance(event, JobDone) else (),
            notes=event.notes if isinstance(event, JobDone) else (),
            error=event.error if isinstance(event, JobFailed) else None,
            started_at=event.started_at,
            finished_at=event.at,
            timings_ms=event.timings_ms if isinstance(event, JobDone) else {},
        )


def state_from_event(event: AnyJobEvent) -> JobState:
    """The state of a job of which this event is the first news."""
    return JobState(id=parse_job_id(event.job_id), batch_id=event.batch_id).advanced(event)


def state_from_record(record: JobRecord) -> JobState:
    """The state of a job of which only job.json tells: it waits."""
    return JobState(
        id=parse_job_id(record.job_id),
        batch_id=record.batch_id,
        name=record.name,
        source=record.source,
        rendition_count=len(record.renditions),
    )


def state_from_receipt(receipt: Receipt) -> JobState:
    """The state of a job that has ended."""
    return state_from_event(event_of(receipt))
