"""What a frontend knows about one job, and how it grows with every event. Pure and frozen.

Events can arrive twice and out of order. So a state keeps, of each kind of event, the one that counts most,
and everything that is shown is read out of these: whatever the order, the same events give the same state.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain
from typing import Literal

from msgspec import structs

from pipeline.ids import JobId, made_at, parse_job_id
from pipeline.messages import (
    AnyJobEvent,
    ClientTag,
    JobCancelled,
    JobDone,
    JobEnd,
    JobError,
    JobEvent,
    JobFailed,
    JobQueued,
    JobRemoved,
    JobRetrying,
    JobStarted,
    Lane,
    Owner,
    RenditionReady,
    Result,
    Source,
)
from pipeline.records import JobRecord, Receipt, event_of, queued_of

Status = Literal["queued", "processing", "retrying", "done", "failed", "cancelled", "removed"]
Step = JobStarted | JobRetrying

_STATUS: Mapping[type, Status] = {
    JobStarted: "processing",
    JobRetrying: "retrying",
    JobDone: "done",
    JobFailed: "failed",
    JobCancelled: "cancelled",
    JobRemoved: "removed",
}
_LONGEST_DELAY_S = 7 * 24 * 3600.0
"""Anybody may type an event into the console; dates end in the year 9999."""


@dataclass(frozen=True, kw_only=True)
class JobState:
    """A job as it is shown. Times are UTC; `error` of a job that is retried says what is in the way.

    `queued`, `started` and `retrying` are the events of these kinds with the highest attempt, `ready` has the
    one of each rendition, `end` is the one that outdoes all other ends. What counts no more beside the end is
    let go.
    """

    id: JobId
    batch_id: str | None = None
    queued: JobQueued | None = None
    started: JobStarted | None = None
    retrying: JobRetrying | None = None
    ready: tuple[RenditionReady, ...] = ()
    end: JobEnd | None = None

    def advanced(self, event: AnyJobEvent) -> "JobState":
        """The state after this event: the very same object when the event is no news."""
        if self._is_outdone(event):
            return self
        match event:
            case JobQueued():
                return replace(self, queued=event)
            case JobStarted():
                return replace(self, started=event)
            case JobRetrying():
                return replace(self, retrying=event)
            case RenditionReady():
                return self._with_rendition(event)
        return self._ended(event)

    def joined(self, other: "JobState") -> "JobState":
        """This state, and all that another one of the same job knows besides."""
        state = self if self.batch_id or not other.batch_id else replace(self, batch_id=other.batch_id)
        for event in other.events:
            state = state.advanced(event)
        return state

    def ended_at_last(self, attempt: int) -> "JobState":
        """The same end, told of this attempt if that is a later one; what is for good keeps its own."""
        if self.end is None or self.is_for_good or self.end.attempt >= attempt:
            return self
        return replace(self, end=structs.replace(self.end, attempt=attempt))

    @property
    def events(self) -> Iterator[AnyJobEvent]:
        """The events that it is made of."""
        known = (self.queued, self.started, self.retrying, self.end)
        return chain((event for event in known if event is not None), self.ready)

    @cached_property
    def status(self) -> Status:
        """What it is at."""
        return "queued" if self._now is None else _STATUS[type(self._now)]

    @property
    def is_ended(self) -> bool:
        """Whether nothing happens to the job any more, unless somebody asks for it once more."""
        return self._now is not None and self._now is self.end

    @property
    def is_for_good(self) -> bool:
        """Whether it cannot even be asked for once more."""
        return isinstance(self.end, JobDone | JobRemoved)

    @property
    def created_at(self) -> datetime:
        """When the job was accepted, which its id tells."""
        return made_at(self.id)

    @property
    def asked_at(self) -> datetime:
        """When it was asked for last, which is later than it was accepted if it was tried again."""
        return self.queued.at if self.queued else self.created_at

    @property
    def attempt(self) -> int:
        """Which attempt it is at, or ended with."""
        return self._asked if self._now is None else self._now.attempt

    @property
    def name(self) -> str:
        """The sender's file name."""
        told = (self._now, self.queued, self.started)
        return next((event.name for event in told if isinstance(event, _Named)), "image")

    @cached_property
    def owner(self) -> Owner | None:
        """The name of the API key that it came with, if it came with one."""
        return next((event.owner for event in self.events if event.owner), None)

    @property
    def client(self) -> ClientTag | None:
        """Who sent it, to be told from others; None if that is not known."""
        return self.queued.client if self.queued else None

    @property
    def lane(self) -> Lane:
        """Where it waits, or waited."""
        return self.queued.lane if self.queued else "interactive"

    @property
    def worker(self) -> str | None:
        """Who is at it, or has ended it."""
        return (self._now.worker or None) if isinstance(self._now, JobStarted | JobDone | JobFailed) else None

    @property
    def source(self) -> Source | None:
        """The image that was sent, as far as it is known."""
        told = self._now.source if isinstance(self._now, JobDone | JobFailed) else None
        return told or (self.queued.source if self.queued else None)

    @property
    def rendition_count(self) -> int | None:
        """How many renditions are asked for; None while that is not known."""
        if isinstance(self._now, JobDone):
            return len(self._now.renditions)
        return self.queued.rendition_count if self.queued else None

    @property
    def renditions(self) -> tuple[Result, ...]:
        """Those that can be fetched."""
        if self.is_ended:
            return self._now.renditions if isinstance(self._now, JobDone) else ()
        return tuple(event.result for event in self.ready if event.attempt >= self._asked)

    @property
    def notes(self) -> tuple[str, ...]:
        """What could not be kept, of a job that is done."""
        return self._now.notes if isinstance(self._now, JobDone) else ()

    @property
    def placeholder(self) -> str | None:
        """The ThumbHash of its first rendition in Base64, of a job that is done."""
        return self._now.placeholder if isinstance(self._now, JobDone) else None

    @property
    def is_reused(self) -> bool:
        """Whether it is done, and was given the results of an earlier job."""
        return isinstance(self._now, JobDone) and self._now.reused

    @property
    def error(self) -> JobError | None:
        """Why it failed, or what is in the way of one that will be tried again."""
        match self._now:
            case JobFailed(error=error):
                return error
            case JobRetrying(reason=reason):
                return JobError(code="retrying", detail=reason)
        return None

    @property
    def retry_at(self) -> datetime | None:
        """When it will be tried again."""
        if not isinstance(self._now, JobRetrying):
            return None
        return self._now.at + timedelta(seconds=min(max(self._now.delay_s, 0.0), _LONGEST_DELAY_S))

    @property
    def started_at(self) -> datetime | None:
        """When the attempt was begun that it is at, or that ended it."""
        match self._now:
            case JobStarted(at=moment) | JobDone(started_at=moment) | JobFailed(started_at=moment):
                return moment
        return None

    @property
    def finished_at(self) -> datetime | None:
        """When it ended."""
        return self.end.at if self.end is not None and self.is_ended else None

    @property
    def timings_ms(self) -> Mapping[str, float]:
        """How long each step took, of a job that is done."""
        return self._now.timings_ms if isinstance(self._now, JobDone) else {}

    @property
    def _asked(self) -> int:
        """The attempt with which it was asked for last; what is told of earlier ones is over."""
        return self.queued.attempt if self.queued else 1

    @property
    def _step(self) -> Step | None:
        """The last that a worker told: an attempt is begun before it has to be repeated.

        One that was given back to the queue after that may begin once more under the same number.
        """
        if self.started is None or self.retrying is None:
            return self.started or self.retrying
        return self.retrying if _is_later_or_same(self.retrying, self.started) else self.started

    @cached_property
    def _now(self) -> Step | JobEnd | None:
        """The event that tells what it is at; None while it waits."""
        told = (self.end, self._step)
        return next((event for event in told if event and event.attempt >= self._asked), None)

    def _is_outdone(self, event: AnyJobEvent) -> bool:
        match event:
            case JobDone() | JobFailed() | JobCancelled() | JobRemoved():
                return self.end is not None and _finality(event) <= _finality(self.end)
            case JobQueued():
                return self.is_for_good or (self.queued is not None and event.attempt <= self.queued.attempt)
            case JobStarted():
                return self._is_before_end(event) or _is_later_or_same(self.started, event)
            case JobRetrying():
                return self._is_before_end(event) or _is_later_or_same(self.retrying, event)
        return self._is_before_end(event)

    def _is_before_end(self, event: JobEvent) -> bool:
        return self.is_for_good or (self.end is not None and event.attempt <= self.end.attempt)

    def _with_rendition(self, event: RenditionReady) -> "JobState":
        by_name = {known.result.name: known for known in self.ready}
        if _is_later_or_same(by_name.get(event.result.name), event):
            return self
        by_name[event.result.name] = event
        in_order = sorted(by_name.values(), key=lambda one: (one.at, one.result.name))
        return replace(self, ready=tuple(in_order))

    def _ended(self, end: JobEnd) -> "JobState":
        state = JobState(id=self.id, batch_id=self.batch_id, end=end)
        if state.is_for_good:
            return state
        for event in self.events:
            state = state.advanced(event)
        return state


_Named = JobQueued | JobStarted | JobDone | JobFailed | JobCancelled


def _is_later_or_same(known: JobEvent | None, event: JobEvent) -> bool:
    return known is not None and (known.attempt, known.at) >= (event.attempt, event.at)


def _finality(end: JobEnd) -> tuple[int, int, datetime]:
    """What is removed stays so, what is done stays so; other ends can be followed by a further attempt."""
    return (2 if isinstance(end, JobRemoved) else 1 if isinstance(end, JobDone) else 0), end.attempt, end.at


def state_from_event(event: AnyJobEvent) -> JobState:
    """The state of a job of which this event is the first news."""
    return JobState(id=parse_job_id(event.job_id), batch_id=event.batch_id).advanced(event)


def queued_from_record(record: JobRecord, *, attempt: int = 1) -> JobQueued:
    """The event which tells that a job waits, for this attempt."""
    return structs.replace(queued_of(record, attempt=attempt), at=record.created_at)


def state_from_record(record: JobRecord) -> JobState:
    """The state of a job of which only job.json tells: it waits."""
    return state_from_event(queued_from_record(record))


def state_from_receipt(receipt: Receipt) -> JobState:
    """The state of a job that has ended."""
    return state_from_event(event_of(receipt))
