"""Which jobs have changed after an offset of the event log, if that is known for certain.

It is certain as long as every event after that offset has been read here, in one log, and no job that has
changed since was forgotten.
"""

from frontend.job_state import JobState
from pipeline.ids import JobId
from pipeline.messages import AnyJobEvent

MOST_CHANGES = 2_000
"""To look through more of them, for each client that comes back, would keep all others waiting."""

Told = tuple[type, int]
"""What an event tells, and of which attempt."""


class Changes:
    """The offset of the last change of each job on the board."""

    def __init__(self) -> None:
        self._first: int | None = None
        """From this offset on every change is known."""
        self._last = -1
        self._offsets: dict[JobId, int] = {}
        self._ahead: dict[JobId, Told] = {}

    def reach(self, offset: int) -> None:
        """Every event up to this one has been read, unless offsets were left out."""
        if offset <= self._last:
            # It is another log. A client may mean the old one by any offset that this one had.
            self._offsets.clear()
            self._first = max(self._last + 2, self._first or 0)
        elif self._first is None or offset > self._last + 1:
            self._first = max(offset, self._first or 0)
        self._last = offset

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
        if offset is not None and self._first is not None:
            self._first = max(self._first, offset + 1)

    def since(self, after: int) -> dict[JobId, int] | None:
        """The jobs that have changed after this offset, each with where; None if that is not certain.

        None also for more than MOST_CHANGES.
        What was known ahead of the log is always among them, at the last offset: nobody else may know it yet.
        """
        if self._first is None or not self._first - 1 <= after <= self._last:
            return None
        if len(self._ahead) > MOST_CHANGES:
            return None
        changed: list[tuple[JobId, int]] = []
        for job_id, offset in reversed(self._offsets.items()):
            if offset <= after:
                break
            if len(changed) == MOST_CHANGES:
                return None
            if job_id not in self._ahead:
                changed.append((job_id, offset))
        return dict(reversed(changed)) | dict.fromkeys(self._ahead, self._last)


def told_by(state: JobState) -> Told | None:
    """What told of the end of a job."""
    return (type(state.end), state.end.attempt) if state.end is not None else None
