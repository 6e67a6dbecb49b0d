"""How many unfinished images each client has, of those that the board knows. No I/O."""

from collections import Counter

from frontend.job_state import JobState
from pipeline.messages import ClientTag


class Unfinished:
    """Counts along with every change of a job. Images of nobody known count as those of one client."""

    def __init__(self) -> None:
        self._counts: Counter[ClientTag | None] = Counter()

    def of(self, client: ClientTag | None) -> int:
        """How many this client has."""
        return self._counts[client]

    def note(self, before: JobState | None, now: JobState) -> None:
        """A job that was so is so now; None: it was not known before."""
        if before is not None:
            self.forget(before)
        if not now.is_ended:
            self._add(now.client, 1)

    def forget(self, state: JobState) -> None:
        """A job that was so is not known any more."""
        if not state.is_ended:
            self._add(state.client, -1)

    def _add(self, client: ClientTag | None, number: int) -> None:
        self._counts[client] += number
        if not self._counts[client]:
            del self._counts[client]
