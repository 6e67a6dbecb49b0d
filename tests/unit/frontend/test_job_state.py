"""A job's state grows with its events, whatever order they come in, and never goes backwards."""

import random
from collections.abc import Callable, Sequence
from itertools import pairwise, permutations

import msgspec
import pytest

from frontend.job_state import (
    JobState,
    state_from_event,
    state_from_receipt,
    state_from_record,
)
from pipeline.ids import made_at
from pipeline.messages import DEFAULT_RENDITION, AnyJobEvent
from pipeline.records import JobRecord
from tests.unit.frontend.story import ERROR, NOTES, OPENED, RESULT, SENT, SPENT, Story

Tell = Callable[[Story], list[AnyJobEvent]]

RANK = {"queued": 0, "processing": 1, "retrying": 2}


def progress(state: JobState) -> tuple[bool, int, int]:
    return state.is_ended, state.attempt, RANK.get(state.status, 0)


def states_after(events: Sequence[AnyJobEvent]) -> list[JobState]:
    """The state after each of the events."""
    states = [state_from_event(events[0])]
    for event in events[1:]:
        states.append(states[-1].advanced(event))
    return states


def happy(story: Story) -> list[AnyJobEvent]:
    return [
        story.queued(),
        story.started(1),
        story.retrying(1),
        story.started(2),
        story.ready(2),
        story.done(2),
    ]


def unhappy(story: Story) -> list[AnyJobEvent]:
    return [*happy(story)[:-1], story.failed(2)]


def failing_without_having_been_opened(story: Story) -> list[AnyJobEvent]:
    return [story.queued(), story.started(1), story.failed(1, source=None)]


def unknown_to_the_frontend(story: Story) -> list[AnyJobEvent]:
    return [story.started(1), story.ready(1), story.failed(1, source=None)]


STORIES: list[Tell] = [happy, unhappy, failing_without_having_been_opened, unknown_to_the_frontend]


def test_a_job_goes_from_the_queue_through_a_second_attempt_to_its_end() -> None:
    states = states_after(happy(Story()))

    assert [state.status for state in states] == [
        "queued",
        "processing",
        "retrying",
        "processing",
        "processing",
        "done",
    ]
    assert [state.attempt for state in states] == [1, 1, 1, 2, 2, 2]


def test_a_job_that_is_done_tells_everything() -> None:
    story = Story()

    assert states_after(happy(story))[-1] == JobState(
        id=story.job_id,
        batch_id=story.batch_id,
        name="holiday.jpg",
        status="done",
        attempt=2,
        worker="worker-1",
        source=OPENED,
        rendition_count=1,
        renditions=(RESULT,),
        notes=NOTES,
        started_at=story.done(2).started_at,
        finished_at=story.done(2).at,
        timings_ms=SPENT,
    )


def test_a_job_that_failed_tells_why_and_offers_no_rendition() -> None:
    state = states_after(unhappy(Story()))[-1]

    assert (state.status, state.error, state.renditions, state.source) == ("failed", ERROR, (), SENT)


def test_a_job_that_waits_to_be_tried_again_tells_what_is_in_the_way_until_it_is_tried() -> None:
    story = Story()
    waiting, working = states_after([story.queued(), story.started(), story.retrying(), story.started(2)])[2:]

    assert waiting.error is not None
    assert (waiting.error.code, waiting.error.detail) == ("retrying", "The process died.")
    assert waiting.worker is None
    assert working.error is None


@pytest.mark.parametrize("tell", STORIES)
def test_every_order_of_the_events_ends_in_the_same_state(tell: Tell) -> None:
    events = tell(Story())
    (end, *others) = {repr(states_after(order)[-1]) for order in permutations(events)}

    assert others == []
    assert repr(states_after(events)[-1]) == end


@pytest.mark.parametrize("tell", STORIES)
def test_no_order_of_the_events_makes_a_job_go_backwards(tell: Tell) -> None:
    events = tell(Story())
    for order in permutations(events):
        assert all(progress(a) <= progress(b) for a, b in pairwise(states_after(order)))


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("tell", STORIES)
def test_events_that_come_several_times_change_nothing(tell: Tell, seed: int) -> None:
    events = tell(Story())
    expected = states_after(events)[-1]
    dice = random.Random(seed)
    for _ in range(50):
        mixed = dice.sample(events * 3, k=3 * len(events))

        assert states_after(mixed)[-1] == expected


def test_what_waits_shows_what_was_sent_in_every_order_of_the_events() -> None:
    story = Story()
    events: list[AnyJobEvent] = [story.queued(), story.started(), story.retrying()]
    for order in permutations(events):
        state = states_after(order)[-1]

        assert (state.status, state.attempt, state.name, state.source) == ("retrying", 1, "holiday.jpg", SENT)


def test_an_event_that_is_no_news_gives_the_very_same_state() -> None:
    story = Story()
    state = states_after(happy(story))[-1]

    assert all(state.advanced(event) is state for event in [*happy(story), story.failed(3), story.started(9)])


def test_a_state_is_not_changed_by_the_event_but_replaced() -> None:
    story = Story()
    waiting = state_from_event(story.queued())

    assert waiting.advanced(story.started()).status == "processing"
    assert waiting.status == "queued"


def test_how_many_renditions_are_asked_for_is_known_in_every_order_of_the_events() -> None:
    story = Story()
    queued = msgspec.structs.replace(story.queued(), rendition_count=12)
    events: list[AnyJobEvent] = [queued, story.started(), story.ready(), story.failed()]
    for order in permutations(events):
        assert states_after(order)[-1].rendition_count == 12


def test_how_many_renditions_are_asked_for_is_not_made_up() -> None:
    assert state_from_event(Story().started()).rendition_count is None


def test_a_rendition_is_there_as_soon_as_it_is_ready_and_only_once() -> None:
    story = Story()

    state = states_after([story.started(), story.ready(), story.ready()])[-1]

    assert state.renditions == (RESULT,)


def test_a_job_that_only_the_store_knows_waits() -> None:
    story = Story()
    record = JobRecord(
        job_id=story.job_id,
        batch_id=story.batch_id,
        name="holiday.jpg",
        source_path="uploads/a.jpg",
        source=SENT,
        renditions=(DEFAULT_RENDITION,),
        created_at=story.begun,
    )

    assert state_from_record(record) == state_from_event(story.queued())


def test_a_receipt_says_the_same_as_its_event() -> None:
    story = Story()

    assert state_from_receipt(story.receipt(2)) == states_after(happy(story))[-1]


def test_a_job_was_created_when_its_id_says() -> None:
    story = Story()

    assert state_from_event(story.queued()).created_at == made_at(story.job_id)


def test_a_job_that_is_known_by_half_is_completed_from_its_record() -> None:
    story = Story()
    known, stored = state_from_event(story.retrying()), state_from_event(story.queued())

    completed = known.completed(stored)

    assert (completed.status, completed.name, completed.source) == ("retrying", "holiday.jpg", SENT)
