"""The recent jobs and the workers, as the event log tells of them. Synchronous, no I/O, bounded in size.

Whoever looks at it does so between two events, so that a picture of it is true at exactly one offset.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from frontend.changes import Changes, told_by
from frontend.crew import Crew, WorkerState
from frontend.job_state import JobState, state_from_event
from frontend.pace import Forecast, Paces
from frontend.stages import Stages
from frontend.unfinished import Unfinished
from pipeline.ids import BatchId, JobId, parse_job_id
from pipeline.log_id import LogId
from pipeline.messages import (
    AnyEvent,
    AnyJobEvent,
    ClientTag,
    FrontendOnline,
    JobCancelled,
    JobEnd,
    JobEvent,
    JobQueued,
    Lane,
)

MOST_JOBS = 20_000
"""Beyond so many jobs the ones that ended first are forgotten; the store still knows them."""
LATE_NEWS = timedelta(minutes=2)
"""An event may come so late, when a node of the log's cluster dies and another one takes over."""
RATE_WINDOW_S = 10.0
LONGEST_RATE_WINDOW_S = 300.0

ENDS = ("done", "failed", "cancelled")
"""What a job comes to."""

OnChange = Callable[[JobState], None]


class Board:
    """Jobs by id, the order in which they wait, the workers and the rate at which jobs end."""

    def __init__(self) -> None:
        self._jobs: dict[JobId, JobState] = {}
        self._stages = Stages()
        self._unfinished = Unfinished()
        self._batches: dict[str, dict[JobId, None]] = {}
        self._crew = Crew()
        self._endings: deque[float] = deque(maxlen=100_000)
        self._paces = Paces()
        self._on_change: list[OnChange] = []
        self._on_end: list[OnChange] = []
        self._changes = Changes()
        self._contested: set[JobId] = set()
        self._is_replaying = True

    def subscribe(self, on_change: OnChange) -> None:
        """Call `on_change` with the new state of a job whenever one changes."""
        self._on_change.append(on_change)

    def subscribe_to_ends(self, on_end: OnChange) -> None:
        """Call `on_end` with each job that ends from now on, once for each end; not with those of old."""
        self._on_end.append(on_end)

    @property
    def place(self) -> LogId:
        """The place in the log of the last event that was taken in."""
        return self._changes.last

    def take(self, place: LogId, event: AnyEvent, *, is_replay: bool) -> None:
        """Take in the event at this place of the log.

        `is_replay` says that the event may be old: a worker is then as fresh as the event, and not as now.
        """
        self._is_replaying = is_replay
        self._changes.reach(place)
        if isinstance(event, FrontendOnline):
            return
        if isinstance(event, JobEvent):
            self._crew.take_part_of(event)
            job_id = parse_job_id(event.job_id)
            if self._take_job_event(event):
                self._changes.note(job_id, place.offset)
            known = self._jobs.get(job_id)
            if isinstance(event, JobCancelled) and known is not None and not known.is_ended:
                self._contested.add(job_id)
            self._changes.confirm(event, job_id, place.offset)
            # It is told of when its command is in the queue.
            if self._stages.pop_outside(job_id):
                self._put(self._jobs[job_id])
        else:
            self._crew.take(event, event.at if is_replay else datetime.now(UTC))

    def take_own(self, event: JobQueued | JobEnd, *, is_in_queue: bool = True) -> JobState:
        """Take in what this frontend has just done itself, before the log tells of it; the new state.

        A job that is not in the queue yet has no place there until the log tells of it.
        """
        job_id = parse_job_id(event.job_id)
        if not is_in_queue and job_id not in self._jobs:
            self._stages.keep_outside(job_id)
        if self._take_job_event(event):
            self._changes.note_ahead(job_id, (type(event), event.attempt))
        return self._jobs[job_id]

    def take_receipt(self, state: JobState) -> None:
        """Take in from the store that a job has ended whose event is late or lost: the store is right.

        Jobs that the board does not show are left to the store. But not while their events may still come,
        for the log is read from the past or they ended just now: whoever has been told of the end must not
        be told next how it came to it.
        """
        known = self._jobs.get(state.id)
        if known is None:
            if self._is_replaying or _is_fresh(state):
                self._put_ahead(state)
            return
        if known.status == "removed":
            return
        if known.status != state.status or known.attempt < state.attempt:
            # Whoever has ended it may not have heard of an attempt that is known here.
            self._put_ahead(state.ended_at_last(known.attempt))

    def job(self, job_id: JobId) -> JobState | None:
        """The state of a job that the board knows."""
        return self._jobs.get(job_id)

    def is_sent(self, job_id: JobId) -> bool:
        """Whether the command of a job has certainly come to the broker.

        What is known from the store alone may never have been sent: its frontend may have died before that.
        """
        return job_id in self._jobs and not self._stages.is_outside(job_id)

    def forget_unsent(self, job_id: JobId) -> None:
        """Know no more of a job that is not in the queue and is not to be: its frontend has given it up."""
        if self._stages.pop_outside(job_id):
            self._drop(job_id)

    def batch_jobs(self, batch_id: BatchId) -> list[JobState]:
        """The jobs of a batch that the board knows, oldest first, without those that were removed."""
        return [self._jobs[job_id] for job_id in sorted(self._batches.get(batch_id, ()))]

    def changed_since(self, after: LogId) -> list[tuple[JobState, LogId]] | None:
        """The jobs that have changed after this place in the log, each with that of its last change.

        They come in this order, removed ones too. None if it is not certain that these are all, or too much.
        """
        changed = self._changes.since(after)
        if changed is None or not changed.keys() <= self._jobs.keys():
            return None
        return [(self._jobs[job_id], place) for job_id, place in changed.items()]

    def doubtful(self) -> list[JobId]:
        """The jobs that have not ended, as far as is known: those at work, then the next in line."""
        return list(self._stages.not_ended())

    def pop_contested(self) -> set[JobId]:
        """The jobs that were called off, it was told of late, at an earlier attempt than is known."""
        contested, self._contested = self._contested, set()
        return contested

    def at_work(self) -> list[JobId]:
        """The jobs that have begun and not ended: a worker is at them, or they are tried again later."""
        return list(self._stages.at_work())

    def waiting(self) -> Iterator[tuple[JobState, int]]:
        """The waiting jobs in the order of their lane, with their place in it from 1."""
        return ((self._jobs[job_id], place) for job_id, place in self._stages.waiting())

    def oldest_waiting(self) -> JobState | None:
        """The job that has waited for longest, of those that the board knows, in the queue or not yet."""
        waiting = (self._jobs[job_id] for job_id in self._stages.not_begun())
        return min(waiting, key=lambda state: state.asked_at, default=None)

    def position(self, job_id: JobId) -> int | None:
        """The place of a job in its lane, from 1; None when it does not wait or is not known."""
        return self._stages.position(job_id)

    def places(self, job_ids: set[JobId]) -> dict[JobId, int]:
        """The places in their lanes of those of these jobs that wait."""
        return self._stages.places(job_ids)

    def workers(self) -> list[WorkerState]:
        """The workers that have been heard of lately, by name."""
        return self._crew.members()

    def unfinished(self, client: ClientTag | None) -> int:
        """How many images of this client have not ended, as far as is known."""
        return self._unfinished.of(client)

    def forecast(self, lane: Lane) -> Forecast | None:
        """When jobs that wait in this lane will have ended; None while nobody works, or nothing is known."""
        workers = self.workers()
        slots = sum(worker.slots for worker in workers)
        busy = sum(self._works_on(job_id, lane) for worker in workers for job_id in worker.busy)
        return self._paces.forecast(lane, slots=slots, busy=busy)

    def rate_per_s(self, window_s: float = RATE_WINDOW_S) -> float:
        """Jobs that ended in a second, over the last ten or `window_s`, of which there may be 300."""
        now = time.monotonic()
        while self._endings and self._endings[0] < now - LONGEST_RATE_WINDOW_S:
            self._endings.popleft()
        recent = takewhile(lambda moment: moment >= now - window_s, reversed(self._endings))
        return sum(1 for _ in recent) / window_s

    def _take_job_event(self, event: AnyJobEvent) -> bool:
        """Whether there is something to tell."""
        fresh = state_from_event(event)
        known = self._jobs.get(fresh.id)
        state = fresh if known is None else known.advanced(event)
        if state is known:
            return False
        if state.status in ("done", "failed") and (known is None or known.status != state.status):
            self._paces.take(state, lane=(known or state).lane, slots=self._crew.slots)
        return self._put(state)

    def _put_ahead(self, state: JobState) -> None:
        told = told_by(state)
        if told is not None:
            self._changes.note_ahead(state.id, told)
        self._put(state)

    def _put(self, state: JobState) -> bool:
        """Whether there is something to tell."""
        before = self._jobs.get(state.id)
        if before is None:
            self._make_room()
        self._jobs[state.id] = state
        if state.status == "removed":
            self._leave_batch(state)
        elif state.batch_id is not None:
            self._batches.setdefault(state.batch_id, {})[state.id] = None
        self._stages.put(state)
        self._unfinished.note(before, state)
        if state.status in ENDS and (before is None or before.status != state.status):
            self._note_end(state)
        if _is_same_end(before, state):
            return False
        for on_change in self._on_change:
            on_change(state)
        return True

    def _note_end(self, state: JobState) -> None:
        if self._is_replaying:
            return
        if state.status != "cancelled":  # no worker has done anything for that
            self._endings.append(time.monotonic())
        for on_end in self._on_end:
            on_end(state)

    def _works_on(self, job_id: str, lane: Lane) -> bool:
        state = self._jobs.get(JobId(job_id))
        return lane == ("interactive" if state is None else state.lane)

    def _make_room(self) -> None:
        while len(self._jobs) >= MOST_JOBS and (first := self._stages.pop_first_ended()):
            self._drop(first)

    def _drop(self, job_id: JobId) -> None:
        state = self._jobs.pop(job_id)
        self._unfinished.forget(state)
        self._changes.forget(job_id)
        self._leave_batch(state)

    def _leave_batch(self, state: JobState) -> None:
        batch = self._batches.get(state.batch_id or "")
        if batch is not None:
            batch.pop(state.id, None)
            if not batch:
                del self._batches[state.batch_id or ""]


def _is_same_end(before: JobState | None, state: JobState) -> bool:
    """Whether a job that had ended has but got what is told late of how it began: its end was told.

    The same end is told of a later attempt by a copy of the command that has found the job ended.
    """
    if before is None or not (before.is_ended and state.is_ended):
        return False
    return before.ended_at_last(state.attempt).end == state.end


def _is_fresh(state: JobState) -> bool:
    """Whether the job has ended so lately that events of it may be on their way."""
    return state.finished_at is not None and datetime.now(UTC) - state.finished_at < LATE_NEWS
