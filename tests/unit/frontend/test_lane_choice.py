"""Who is given which lane, as far as the board tells. No broker."""

import pytest
from msgspec.structs import replace

from frontend.board import Board
from frontend.client import Client
from frontend.lane_choice import LaneChoice
from pipeline.messages import AnyEvent, JobQueued, Lane
from tests.unit.frontend.story import Story, at
from tests.unit.pipeline.examples import JOB_RECORD

SHOP, RIVAL = Client(name="key shop").tag, Client(name="key rival").tag
MOST = 2


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def choice(board: Board) -> LaneChoice:
    return LaneChoice(board, most=MOST)


def asked(story: Story, client: str | None = SHOP, lane: Lane = "interactive", attempt: int = 1) -> JobQueued:
    return replace(story.queued(attempt), client=client, lane=lane)


def hear(board: Board, *events: AnyEvent) -> None:
    for event in events:
        board.take(at(board.place.offset + 1), event, is_replay=False)


def lane_of(choice: LaneChoice, story: Story, client: str | None = SHOP) -> Lane:
    with choice.made_for(replace(JOB_RECORD, job_id=story.job_id, client=client)) as lane:
        return lane


def sent(board: Board, choice: LaneChoice, client: str | None = SHOP) -> tuple[Story, Lane]:
    """One more image of this client, brought onto the board."""
    story = Story()
    with choice.made_for(replace(JOB_RECORD, job_id=story.job_id, client=client)) as lane:
        board.take_own(asked(story, client, lane))
    return story, lane


def test_the_first_few_unfinished_images_of_a_client_go_first_and_the_rest_into_bulk(
    board: Board, choice: LaneChoice
) -> None:
    assert [sent(board, choice)[1] for _ in range(4)] == ["interactive", "interactive", "bulk", "bulk"]


@pytest.mark.parametrize("other", [RIVAL, None], ids=["another", "nobody known"])
def test_what_one_sends_is_not_counted_against_another(
    board: Board, choice: LaneChoice, other: str | None
) -> None:
    for _ in range(9):
        sent(board, choice)

    assert lane_of(choice, Story(), other) == "interactive"


@pytest.mark.parametrize("end", ["done", "failed", "cancelled"])
def test_what_has_ended_counts_no_more(board: Board, choice: LaneChoice, end: str) -> None:
    stories = [sent(board, choice)[0] for _ in range(MOST)]
    assert lane_of(choice, Story()) == "bulk"

    board.take(at(0), getattr(stories[0], end)(), is_replay=False)

    assert lane_of(choice, Story()) == "interactive"


def test_what_is_worked_at_or_tried_again_counts_whatever_comes_first(
    board: Board, choice: LaneChoice
) -> None:
    begun, retried = Story(), Story()
    hear(board, begun.started(), asked(begun), asked(retried), retried.started(), retried.retrying())

    assert board.unfinished(SHOP) == 2
    assert board.unfinished(None) == 0


def test_a_job_that_is_asked_for_once_more_counts_again(board: Board) -> None:
    story = Story()
    hear(board, asked(story), story.failed(), asked(story, attempt=2))

    assert board.unfinished(SHOP) == 1


def test_what_is_on_its_way_counts_already_and_once(board: Board, choice: LaneChoice) -> None:
    first, second = Story(), Story()
    with choice.made_for(replace(JOB_RECORD, job_id=first.job_id, client=SHOP)) as lane:
        assert lane == "interactive"
        assert lane_of(choice, second) == "interactive"
        with choice.made_for(replace(JOB_RECORD, job_id=second.job_id, client=SHOP)):
            assert lane_of(choice, Story()) == "bulk"
        board.take_own(asked(first))
        assert lane_of(choice, second) == "interactive"


def test_what_could_not_be_sent_is_not_counted(choice: LaneChoice) -> None:
    for _ in range(5):
        with pytest.raises(OSError), choice.made_for(replace(JOB_RECORD, client=SHOP)):
            raise OSError

    assert lane_of(choice, Story()) == "interactive"


def test_without_any_images_that_go_first_all_go_one_way(board: Board) -> None:
    choice = LaneChoice(board, most=0)

    assert [sent(board, choice)[1] for _ in range(3)] == ["bulk"] * 3


def test_a_place_is_told_for_each_lane(board: Board, choice: LaneChoice) -> None:
    stories = [sent(board, choice)[0] for _ in range(5)]

    assert [board.position(story.job_id) for story in stories] == [1, 2, 1, 2, 3]
    assert [place for _, place in board.waiting()] == [1, 2, 1, 2, 3]

    board.take(at(0), stories[2].started(), is_replay=False)

    assert [board.position(story.job_id) for story in stories] == [1, 2, None, 1, 2]


def test_who_moves_into_the_other_lane_has_its_place_there(board: Board) -> None:
    moved, waiting = Story(), Story()
    hear(board, asked(moved, lane="bulk"), asked(waiting, lane="bulk"), moved.failed())
    hear(board, asked(moved, lane="interactive", attempt=2))

    assert (board.position(moved.job_id), board.position(waiting.job_id)) == (1, 1)


def test_a_client_is_told_from_others_by_a_digest_of_its_name() -> None:
    assert SHOP == "f3c0280875b5151f"
    assert SHOP != RIVAL
