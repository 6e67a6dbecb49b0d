"""When a waiting job will have ended, told by those that have."""

from datetime import datetime, timedelta

import pytest

from frontend.job_state import state_from_event
from frontend.pace import Pace
from pipeline.ids import JobId
from pipeline.messages import JobDone
from tests.unit.frontend.story import OPENED
from tests.unit.pipeline.aged import ago, job_id_of


def ended(pace: Pace, *, made: datetime, began: datetime, lasted_s: float, slots: int) -> None:
    job_id: JobId = job_id_of(made)
    done = JobDone(
        job_id=job_id,
        at=began + timedelta(seconds=lasted_s),
        name="a.jpg",
        worker="w",
        source=OPENED,
        renditions=(),
        started_at=began,
        timings_ms={},
    )
    pace.take(state_from_event(done), slots=slots)


def busy_line(pace: Pace, *, slots: int, jobs: int, every_s: float, lasted_s: float) -> None:
    """Jobs that all came at once, and end one after the other in each slot, a little after they began."""
    begin = ago(minutes=1)
    for number in range(jobs):
        turn = begin + timedelta(seconds=every_s * (number // slots) + 0.001 * (number % slots))
        ended(pace, made=begin - timedelta(seconds=5), began=turn, lasted_s=lasted_s, slots=slots)


def test_nothing_is_foretold_before_a_job_has_ended() -> None:
    assert Pace().forecast(slots=2, busy=0) is None


def test_nothing_is_foretold_while_nobody_works() -> None:
    pace = Pace()
    busy_line(pace, slots=1, jobs=10, every_s=1.0, lasted_s=0.9)

    assert pace.forecast(slots=0, busy=0) is None


@pytest.mark.parametrize("slots", [1, 3])
def test_in_a_line_the_time_between_ends_counts_and_not_that_at_work(slots: int) -> None:
    pace = Pace()
    busy_line(pace, slots=slots, jobs=30 * slots, every_s=1.0, lasted_s=0.5)

    forecast = pace.forecast(slots=slots, busy=slots)

    assert forecast is not None
    assert forecast.seconds_to_go(30 * slots) == pytest.approx(30.5, rel=0.1)


def test_jobs_that_did_not_wait_tell_how_long_a_job_takes_and_not_how_seldom_they_come() -> None:
    pace = Pace()
    for number in range(20):
        moment = ago(minutes=2) + timedelta(seconds=5 * number)
        ended(pace, made=moment, began=moment, lasted_s=0.2, slots=2)

    forecast = pace.forecast(slots=2, busy=2)

    assert forecast is not None
    assert forecast.each_s == pytest.approx(0.1)


def test_a_free_slot_takes_the_next_one_at_once() -> None:
    pace = Pace()
    busy_line(pace, slots=2, jobs=20, every_s=1.0, lasted_s=1.0)

    free, busy = pace.forecast(slots=2, busy=0), pace.forecast(slots=2, busy=2)

    assert free is not None and busy is not None
    assert free.seconds_to_go(2) == free.own_s < busy.seconds_to_go(1) < busy.seconds_to_go(2)


def test_one_more_worker_makes_the_wait_shorter_at_once() -> None:
    pace = Pace()
    busy_line(pace, slots=2, jobs=40, every_s=1.0, lasted_s=1.0)

    two, four = pace.forecast(slots=2, busy=2), pace.forecast(slots=4, busy=4)

    assert two is not None and four is not None
    assert four.each_s == pytest.approx(two.each_s / 2)


def test_what_was_long_ago_does_not_count() -> None:
    pace = Pace()
    for number in range(20):
        ended(pace, made=ago(hours=2), began=ago(hours=1, seconds=number), lasted_s=30.0, slots=1)
    ended(pace, made=ago(seconds=2), began=ago(seconds=2), lasted_s=1.0, slots=1)

    forecast = pace.forecast(slots=1, busy=1)

    assert forecast is not None
    assert forecast.own_s == pytest.approx(1.0)


def test_work_that_goes_faster_now_is_told_by_now() -> None:
    pace = Pace()
    busy_line(pace, slots=2, jobs=20, every_s=1.0, lasted_s=1.0)
    begin = ago(minutes=1) + timedelta(seconds=10)
    for number in range(40):
        turn = begin + timedelta(seconds=0.25 * (number // 2) + 0.001 * (number % 2))
        ended(pace, made=begin - timedelta(seconds=15), began=turn, lasted_s=0.25, slots=2)

    forecast = pace.forecast(slots=2, busy=2)

    assert forecast is not None
    assert forecast.each_s == pytest.approx(0.125, rel=0.1)
