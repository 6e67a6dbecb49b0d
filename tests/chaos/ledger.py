"""What has happened in a run as those see it who use the pipeline: what was promised to them, and by whom."""

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from tests.chaos.parcels import Parcel

EXAMPLES = 5


@dataclass(frozen=True)
class Promise:
    """A 202: the job, the parcel that it is for, and when it was given (seconds, POSIX)."""

    job_id: str
    parcel: Parcel
    given_at: float


@dataclass
class Violations:
    """What must not happen and did, by kind."""

    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, example: str) -> None:
        """Note one; of each kind a few are told, all are counted."""
        self.counts[kind] += 1
        if len(self.examples[kind]) < EXAMPLES:
            self.examples[kind].append(example)

    def sentences(self) -> list[str]:
        """One for each kind."""
        return [f"{count} × {kind}: {'; '.join(self.examples[kind])}" for kind, count in self.counts.items()]


@dataclass
class Ledger:
    """Promises by job, parcels that were refused for good, requests that had to be sent again, faults.

    `strangers` are jobs that come from typed messages and not from an upload, and `dead_letters` is how many
    messages were typed that no worker can take. Doubtful are those of which the broker did not say that it
    has them.
    """

    batch_id: str
    promises: dict[str, Promise] = field(default_factory=dict)
    by_parcel: dict[int, str] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)
    sent_again: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    misses: int = 0
    last_fault: str = ""
    ended: int = 0
    strangers: set[str] = field(default_factory=set)
    doubtful_strangers: set[str] = field(default_factory=set)
    dead_letters: int = 0
    doubtful_dead_letters: int = 0
    violations: Violations = field(default_factory=Violations)

    def promise(self, parcel: Parcel, job_id: str) -> None:
        """A parcel was accepted; said twice of one parcel, it has to be the same job."""
        known = self.by_parcel.get(parcel.number)
        if known is None:
            self.promises[job_id] = Promise(job_id, parcel, time.time())
            self.by_parcel[parcel.number] = job_id
        elif known != job_id:
            self.violations.add("one key, two jobs", f"{parcel.name} is {known} and {job_id}")

    def strike(self, kind: str, detail: str = "") -> None:
        """Note a fault of this kind that was just made."""
        self.faults[kind] += 1
        self.last_fault = f"{kind} {detail}".strip()
