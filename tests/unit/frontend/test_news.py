"""What watchers are told: every change at once, and nothing twice that has not changed."""

import json

import pytest
from aiohttp.test_utils import make_mocked_request

from frontend import news as news_module
from frontend.board import Board
from frontend.lines import Message
from frontend.live import Live, Watcher
from frontend.news import News
from frontend.socket_line import SocketLine
from pipeline.ids import BatchId, JobId, new_batch_id
from tests.lanes import counted
from tests.unit.frontend.clients import ANYBODY
from tests.unit.frontend.conftest import Json
from tests.unit.frontend.story import Story, at


class Listener(Watcher):
    """A watcher that keeps what it is told."""

    def __init__(self, *, batch: BatchId | None = None, job: JobId | None = None) -> None:
        super().__init__(SocketLine(make_mocked_request("GET", "/ws")), ANYBODY, batch=batch, job=job)
        self.heard: list[Json] = []

    def put(self, message: Message) -> None:
        self.heard.append(json.loads(message.text))


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
def live() -> Live:
    return Live()


@pytest.fixture
def news(board: Board, live: Live) -> News:
    news = News(board=board, live=live)
    board.subscribe(news.job_changed)
    return news


def joined(live: Live, *, batch: BatchId | None = None, job: JobId | None = None) -> Listener:
    listener = Listener(batch=batch, job=job)
    live.join(listener)
    return listener


@pytest.mark.usefixtures("news")
def test_that_a_job_is_removed_is_told_like_any_other_change(board: Board, live: Live) -> None:
    story = Story()
    of_batch, of_job = joined(live, batch=story.batch_id), joined(live, job=story.job_id)
    board.take(at(1), story.done(), is_replay=False)

    board.take(at(2), story.removed(), is_replay=False)

    assert [heard["job"]["status"] for heard in of_batch.heard] == ["done", "removed"]
    assert of_batch.heard[-1]["job"]["id"] == story.job_id
    assert of_job.heard == of_batch.heard


@pytest.mark.usefixtures("news")
def test_a_change_is_told_with_its_offset_and_the_place_of_the_job(board: Board, live: Live) -> None:
    first, second = Story(), Story()
    of_batch, of_job = joined(live, batch=second.batch_id), joined(live, job=second.job_id)
    elsewhere = joined(live, batch=first.batch_id)

    board.take(at(41), first.queued(), is_replay=False)
    board.take(at(42), second.queued(), is_replay=False)

    (message,) = of_batch.heard
    assert (message["type"], message["offset"], message["id"]) == ("job", 42, str(at(42)))
    assert (message["job"]["id"], message["job"]["position"]) == (second.job_id, 2)
    assert of_job.heard == [message]
    assert [heard["job"]["id"] for heard in elsewhere.heard] == [first.job_id]


def test_places_are_told_to_the_watchers_of_a_batch_and_only_when_they_have_moved(
    board: Board, live: Live, news: News
) -> None:
    first, second = Story(), Story()
    board.take(at(1), first.queued(), is_replay=False)
    board.take(at(2), second.queued(), is_replay=False)
    mine, other = joined(live, batch=second.batch_id), joined(live, batch=new_batch_id())

    news.tell_positions()
    news.tell_positions()
    board.take(at(3), first.started(), is_replay=False)
    news.tell_positions()

    assert mine.heard == [
        {"type": "positions", "lane": "interactive", "positions": {second.job_id: 2}, "forecast": None},
        {"type": "positions", "lane": "interactive", "positions": {second.job_id: 1}, "forecast": None},
    ]
    assert other.heard == []


def test_who_comes_back_is_told_the_places_of_what_waits(board: Board, news: News) -> None:
    batch = new_batch_id()
    others, mine = [Story() for _ in range(2)], [Story(batch_id=batch) for _ in range(3)]
    for offset, story in enumerate([others[0], mine[0], others[1], *mine[1:]]):
        board.take(at(offset), story.queued(), is_replay=False)
    board.take(at(5), mine[2].started(), is_replay=False)

    missed = news.missed(ANYBODY, batch=batch, job=None, after=at(0))

    assert missed is not None
    jobs = [message["job"] for message in map(json.loads, (one.text for one in missed)) if "job" in message]
    assert [(job["id"], job["position"]) for job in jobs] == [
        (mine[0].job_id, 2),
        (mine[1].job_id, 4),
        (mine[2].job_id, None),
    ]


def test_the_pipeline_is_told_to_everybody_and_only_when_it_has_changed(live: Live, news: News) -> None:
    listener = joined(live)

    for counts in (counted(3, 2), counted(3, 2), counted(4, 2), None, None):
        news.pipeline_counted(counts)

    assert [heard["pipeline"]["queue"]["ready"] for heard in listener.heard] == [3, 4, None]
    assert [heard["pipeline"]["broker"] for heard in listener.heard] == ["up", "up", "down"]


def test_a_snapshot_shows_the_queue_as_it_was_last_counted(board: Board, news: News) -> None:
    board.take(at(7), Story().queued(), is_replay=False)
    news.pipeline_counted(counted(5, 1))

    snapshot = json.loads(news.snapshot(ANYBODY, [{"id": "x"}]).text)

    assert (snapshot["type"], snapshot["id"], snapshot["jobs"]) == ("snapshot", str(at(7)), [{"id": "x"}])
    assert snapshot["pipeline"]["queue"] == {
        "ready": 5,
        "consumers": 1,
        "lanes": {"interactive": {"ready": 5, "consumers": 1}, "bulk": {"ready": 0, "consumers": 1}},
    }


def test_very_many_watchers_are_told_of_the_pipeline_less_often_but_of_the_broker_at_once(
    live: Live, news: News, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(news_module, "MESSAGES_TO_ALL_PER_S", 0.001)
    listener = joined(live)

    for counts in (counted(3, 2), counted(4, 2), None, counted(5, 2), counted(6, 2)):
        news.pipeline_counted(counts)

    assert [heard["pipeline"]["queue"]["ready"] for heard in listener.heard] == [3, None, 5]


def test_nothing_is_wanted_while_nobody_watches(live: Live, news: News) -> None:
    wanted = [news.is_wanted]
    listener = joined(live)
    wanted.append(news.is_wanted)
    live.leave(listener)
    wanted.append(news.is_wanted)

    assert wanted == [False, True, False]
