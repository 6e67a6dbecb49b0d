"""When a slot counts as one that gets nothing although there is work."""

import pytest

from pipeline.broker import Consumer
from worker.occupancy import InHand, Occupancy
from worker.watchdog import Look

IDLE, BUSY = InHand(taken=3), InHand(taken=3, job_id="a")
QUICK, SLOW, OTHER = (
    Consumer("slot-1", "interactive"),
    Consumer("slot-1", "bulk"),
    Consumer("slot-2", "interactive"),
)


def look(hand: InHand = IDLE, *, ready: int = 5, session: int = 1) -> Look:
    return Look(session, {"interactive": ready, "bulk": 0}, {QUICK: hand, SLOW: IDLE, OTHER: BUSY})


def test_who_was_idle_all_the_time_while_jobs_waited_in_its_lane_starves() -> None:
    assert look().starving_since(look()) == [QUICK]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (look(), look(InHand(taken=4))),
        (look(), look(InHand(taken=4, job_id="b"))),
        (look(BUSY), look()),
        (look(BUSY), look(BUSY)),
        (look(ready=0), look()),
        (look(), look(ready=0)),
        (look(session=1), look(session=2)),
    ],
    ids=["has worked", "works", "has ended", "still works", "no work then", "no work now", "a new session"],
)
def test_anybody_else_is_well(earlier: Look, later: Look) -> None:
    assert later.starving_since(earlier) == []


def test_each_counts_what_it_takes_and_knows_its_job_as_long_as_it_is_at_it() -> None:
    occupancy = Occupancy((QUICK, SLOW))
    occupancy.take(QUICK)
    with occupancy.at(QUICK, "a"):
        assert occupancy.in_hand == {QUICK: InHand(1, "a"), SLOW: InHand()}
        assert (occupancy.jobs, occupancy.is_busy(QUICK), occupancy.is_busy(SLOW)) == (
            ("a",),
            True,
            False,
        )
    assert occupancy.in_hand == {QUICK: InHand(1), SLOW: InHand()}
    assert (occupancy.jobs, occupancy.slots) == ((), 1)
