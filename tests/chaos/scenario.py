"""What a scenario is: what is sent, what goes wrong meanwhile, and what may come of it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from random import Random
from typing import Literal

from tests.chaos.faults import Trouble
from tests.chaos.inspection import Inspection
from tests.chaos.parcels import Parcel, good_parcel
from tests.chaos.sender import Manners
from tests.chaos.stage import Stage

Parcels = Callable[[int, Random], Iterator[Parcel]]
Check = Callable[[Stage, Inspection], dict[str, str]]


def good_parcels(jobs: int, dice: Random) -> Iterator[Parcel]:
    """So many photographs."""
    return (good_parcel(number, dice) for number in range(jobs))


def no_check(stage: Stage, inspection: Inspection) -> dict[str, str]:
    """Nothing beyond what holds for every scenario."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One kind of chaos. Seconds and counts are those of a full run.

    It goes on until every job has ended and there were `least_faults`; after `most_faults` there are only
    those that are aimed. What has not ended after `deadline_s` counts as lost. `may_fail` are the codes with
    which a good job may fail. `check` notes further violations and returns what is worth telling. With
    `storage_bytes` the store has a small disk of its own.
    """

    name: str
    jobs: int
    deadline_s: float
    least_faults: int
    most_faults: float = float("inf")
    troubles: tuple[Trouble, ...]
    manners: Manners
    workers: int = 3
    frontends: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)
    may_fail: frozenset[str] = frozenset()
    parcels: Parcels = good_parcels
    check: Check = no_check
    broker: Literal["shared", "own", "cluster"] = "shared"
    storage_bytes: int = 0
    longest_outage_s: float = float("inf")

    def in_short(self, *, jobs: int, least_faults: int, rate_per_s: float, hurry: float) -> "Scenario":
        """The same with fewer jobs, and faults that follow each other so many times as fast.

        There are `least_faults` and no more: on a slow machine each job would meet very many of them.
        """
        troubles = tuple(
            replace(trouble, every_s=trouble.every_s / hurry, first_s=trouble.first_s / hurry)
            for trouble in self.troubles
        )
        return replace(
            self,
            jobs=jobs,
            least_faults=least_faults,
            most_faults=least_faults,
            deadline_s=180.0,
            troubles=troubles,
            manners=replace(self.manners, rate_per_s=rate_per_s),
        )
