"""What has changed after an offset: all of it, or nothing is said."""

import pytest

from frontend import board as board_module
from frontend import changes
from frontend.board import Board
from frontend.job_state import state_from_receipt
from pipeline.ids import JobId
from pipeline.log_id import NOWHERE, LogId
from pipeline.messages import AnyEvent, WorkerHeartbeat
from tests.unit.frontend.story import Story, at

HEARTBEAT = WorkerHeartbeat(worker="worker-1", slots=1, busy=())


def board_of(*events: AnyEvent, first: int = 10) -> Board:
    """A board that has read these events, the first of which is at this offset, and one before them."""
    board = Board()
    board.take(at(first - 1), HEARTBEAT, is_replay=False)
    for offset, event in enumerate(events, start=first):
        board.take(at(offset), event, is_replay=False)
    return board


def changed(board: Board, after: int | LogId) -> list[tuple[JobId, str, int]] | None:
    found = board.changed_since(at(after) if isinstance(after, int) else after)
    return None if found is None else [(state.id, state.status, place.offset) for state, place in found]


def test_what_has_changed_is_told_once_and_as_it_is_now_and_in_the_order_of_the_last_changes() -> None:
    one, two = Story(), Story()
    board = board_of(one.queued(), two.queued(), one.started(), HEARTBEAT)

    assert changed(board, 9) == [(two.job_id, "queued", 11), (one.job_id, "processing", 12)]
    assert changed(board, 11) == [(one.job_id, "processing", 12)]
    assert changed(board, 12) == changed(board, 13) == []


def test_what_was_before_the_first_event_that_was_read_is_not_known() -> None:
    board = board_of(Story().queued())

    assert changed(board, 8) is None
    assert changed(Board(), NOWHERE) is None


def test_what_has_not_been_read_yet_is_not_known() -> None:
    assert changed(board_of(Story().queued()), 11) is None


def test_a_job_that_was_removed_has_changed() -> None:
    story = Story()
    board = board_of(story.done(), story.removed())

    assert changed(board, 10) == [(story.job_id, "removed", 11)]


def test_what_is_told_twice_is_no_change() -> None:
    story = Story()

    assert changed(board_of(story.done(), story.done()), 10) == []


def test_offsets_that_were_left_out_may_have_told_anything() -> None:
    board = board_of(Story().queued())
    board.take(at(12), HEARTBEAT, is_replay=False)

    assert [changed(board, after) for after in (10, 11)] == [None] * 2
    assert changed(board, 12) == []


def test_what_this_frontend_did_itself_counts_as_changed_until_the_log_has_told_it() -> None:
    story = Story()
    board = board_of(story.queued(), HEARTBEAT)
    board.take_own(story.cancelled())

    assert changed(board, 11) == [(story.job_id, "cancelled", 11)]
    board.take(at(12), HEARTBEAT, is_replay=False)
    assert changed(board, 12) == [(story.job_id, "cancelled", 12)]
    board.take(at(13), story.cancelled(), is_replay=False)
    assert changed(board, 12) == [(story.job_id, "cancelled", 13)]
    assert changed(board, 13) == []


def test_what_the_store_knew_first_counts_as_changed_until_the_log_has_told_it() -> None:
    story = Story()
    board = board_of(story.started(), HEARTBEAT)
    board.take_receipt(state_from_receipt(story.receipt()))

    assert changed(board, 11) == [(story.job_id, "done", 11)]
    board.take(at(12), story.done(), is_replay=False)
    assert changed(board, 12) == []


def test_what_is_told_late_of_a_job_that_has_failed_is_no_change() -> None:
    story = Story()
    board = board_of(story.failed(), story.queued(), HEARTBEAT)

    assert changed(board, 9) == [(story.job_id, "failed", 10)]
    assert changed(board, 10) == []


def test_a_job_that_was_forgotten_may_have_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "MOST_JOBS", 1)
    board = board_of(Story().done(), HEARTBEAT, Story().queued())

    assert changed(board, 9) is None
    assert changed(board, 10) is not None


def test_a_job_that_was_forgotten_before_the_log_told_of_its_end_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(board_module, "MOST_JOBS", 1)
    story = Story()
    board = board_of(story.started(), HEARTBEAT)
    board.take_receipt(state_from_receipt(story.receipt()))
    board.take(at(12), Story().queued(), is_replay=False)
    board.take(at(13), HEARTBEAT, is_replay=False)

    assert board.job(story.job_id) is None
    assert changed(board, 11) is None
    assert changed(board, 13) == []


def test_too_many_changes_are_not_looked_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_CHANGES", 2)
    board = board_of(*(Story().queued() for _ in range(3)))

    assert changed(board, 9) is None
    assert len(changed(board, 10) or ()) == 2

    for _ in range(3):
        board.take_own(Story().queued())
    assert changed(board, 12) is None


def test_what_was_told_in_another_log_is_not_taken_for_the_same_offset_of_this_one() -> None:
    story = Story()
    board = board_of(HEARTBEAT, story.queued(), HEARTBEAT)

    assert changed(board, LogId(10, 12345)) is None
    assert changed(board, 10) == [(story.job_id, "queued", 11)]


def test_an_offset_alone_may_be_of_any_log() -> None:
    assert changed(board_of(HEARTBEAT), LogId(10, None)) is None


@pytest.mark.parametrize("length", [3, 30], ids=["shorter", "longer"])
def test_of_a_log_that_was_replaced_nothing_is_known_any_more(length: int) -> None:
    old, new = Story(), Story()
    board = board_of(old.queued(), HEARTBEAT)
    board.take(LogId(0, 0), new.queued(), is_replay=True)
    for offset in range(1, length):
        board.take(LogId(offset, offset), HEARTBEAT, is_replay=True)

    assert [changed(board, after) for after in range(12)] == [None] * 12
    assert changed(board, LogId(0, 0)) == []
    assert [state.id for state, _ in board.changed_since(LogId(1, 1)) or ()] == []


def test_places_too_far_back_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_PLACES", 2)
    board = board_of(HEARTBEAT, HEARTBEAT, HEARTBEAT)

    assert [changed(board, after) for after in (10, 11, 12)] == [None, [], []]
