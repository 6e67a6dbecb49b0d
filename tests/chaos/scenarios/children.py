"""Processes that decode are killed and stopped, and now and then the one that they come from."""

from tests.chaos.faults import Trouble, kill_decoder, kill_fork_server, stop_decoder
from tests.chaos.scenario import Scenario
from tests.chaos.sender import Manners

CHILDREN = Scenario(
    name="children",
    jobs=500,
    deadline_s=300,
    least_faults=40,
    troubles=(
        Trouble((kill_decoder, kill_decoder, stop_decoder), every_s=0.7),
        Trouble((kill_fork_server,), every_s=10.0, first_s=5.0),
    ),
    manners=Manners(rate_per_s=10),
    # So that one which is stopped is noticed soon.
    settings={"JOB_TIMEOUT_S": "1.5", "BULK_JOB_TIMEOUT_S": "1.5"},
    # A job that loses two children is taken for the reason: here it has only bad luck.
    may_fail=frozenset({"decoder_crashed", "image_took_too_long"}),
)
SHORT = CHILDREN.in_short(jobs=50, least_faults=8, rate_per_s=12, hurry=2)
