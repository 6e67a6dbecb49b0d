"""How far the jobs of the board have come: not in the queue yet, waiting in a lane, at work, or ended."""

from collections.abc import Iterator
from itertools import chain

from frontend.job_state import JobState
from pipeline.ids import JobId
from pipeline.messages import LANES, Lane


class Stages:
    """Each job is at one stage, behind those that came to it before; who waits has a place in its lane."""

    def __init__(self) -> None:
        self._outside: dict[JobId, None] = {}
        """Those that are not in the queue yet, and so have no place in it."""
        self._waiting: dict[Lane, dict[JobId, None]] = {lane: {} for lane in LANES}
        self._at_work: dict[JobId, None] = {}
        self._ended: dict[JobId, None] = {}
        self._places: dict[JobId, int] | None = None
        """The places of those that wait, from 1; None when they have to be counted anew."""

    def keep_outside(self, job_id: JobId) -> None:
        """Take a job that waits as one that is not in the queue yet."""
        self._outside[job_id] = None

    def pop_outside(self, job_id: JobId) -> bool:
        """Let go of a job that is not in the queue yet, until its next `put`; whether it was one."""
        if job_id not in self._outside:
            return False
        del self._outside[job_id]
        return True

    def is_outside(self, job_id: JobId) -> bool:
        """Whether the job is not in the queue yet."""
        return job_id in self._outside

    def put(self, state: JobState) -> None:
        """Bring the job to the stage that its state tells, or leave it at its place there."""
        stage, had_place = self._stage(state), self._lane_with(state.id)
        for other in (*self._waiting.values(), self._outside, self._at_work, self._ended):
            if other is not stage:
                other.pop(state.id, None)
        stage.setdefault(state.id)
        if had_place is not self._lane_with(state.id):
            self._places = None

    def pop_first_ended(self) -> JobId | None:
        """Let go of the job that ended first; None if none has."""
        first = next(iter(self._ended), None)
        if first is not None:
            del self._ended[first]
        return first

    def at_work(self) -> Iterator[JobId]:
        """The jobs that have begun and not ended: a worker is at them, or they are tried again later."""
        return iter(self._at_work)

    def not_ended(self) -> Iterator[JobId]:
        """Those at work, then the next in line, then those outside."""
        return chain(self._at_work, *self._waiting.values(), self._outside)

    def not_begun(self) -> Iterator[JobId]:
        """Those that wait, in the queue or not yet."""
        return chain(*self._waiting.values(), self._outside)

    def waiting(self) -> Iterator[tuple[JobId, int]]:
        """Those in the queue in the order of their lane, with their place in it from 1."""
        return (
            (job_id, place)
            for waiting in self._waiting.values()
            for place, job_id in enumerate(waiting, start=1)
        )

    def position(self, job_id: JobId) -> int | None:
        """The place of a job in its lane, from 1; None when it does not wait."""
        waiting = self._lane_with(job_id)
        if waiting is None:
            return None
        if next(reversed(waiting)) == job_id:  # what has just come, which is what is asked for most
            return len(waiting)
        return self._counted()[job_id]

    def places(self, job_ids: set[JobId]) -> dict[JobId, int]:
        """The places in their lanes of those of these jobs that wait."""
        places = self._counted() if job_ids else {}
        return {job_id: places[job_id] for job_id in job_ids if job_id in places}

    def _counted(self) -> dict[JobId, int]:
        """All places. Between two moves of the queue many may ask for theirs."""
        if self._places is None:
            self._places = dict(self.waiting())
        return self._places

    def _lane_with(self, job_id: JobId) -> dict[JobId, None] | None:
        """The lane in which the job waits, if it does."""
        return next((waiting for waiting in self._waiting.values() if job_id in waiting), None)

    def _stage(self, state: JobState) -> dict[JobId, None]:
        if state.status == "queued":
            return self._outside if state.id in self._outside else self._waiting[state.lane]
        return self._ended if state.is_ended else self._at_work
