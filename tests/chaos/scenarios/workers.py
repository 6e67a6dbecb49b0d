"""A worker is killed every two seconds, and its supervisor starts it again."""

from tests.chaos.faults import Trouble, kill_worker
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners

WORKERS = Scenario(
    name="workers",
    jobs=1000,
    deadline_s=300,
    least_faults=20,
    troubles=(Trouble((kill_worker,), every_s=2.0),),
    manners=Manners(rate_per_s=15),
    # A job in whose hands two workers die is taken for the reason: here it has only bad luck.
    may_fail=frozenset({"decoder_crashed"}),
)
SHORT = WORKERS.in_short(jobs=50, least_faults=3, rate_per_s=15, hurry=2)
