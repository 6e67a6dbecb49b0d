"""Three nodes are a cluster, and one after another is killed."""

from tests.chaos.faults import Trouble, kill_node
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners

CLUSTER = Scenario(
    name="cluster",
    jobs=500,
    deadline_s=400,
    least_faults=6,
    troubles=(Trouble((kill_node,), every_s=5.0, first_s=5.0),),
    manners=Manners(rate_per_s=6),
    broker="cluster",
    longest_outage_s=20.0,
)
SHORT = CLUSTER.in_short(jobs=40, least_faults=1, rate_per_s=5, hurry=1.5)
