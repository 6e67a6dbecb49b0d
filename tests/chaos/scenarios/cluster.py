"""Three nodes are a cluster, and one after another is killed."""

from dataclasses import replace

from tests.chaos.faults import Trouble, kill_node, lose_node
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
# Without the node's return, which takes the most time of all.
SHORT = replace(CLUSTER, troubles=(Trouble((lose_node,), every_s=10.0, first_s=4.0),)).in_short(
    jobs=40, least_faults=1, rate_per_s=6, hurry=1
)
