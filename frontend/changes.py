"""Which jobs have changed after a place in the event log, if that is known for certain.

It is certain as long as every event after that place has been read here, in the log that is meant, and no job
that has changed since was forgotten.
"""

from collections import deque

from frontend.job_state import JobState
from pipeline.ids import JobId
from pipeline.log_id import NOWHERE, LogId
from pipeline.messages import AnyJobEvent

MOST_CHANGES = 2_000
"""To look through more of them, for each client that comes back, would keep all others waiting."""
MOST_PLACES = 50_000
"""Who was told up to a place before these gets a snapshot."""

Told = tuple[type, int]
"""What an event tells, and of which attempt."""


class Changes:
    """The offset of the last change of each job on the board."""

    def __init__(self) -> None:
        self._first = 0
        """From this offset on every change is known."""
        self._last = -1
        self._checks: deque[int | None] = deque(maxlen=MOST_PLACES)
        """Those of the last places, without a gap."""
        self._offsets: dict[JobId, int] = {}
        self._ahead: dict[JobId, Told] = {}

    @property
    def last(self) -> LogId:
        """The last event that has been read."""
        return self._id_of(self._last)

    def reach(self, place: LogId) -> None:
        """Every event up to this one has been read, unless offsets were left out."""
        if place.offset != self._last + 1:
            self._checks.clear()
            self._first = place.offset
        if place.offset <= self._last:
            self._offsets.clear()  # it is another log
        self._checks.append(place.check)
        self._last = place.offset

    def note(self, job_id: JobId, offset: int) -> None:
        """The event at this offset has changed the job."""
        self._offsets.pop(job_id, None)
        self._offsets[job_id] = offset

    def note_ahead(self, job_id: JobId, told: Told) -> None:
        """The job was changed by what the log will tell later, if at all."""
        self._ahead[job_id] = told

    def confirm(self, event: AnyJobEvent, job_id: JobId, offset: int) -> None:
        """The log tells at this offset; maybe what was known ahead of it."""
        if self._ahead.get(job_id) == (type(event), event.attempt):
            del self._ahead[job_id]
            self.note(job_id, offset)

    def forget(self, job_id: JobId) -> None:
        """The job is not on the board any more."""
        offset = self._offsets.pop(job_id, None)
        if self._ahead.pop(job_id, None) is not None:
            offset = self._last + 1  # who was told all up to the last offset need not have been told this
        if offset is not None:
            self._first = max(self._first, offset + 1)

    def since(self, after: LogId) -> dict[JobId, LogId] | None:
        """The jobs that have changed after this place, each with where; None if that is not certain.

        None also for more than MOST_CHANGES.
        What was known ahead of the log is always among them, at the last place: nobody else may know it yet.
        """
        if after.check is None or after != self._id_of(after.offset) or after.offset < self._first - 1:
            return None
        if len(self._ahead) > MOST_CHANGES:
            return None
        changed: list[tuple[JobId, LogId]] = []
        for job_id, offset in reversed(self._offsets.items()):
            if offset <= after.offset:
                break
            if len(changed) == MOST_CHANGES:
                return None
            if job_id not in self._ahead:
                changed.append((job_id, self._id_of(offset)))
        return dict(reversed(changed)) | dict.fromkeys(self._ahead, self.last)

    def _id_of(self, offset: int) -> LogId:
        """The id of this offset, as far as it is known."""
        back = self._last - offset
        return LogId(offset, self._checks[-1 - back]) if 0 <= back < len(self._checks) else NOWHERE


def told_by(state: JobState) -> Told | None:
    """What told of the end of a job."""
    return (type(state.end), state.end.attempt) if state.end is not None else None
