"""A job's state grows with its events, whatever order they come in, and never goes backwards."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from itertools import pairwise, permutations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.job_state import (
    JobState,
    state_from_event,
    state_from_receipt,
    state_from_record,
)
from frontend.job_view import job_view
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


def cancelled_while_it_was_worked_at(story: Story) -> list[AnyJobEvent]:
    return [story.queued(), story.started(1), story.ready(1), story.cancelled(1), story.removed(1)]


def asked_for_once_more(story: Story) -> list[AnyJobEvent]:
    return [story.queued(), story.started(1), story.failed(1), story.queued(2), story.started(2)]


def failing_once_more(story: Story) -> list[AnyJobEvent]:
    return [story.failed(1), story.queued(2), story.started(2), story.ready(2), story.failed(2)]


def helped_at_last(story: Story) -> list[AnyJobEvent]:
    return [story.queued(), story.cancelled(1), story.queued(2), story.retrying(2), story.done(3)]


def unknown_to_the_frontend(story: Story) -> list[AnyJobEvent]:
    return [story.started(1), story.ready(1), story.failed(1, source=None)]


ONCE: list[Tell] = [
    happy,
    unhappy,
    failing_without_having_been_opened,
    unknown_to_the_frontend,
    cancelled_while_it_was_worked_at,
]
"""Nobody asks for these jobs a second time."""
STORIES: list[Tell] = [*ONCE, asked_for_once_more, failing_once_more, helped_at_last]


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

    state = states_after(happy(story))[-1]

    assert (state.status, state.attempt, state.worker, state.name) == ("done", 2, "worker-1", "holiday.jpg")
    assert (state.source, state.renditions, state.rendition_count) == (OPENED, (RESULT,), 1)
    assert (state.notes, state.timings_ms, state.error) == (NOTES, SPENT, None)
    assert (state.started_at, state.finished_at) == (story.done(2).started_at, story.done(2).at)


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


@pytest.mark.parametrize("tell", ONCE)
def test_no_order_of_the_events_makes_a_job_go_backwards(tell: Tell) -> None:
    events = tell(Story())
    for order in permutations(events):
        assert all(progress(a) <= progress(b) for a, b in pairwise(states_after(order)))


@given(data=st.data())
def test_events_in_any_order_and_any_number_of_times_end_in_the_same_state(data: st.DataObject) -> None:
    story, tell = Story(), data.draw(st.sampled_from(STORIES))
    events = tell(story)
    again = data.draw(st.lists(st.sampled_from(events)))
    mixed = data.draw(st.permutations([*events, *again]))

    assert states_after(mixed)[-1] == states_after(events)[-1]
    assert job_view(states_after(mixed)[-1], position=None) == job_view(
        states_after(events)[-1], position=None
    )


@pytest.mark.parametrize(
    ("before", "late"),
    [
        ("queued", "queued"),
        ("queued started", "queued"),
        ("queued started", "started"),
        ("queued started retrying", "started"),
        ("queued started retrying", "queued"),
        ("started ready", "ready"),
        ("done", "queued"),
        ("done", "started"),
        ("done", "ready"),
        ("done", "retrying"),
        ("done", "done"),
        ("done", "failed"),
        ("done", "cancelled"),
        ("queued failed", "queued"),
        ("queued failed", "started"),
        ("queued failed", "ready"),
        ("queued failed", "retrying"),
        ("queued failed", "failed"),
        ("queued cancelled", "queued"),
        ("queued cancelled", "started"),
        ("queued cancelled", "ready"),
        ("queued cancelled", "cancelled"),
        ("removed", "queued"),
        ("removed", "started"),
        ("removed", "done"),
        ("removed", "failed"),
        ("removed", "removed"),
        ("queued failed queued2", "failed"),
        ("queued cancelled queued2", "started"),
        ("queued cancelled queued2", "cancelled"),
        ("queued failed queued2 started2", "queued2"),
        ("queued failed queued2 failed2", "failed"),
        ("queued failed queued2 failed2", "queued2"),
    ],
)
def test_what_comes_late_or_again_is_no_news(before: str, late: str) -> None:
    story = Story()
    state = states_after([event_named(story, word) for word in before.split()])[-1]

    assert state.advanced(event_named(story, late)) is state


def event_named(story: Story, word: str) -> AnyJobEvent:
    """The event of a story that a word such as `started2` names."""
    kind, attempt = word.rstrip("2"), 2 if word.endswith("2") else 1
    event: AnyJobEvent = getattr(story, kind)(attempt)
    return event


@pytest.mark.parametrize("end", ["failed", "cancelled"])
def test_a_job_that_is_asked_for_once_more_waits_as_if_nothing_had_happened_to_it(end: str) -> None:
    story = Story()
    before = states_after([story.queued(), story.started(), story.ready(), event_named(story, end)])[-1]

    state = before.advanced(story.queued(2))

    assert (state.status, state.attempt, state.source, state.name) == ("queued", 2, SENT, "holiday.jpg")
    assert (state.error, state.renditions, state.worker) == (None, (), None)
    assert (state.started_at, state.finished_at, state.is_ended) == (None, None, False)


def test_a_job_that_was_asked_for_once_more_can_end_again() -> None:
    story = Story()
    waiting = states_after([story.failed(1), story.queued(2)])[-1]

    assert waiting.advanced(story.failed(2)).status == "failed"
    assert waiting.advanced(story.cancelled(2)).status == "cancelled"
    assert waiting.advanced(story.done(2)).status == "done"


def test_a_worker_that_goes_on_after_a_retry_may_still_end_the_job_well() -> None:
    story = Story()

    assert states_after([story.started(1), story.cancelled(1), story.queued(2), story.done(1)])[-1].is_ended


def test_nothing_but_the_news_that_it_waits_brings_an_ended_job_back() -> None:
    story = Story()
    failed = states_after([story.queued(), story.failed(1)])[-1]

    for event in (story.started(2), story.ready(2), story.retrying(2)):
        assert failed.advanced(event).status == "failed"
        assert failed.advanced(event).advanced(story.queued(2)).status != "failed"


def test_of_a_removed_job_nothing_is_left_and_nothing_brings_it_back() -> None:
    story = Story()
    removed = states_after([*unhappy(story), story.removed(2)])[-1]

    assert removed.renditions == ()
    assert removed.source is None
    assert all(removed.advanced(event) is removed for event in [*happy(story), story.queued(9)])


def test_a_job_whose_worker_died_is_begun_once_more_by_another() -> None:
    story = Story()

    state = states_after([story.queued(), story.started(1), story.started(2, worker="worker-2")])[-1]

    assert (state.status, state.attempt, state.worker) == ("processing", 2, "worker-2")


def test_a_job_that_was_given_back_is_begun_once_more_under_the_same_number() -> None:
    story = Story()
    again = msgspec.structs.replace(story.started(1, worker="worker-2"), at=story.done(9).at)

    state = states_after([story.started(1), story.retrying(1), again])[-1]

    assert (state.status, state.worker) == ("processing", "worker-2")


def test_a_retry_in_a_thousand_years_is_no_reason_to_fail() -> None:
    story = Story()
    event = msgspec.structs.replace(story.retrying(), delay_s=1e300)

    assert states_after([event])[-1].retry_at == event.at + timedelta(days=7)


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

    completed = known.joined(stored)

    assert (completed.status, completed.name, completed.source) == ("retrying", "holiday.jpg", SENT)
