"""Which consumers of a worker are at work, and on what: each slot has one in each lane."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pipeline.broker import Consumer


@dataclass(frozen=True)
class InHand:
    """How many deliveries a consumer has taken so far, and the job that it is at, if it is at one."""

    taken: int = 0
    job_id: str | None = None


class Occupancy:
    """Knows what each consumer has in hand."""

    def __init__(self, consumers: Sequence[Consumer]) -> None:
        self._in_hand = {consumer: InHand() for consumer in consumers}

    @property
    def slots(self) -> int:
        """How many slots there are, busy or not."""
        return len({consumer.slot for consumer in self._in_hand})

    @property
    def in_hand(self) -> dict[Consumer, InHand]:
        """What each consumer is doing now."""
        return dict(self._in_hand)

    @property
    def jobs(self) -> tuple[str, ...]:
        """The jobs that are under way."""
        return tuple(hand.job_id for hand in self._in_hand.values() if hand.job_id is not None)

    def is_busy(self, consumer: Consumer) -> bool:
        """Whether it is at a job."""
        return self._in_hand[consumer].job_id is not None

    def take(self, consumer: Consumer) -> None:
        """It has taken a delivery."""
        self._in_hand[consumer] = InHand(self._in_hand[consumer].taken + 1)

    @contextmanager
    def at(self, consumer: Consumer, job_id: str) -> Iterator[None]:
        """It is at this job, until the end of the block."""
        taken = self._in_hand[consumer].taken
        self._in_hand[consumer] = InHand(taken, job_id)
        try:
            yield
        finally:
            self._in_hand[consumer] = InHand(taken)
