"""The disk of the store is small, fills up in mid-run and is freed again."""

from tests.chaos.faults import Trouble, fill_disk
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners

MEGABYTE = 1024**2

DISK = Scenario(
    name="disk",
    jobs=500,
    deadline_s=300,
    least_faults=8,
    troubles=(Trouble((fill_disk,), every_s=4.0),),
    manners=Manners(rate_per_s=10, keyed=True, refusals=frozenset({503, 507}), may_break=True),
    settings={"MIN_FREE_BYTES": f"{4 * MEGABYTE}", "WORKER_MIN_FREE_BYTES": f"{MEGABYTE}"},
    storage_bytes=96 * MEGABYTE,
)
SHORT = DISK.in_short(jobs=50, least_faults=2, rate_per_s=12, hurry=2)
