"""What a run has come to, in numbers: the row of the table, and the JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any


@dataclass
class Outcome:
    """One run of one scenario. Times are seconds; `skipped` says why it was not run at all."""

    scenario: str
    seed: int
    skipped: str = ""
    jobs: int = 0
    accepted: int = 0
    ended: dict[str, int] = field(default_factory=dict)
    failed_with: dict[str, int] = field(default_factory=dict)
    tried_again: int = 0
    most_attempts: int = 0
    faults: dict[str, int] = field(default_factory=dict)
    sent_again: dict[str, int] = field(default_factory=dict)
    longest_without_202_s: float = 0.0
    longest_without_end_s: float = 0.0
    took_s: float = 0.0
    further: dict[str, str] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether nothing happened that must not."""
        return not self.violations

    def as_json(self) -> dict[str, Any]:
        """All of it."""
        return asdict(self)


def longest_gap(moments: Sequence[float]) -> float:
    """The longest time between two of these moments that follow each other."""
    return max((later - earlier for earlier, later in pairwise(sorted(moments))), default=0.0)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of them lies (nearest rank); 0 without values."""
    if not values:
        return 0.0
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
