"""The board: recent jobs, the queue, the workers, all from the event log and none of it without bound."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from msgspec.structs import replace

from frontend import board as board_module
from frontend.board import LATE_NEWS, RATE_WINDOW_S, Board
from frontend.crew import WORKER_SILENCE
from frontend.job_state import JobState, state_from_receipt
from pipeline.ids import new_batch_id, new_job_id
from pipeline.log_id import NOWHERE
from pipeline.messages import (
    AnyEvent,
    FrontendOnline,
    WorkerHeartbeat,
    WorkerOffline,
    WorkerOnline,
)
from tests.unit.frontend.story import Story, at


class Log:
    """A board, and a log that tells it events one after the other."""

    def __init__(self) -> None:
        self.board = Board()
        self.changes: list[JobState] = []
        self._offsets: Iterator[int] = count()
        self.board.subscribe(self.changes.append)

    def tell(self, *events: AnyEvent, is_replay: bool = False) -> None:
        for event in events:
            self.board.take(at(next(self._offsets)), event, is_replay=is_replay)


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def board(log: Log) -> Board:
    return log.board


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    """So many jobs are the most that a board has."""
    monkeypatch.setattr(board_module, "MOST_JOBS", most := 50)
    return most


def test_an_empty_board_knows_nothing(board: Board) -> None:
    assert board.place == NOWHERE
    assert board.job(new_job_id()) is None
    assert board.position(new_job_id()) is None
    assert board.batch_jobs(new_batch_id()) == []
    assert board.workers() == []
    assert board.rate_per_s() == 0


def test_the_offset_is_that_of_the_last_event_of_whatever_kind(log: Log, board: Board) -> None:
    log.tell(Story().queued(), WorkerOffline(worker="w"), FrontendOnline(frontend="f"))

    assert board.place == at(2)


def test_places_move_up_and_new_ones_come_behind(log: Log, board: Board) -> None:
    stories = [Story() for _ in range(4)]
    first, second, third, last = stories
    ids = {story.job_id for story in stories}
    log.tell(first.queued(), second.queued(), third.queued())
    assert board.position(second.job_id) == 2

    log.tell(first.started())
    assert board.position(second.job_id) == 1
    log.tell(last.queued())
    assert board.places(ids) == {second.job_id: 1, third.job_id: 2, last.job_id: 3}
    log.tell(second.cancelled())
    assert board.position(third.job_id) == 1


def test_waiting_jobs_have_places_in_the_order_in_which_they_came(log: Log, board: Board) -> None:
    stories = [Story() for _ in range(3)]
    log.tell(*(story.queued() for story in stories))

    assert [board.position(story.job_id) for story in stories] == [1, 2, 3]
    assert [place for _, place in board.waiting()] == [1, 2, 3]


def test_those_behind_move_up_when_a_job_is_begun(log: Log, board: Board) -> None:
    first, second, third = Story(), Story(), Story()
    log.tell(first.queued(), second.queued(), third.queued())

    log.tell(second.started())

    assert [board.position(story.job_id) for story in (first, second, third)] == [1, None, 2]


def test_a_job_that_is_to_be_tried_again_has_no_place_in_the_queue(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.queued(), story.started(), story.retrying())

    assert board.position(story.job_id) is None
    assert board.doubtful() == [story.job_id]


def test_a_job_that_has_ended_does_not_wait_when_its_queued_event_comes_late(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.done(), story.queued())

    assert board.position(story.job_id) is None


def test_an_end_is_told_once_when_the_queued_event_comes_late(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.failed())
    log.changes.clear()

    log.tell(story.queued())

    assert log.changes == []
    log.tell(story.queued(attempt=2))
    assert [state.status for state in log.changes] == ["queued"]


def test_an_end_is_told_once_when_a_copy_of_the_command_meets_it_at_a_later_attempt(
    log: Log, board: Board
) -> None:
    story = Story()
    log.tell(story.failed())
    end = log.changes.pop()

    log.tell(replace(story.failed(), attempt=2))

    assert log.changes == []
    state = board.job(story.job_id)
    assert state is not None
    assert (state.status, state.attempt, state.finished_at) == ("failed", 2, end.finished_at)
    log.tell(story.failed(attempt=3))
    assert [state.status for state in log.changes] == ["failed"]


def test_a_job_is_called_off_while_more_wait_than_a_board_has_room_for(
    monkeypatch: pytest.MonkeyPatch, log: Log, board: Board
) -> None:
    monkeypatch.setattr(board_module, "MOST_JOBS", 1)
    called_off, other, later = Story(), Story(), Story()
    log.tell(called_off.queued(), other.queued())

    state = board.take_own(called_off.cancelled())

    assert state.status == "cancelled"
    log.tell(later.queued())
    assert board.job(called_off.job_id) is None


def test_those_behind_move_up_at_once_when_a_job_is_cancelled(log: Log, board: Board) -> None:
    first, second, third = Story(), Story(), Story()
    log.tell(first.queued(), second.queued(), third.queued())

    board.take_own(first.cancelled())
    log.tell(second.cancelled(), first.cancelled(), second.queued())

    assert [board.position(story.job_id) for story in (first, second, third)] == [None, None, 1]


def test_a_job_that_is_asked_for_once_more_waits_behind_all_others(log: Log, board: Board) -> None:
    failed, other = Story(), Story()
    log.tell(failed.queued(), other.queued(), failed.failed(1))

    state = board.take_own(failed.queued(2))
    log.tell(failed.queued(2), failed.failed(1))

    assert state.status == "queued"
    assert [board.position(story.job_id) for story in (other, failed)] == [1, 2]
    assert [change.status for change in log.changes] == ["queued", "queued", "failed", "queued"]


def test_a_job_that_is_removed_is_told_once_and_is_in_its_batch_no_more(log: Log, board: Board) -> None:
    story, other = Story(), Story()
    log.tell(story.done(), other.done())

    log.tell(story.removed(), story.removed(), story.done(), story.queued())

    known = board.job(story.job_id)
    assert known is not None
    assert known.status == "removed"
    assert [change.status for change in log.changes] == ["done", "done", "removed"]
    assert board.batch_jobs(story.batch_id) == []
    assert len(board.batch_jobs(other.batch_id)) == 1


def test_beyond_its_bound_the_board_forgets_removed_jobs_too(log: Log, board: Board, few: int) -> None:
    gone = Story()
    log.tell(gone.removed(), *(Story().done() for _ in range(few)))

    assert board.job(gone.job_id) is None


def test_every_change_is_told_and_no_news_is_not(log: Log) -> None:
    story = Story()

    log.tell(story.queued(), story.queued(), story.started(), story.queued(), story.done(), story.done())

    assert [state.status for state in log.changes] == ["queued", "processing", "done"]


def test_a_change_is_told_when_the_board_already_shows_it(board: Board) -> None:
    story, seen = Story(), []
    board.subscribe(lambda state: seen.append((board.job(state.id) is state, board.position(state.id))))

    board.take(at(7), story.queued(), is_replay=False)

    assert seen == [(True, 1)]


def test_the_jobs_of_a_batch_come_oldest_first(log: Log, board: Board) -> None:
    batch_id = new_batch_id()
    first, second, other = Story(batch_id=batch_id), Story(batch_id=batch_id), Story()
    log.tell(second.queued(), other.queued(), first.done())

    assert [state.id for state in board.batch_jobs(batch_id)] == [first.job_id, second.job_id]


def test_a_receipt_ends_a_job_whose_event_was_lost(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.queued(), story.started())

    board.take_receipt(state_from_receipt(story.receipt()))

    known = board.job(story.job_id)
    assert known is not None
    assert known.status == "done"
    assert log.changes[-1] is known
    assert board.doubtful() == []


def test_a_receipt_is_right_though_it_is_of_an_earlier_attempt(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.cancelled(1), story.queued(2))

    board.take_receipt(state_from_receipt(story.failed_receipt()))

    assert [state.status for state in log.changes] == ["cancelled", "queued", "failed"]


def test_a_receipt_does_not_bring_a_removed_job_back(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.removed())

    board.take_receipt(state_from_receipt(story.receipt()))

    assert [state.status for state in log.changes] == ["removed"]


def test_a_receipt_of_a_job_that_the_board_does_not_show_is_left_to_the_store(log: Log, board: Board) -> None:
    log.tell(FrontendOnline(frontend="f"))

    receipt = replace(Story().receipt(), finished_at=datetime.now(UTC) - 2 * LATE_NEWS)
    board.take_receipt(state_from_receipt(receipt))

    assert log.changes == []


def test_events_that_come_after_the_store_has_told_the_end_are_no_news(log: Log, board: Board) -> None:
    story = Story()
    log.tell(FrontendOnline(frontend="f"))
    board.take_receipt(state_from_receipt(story.receipt()))
    log.changes.clear()

    log.tell(story.queued(), story.started(), story.done())

    assert log.changes == []


def test_a_job_of_which_the_store_has_told_the_end_does_not_live_it_again(log: Log, board: Board) -> None:
    story = Story()
    log.tell(Story().queued(), is_replay=True)
    board.take_receipt(state_from_receipt(story.receipt()))
    log.changes.clear()

    log.tell(story.queued(), story.started(), story.done(), is_replay=True)

    assert log.changes == []


def test_a_receipt_of_a_job_that_has_ended_is_no_news(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.done())
    log.changes.clear()

    board.take_receipt(state_from_receipt(story.receipt()))

    assert log.changes == []


def test_doubtful_are_those_at_work_and_then_the_next_in_line(log: Log, board: Board) -> None:
    waiting, working, ended = Story(), Story(), Story()
    log.tell(waiting.queued(), working.started(), ended.done())

    assert board.doubtful() == [working.job_id, waiting.job_id]
    assert board.doubtful()[:1] == [working.job_id]


def test_beyond_its_bound_the_board_forgets_those_that_ended_first(log: Log, board: Board, few: int) -> None:
    waiting = Story()
    log.tell(waiting.queued())
    stories = [Story(batch_id=waiting.batch_id) for _ in range(few + 1)]

    log.tell(*(story.done() for story in stories))

    assert board.job(waiting.job_id) is not None
    assert [board.job(story.job_id) is None for story in stories[:3]] == [True, True, False]
    assert len(board.batch_jobs(waiting.batch_id)) == few


def test_a_worker_is_shown_from_its_first_word_to_its_last(log: Log, board: Board) -> None:
    log.tell(WorkerOnline(worker="b", slots=2), WorkerHeartbeat(worker="a", slots=4, busy=("x",)))
    assert [(worker.name, worker.slots, list(worker.busy)) for worker in board.workers()] == [
        ("a", 4, ["x"]),
        ("b", 2, []),
    ]

    log.tell(WorkerOffline(worker="a"))
    assert [worker.name for worker in board.workers()] == ["b"]


def test_a_worker_that_is_silent_for_too_long_is_taken_off(log: Log, board: Board) -> None:
    now = datetime.now(UTC)
    log.tell(
        WorkerHeartbeat(worker="gone", slots=1, busy=(), at=now - WORKER_SILENCE - timedelta(seconds=1)),
        WorkerHeartbeat(worker="here", slots=1, busy=(), at=now - WORKER_SILENCE + timedelta(seconds=5)),
        is_replay=True,
    )

    assert [worker.name for worker in board.workers()] == ["here"]


def test_a_worker_whose_clock_is_wrong_is_shown_all_the_same_when_it_speaks_now(
    log: Log, board: Board
) -> None:
    long_ago = datetime(2001, 1, 1, tzinfo=UTC)

    log.tell(WorkerHeartbeat(worker="w", slots=1, busy=(), at=long_ago))

    assert [worker.name for worker in board.workers()] == ["w"]


def test_what_a_worker_is_at_is_told_by_its_jobs_sooner_than_by_its_heartbeat(log: Log, board: Board) -> None:
    done, failed, stranger = Story(), Story(), Story()
    log.tell(WorkerOnline(worker="worker-1", slots=2))

    log.tell(done.started(), failed.started(), stranger.started(worker="unheard-of"))
    assert [list(worker.busy) for worker in board.workers()] == [[done.job_id, failed.job_id]]

    log.tell(done.done(), failed.failed())
    assert [list(worker.busy) for worker in board.workers()] == [[]]


def test_the_rate_counts_what_ended_now_and_not_what_is_replayed(log: Log, board: Board) -> None:
    log.tell(*(Story().done() for _ in range(5)), is_replay=True)
    log.tell(*(Story().done() for _ in range(2)), Story().failed(), Story().started())
    cancelled = Story()
    log.tell(cancelled.cancelled(), cancelled.removed())

    assert board.rate_per_s() == 3 / RATE_WINDOW_S


def test_the_rate_counts_a_job_that_failed_once_though_more_is_heard_of_it(log: Log, board: Board) -> None:
    story = Story()
    log.tell(story.failed(), story.queued())

    assert board.rate_per_s() == 1 / RATE_WINDOW_S


def test_a_worker_is_not_shown_at_a_job_that_waits_to_be_tried_again(log: Log, board: Board) -> None:
    story = Story()
    log.tell(WorkerOnline(worker="worker-1", slots=1), story.started(), story.retrying())

    assert [list(worker.busy) for worker in board.workers()] == [[]]
