"""The broker is stopped, killed and started, connections are closed; uploads are taken all the time."""

from tests.chaos.faults import Trouble, close_connection, kill_broker, restart_broker
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners

BROKER = Scenario(
    name="broker",
    jobs=500,
    deadline_s=300,
    least_faults=12,
    # Not sooner: see deploy.local.broker_node.SPARED_S.
    troubles=(
        Trouble((restart_broker, kill_broker), every_s=8.0, first_s=4.0),
        Trouble((close_connection,), every_s=3.0, first_s=2.0),
    ),
    manners=Manners(rate_per_s=8),
    broker="own",
)
SHORT = BROKER.in_short(jobs=40, least_faults=3, rate_per_s=6, hurry=1.5)
