"""Which slots of a worker are at work, and on what."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class SlotState:
    """How many deliveries the slot has taken so far, and the job that it is at, if it is at one."""

    taken: int = 0
    job_id: str | None = None


class Occupancy:
    """Knows each slot by its consumer tag."""

    def __init__(self, tags: Sequence[str]) -> None:
        self._states = {tag: SlotState() for tag in tags}

    @property
    def states(self) -> dict[str, SlotState]:
        """What each slot is doing now."""
        return dict(self._states)

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that are under way."""
        return tuple(state.job_id for state in self._states.values() if state.job_id is not None)

    def is_busy(self, tag: str) -> bool:
        """Whether this slot is at a job."""
        return self._states[tag].job_id is not None

    def take(self, tag: str) -> None:
        """The slot has taken a delivery."""
        self._states[tag] = SlotState(self._states[tag].taken + 1)

    @contextmanager
    def at(self, tag: str, job_id: str) -> Iterator[None]:
        """The slot is at this job, until the end of the block."""
        taken = self._states[tag].taken
        self._states[tag] = SlotState(taken, job_id)
        try:
            yield
        finally:
            self._states[tag] = SlotState(taken)
