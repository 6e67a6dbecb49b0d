"""When a slot counts as one that gets nothing although there is work."""

import pytest

from worker.occupancy import Occupancy, SlotState
from worker.watchdog import Look

IDLE, BUSY = SlotState(taken=3), SlotState(taken=3, job_id="a")
TAGS = ("slot-1", "slot-2")


def look(slot: SlotState = IDLE, *, ready: int = 5, session: int = 1) -> Look:
    return Look(session, ready, {"slot-1": slot, "slot-2": BUSY})


def test_a_slot_that_was_idle_all_the_time_while_jobs_waited_starves() -> None:
    assert look().starving_since(look()) == ["slot-1"]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (look(), look(SlotState(taken=4))),
        (look(), look(SlotState(taken=4, job_id="b"))),
        (look(BUSY), look()),
        (look(BUSY), look(BUSY)),
        (look(ready=0), look()),
        (look(), look(ready=0)),
        (look(session=1), look(session=2)),
    ],
    ids=["has worked", "works", "has ended", "still works", "no work then", "no work now", "a new session"],
)
def test_any_other_slot_is_well(earlier: Look, later: Look) -> None:
    assert later.starving_since(earlier) == []


def test_a_slot_counts_what_it_takes_and_knows_its_job_as_long_as_it_is_at_it() -> None:
    occupancy = Occupancy(TAGS)
    occupancy.take("slot-1")
    with occupancy.at("slot-1", "a"):
        assert occupancy.states == {"slot-1": SlotState(1, "a"), "slot-2": SlotState()}
        assert (occupancy.jobs, occupancy.is_busy("slot-1"), occupancy.is_busy("slot-2")) == (
            ("a",),
            True,
            False,
        )
    assert occupancy.states == {"slot-1": SlotState(1), "slot-2": SlotState()}
    assert occupancy.jobs == ()
