"""One of two frontends is killed every three seconds; uploads are sent again with their keys, or by tus."""

from tests.chaos.faults import Trouble, kill_frontend
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners

FRONTEND = Scenario(
    name="frontend",
    jobs=500,
    deadline_s=300,
    least_faults=15,
    troubles=(Trouble((kill_frontend,), every_s=3.0),),
    manners=Manners(
        rate_per_s=8, keyed=True, refusals=frozenset({409, 423, 503}), may_break=True, tus_one_in=3
    ),
    frontends=2,
    workers=2,
)
SHORT = FRONTEND.in_short(jobs=50, least_faults=3, rate_per_s=12, hurry=2)
