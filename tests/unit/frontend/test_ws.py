"""Watching: a snapshot, then every change, and nothing that is not one's own business."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientWebSocketResponse, WSCloseCode, WSMessage, WSMsgType

from frontend.keys import LIVE
from pipeline.ids import BatchId, JobId, new_batch_id, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import WorkerHeartbeat
from tests.eventually import WITHIN_S, eventually
from tests.unit.frontend.conftest import Client, Json, NewFrontend, Tell, uploaded, when_ready
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import Story


class Watching:
    """What comes over a WebSocket."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket

    async def next(self, kind: str) -> Json:
        """The next message of this type; others are passed over."""
        while True:
            message: Json = await self.socket.receive_json(timeout=WITHIN_S)
            if message["type"] == kind:
                return message

    async def next_job(self) -> Json:
        """The next change of a job, and nothing of another type but the pipeline and the places before it."""
        job: Json = (await self.next("job"))["job"]
        return job


@asynccontextmanager
async def watching(client: Client, **query: str) -> AsyncIterator[Watching]:
    async with client.ws_connect("/ws", params=query) as socket:
        yield Watching(socket)


async def story_of_an_upload(client: Client, batch_id: BatchId | None = None) -> Story:
    query = {"batch_id": batch_id} if batch_id else {}
    (job,) = (await uploaded(client, PNG, **query))["jobs"]
    return Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))


async def test_the_first_message_is_a_picture_of_the_batch(client: Client) -> None:
    story = await story_of_an_upload(client)

    async with watching(client, batch=story.batch_id) as live:
        first = await live.socket.receive_json()

    assert first.keys() == {"type", "id", "offset", "jobs", "pipeline"}
    assert first["type"] == "snapshot"
    assert [job["id"] for job in first["jobs"]] == [story.job_id]
    assert first["pipeline"].keys() == {"broker", "queue", "rate_per_s", "workers"}


async def test_every_change_of_a_job_in_the_batch_follows_with_the_whole_job(
    client: Client, tell: Tell
) -> None:
    story = await story_of_an_upload(client)
    async with watching(client, batch=story.batch_id) as live:
        snapshot = await live.next("snapshot")
        await tell(story.started(), story.ready(), story.done())

        changes = [await live.next("job") for _ in range(3)]
        if changes[0]["job"]["status"] == "queued":  # the news that it waits was still under way
            changes = [*changes[1:], await live.next("job")]

    assert [change["job"]["status"] for change in changes] == ["processing", "processing", "done"]
    assert all(change["job"].keys() == snapshot["jobs"][0].keys() for change in changes)
    offsets = [snapshot["offset"], *(change["offset"] for change in changes)]
    assert offsets == sorted(set(offsets))


async def test_a_batch_can_be_watched_before_anything_is_sent_to_it(client: Client) -> None:
    batch_id = new_batch_id()
    async with watching(client, batch=batch_id) as live:
        assert (await live.next("snapshot"))["jobs"] == []

        story = await story_of_an_upload(client, batch_id)

        assert (await live.next_job())["id"] == story.job_id


async def test_a_watcher_of_a_job_hears_of_that_job_only(client: Client, tell: Tell) -> None:
    batch_id = new_batch_id()
    other, mine = await story_of_an_upload(client, batch_id), await story_of_an_upload(client, batch_id)
    async with watching(client, job=mine.job_id) as live:
        assert [job["id"] for job in (await live.next("snapshot"))["jobs"]] == [mine.job_id]
        await tell(other.done(), mine.done())

        job = await live.next_job()
        while job["status"] == "queued":
            job = await live.next_job()

    assert (job["id"], job["status"]) == (mine.job_id, "done")


async def test_a_watcher_of_a_batch_does_not_hear_of_others(client: Client, tell: Tell) -> None:
    other, mine = await story_of_an_upload(client), await story_of_an_upload(client)
    async with watching(client, batch=mine.batch_id) as live:
        await live.next("snapshot")
        await tell(other.done(), mine.done())

        job = await live.next_job()
        assert job["id"] == mine.job_id


async def test_places_in_the_queue_follow_when_those_before_are_begun(client: Client, tell: Tell) -> None:
    batch_id = new_batch_id()
    first = await story_of_an_upload(client, batch_id)
    second = await story_of_an_upload(client, batch_id)
    async with watching(client, batch=batch_id) as live:
        before = (await live.next("positions"))["positions"]
        while len(before) < 2:
            before = (await live.next("positions"))["positions"]
        assert before[second.job_id] == before[first.job_id] + 1

        await tell(first.started())

        after = (await live.next("positions"))["positions"]
        assert after == {second.job_id: before[first.job_id]}


async def test_a_watcher_of_nothing_sees_the_pipeline(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    async with watching(client) as live:
        assert (await live.next("snapshot"))["jobs"] == []
        await tell(WorkerHeartbeat(worker="worker-of-ws", slots=3, busy=(story.job_id,)))

        while True:
            pipeline = (await live.next("pipeline"))["pipeline"]
            seen = [worker for worker in pipeline["workers"] if worker["name"] == "worker-of-ws"]
            if seen:
                break

    assert (seen[0]["slots"], seen[0]["busy"]) == (3, [{"job_id": story.job_id, "name": "holiday.png"}])
    assert pipeline["broker"] == "up"
    assert pipeline["queue"]["ready"] >= 1


async def test_a_job_whose_last_event_was_lost_is_shown_as_ended_by_its_receipt(
    client: Client, tell: Tell, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    await tell(story.started())
    async with watching(client, batch=story.batch_id) as live:
        await live.next("snapshot")
        await store.save_receipt(story.receipt())

        while (await live.next_job())["status"] != "done":
            """Earlier changes may still be under way."""


async def test_without_a_broker_a_watcher_sees_what_is_stored_and_that_the_broker_is_away(
    lonely: Client, store: LocalImageStore
) -> None:
    story = Story()
    await store.save_receipt(story.receipt())

    async with watching(lonely, job=story.job_id) as live:
        snapshot = await live.next("snapshot")

    assert [job["status"] for job in snapshot["jobs"]] == ["done"]
    assert snapshot["pipeline"]["broker"] == "down"


@pytest.mark.parametrize("origin", [None, "same"])
async def test_the_own_page_and_programs_may_watch(client: Client, origin: str | None) -> None:
    headers = {"Origin": str(client.make_url("")).rstrip("/")} if origin else {}

    async with client.ws_connect("/ws", headers=headers) as socket:
        assert (await socket.receive_json())["type"] == "snapshot"


async def test_what_a_watcher_says_is_not_listened_to(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    async with watching(client, batch=story.batch_id) as live:
        await live.next("snapshot")
        await live.socket.send_str('{"type": "snapshot", "jobs": []}')
        await live.socket.send_bytes(b"\xff\x00")
        await tell(story.done())

        while (await live.next_job())["status"] != "done":
            """Earlier changes may still be under way."""


async def test_a_watcher_that_talks_without_end_is_sent_away(client: Client) -> None:
    async with watching(client) as live:
        await live.next("snapshot")
        await live.socket.send_str("x" * 100_000)

        async for _ in live.socket:
            """What was under way."""

    assert live.socket.close_code == WSCloseCode.MESSAGE_TOO_BIG


async def test_a_watcher_is_told_when_the_frontend_stops(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await when_ready(await new_frontend(amqp_url))
    socket = await client.ws_connect("/ws")
    await socket.receive_json()

    async def last_message() -> WSMessage:
        while (message := await socket.receive()).type is WSMsgType.TEXT:
            """What was under way."""
        return message

    message, _ = await asyncio.gather(last_message(), client.server.close())

    assert (message.type, message.data) == (WSMsgType.CLOSE, WSCloseCode.GOING_AWAY)


async def test_a_watcher_that_leaves_is_forgotten(client: Client) -> None:
    async with watching(client) as live:
        await live.next("snapshot")
        assert client.app[LIVE].has_watchers

    await eventually(lambda: not client.app[LIVE].has_watchers)


async def test_a_job_that_there_is_not_is_refused_before_the_protocol_changes(client: Client) -> None:
    async with client.get("/ws", params={"job": new_job_id()}) as response:
        assert response.status == 404


async def test_the_pipeline_can_be_asked_for_too(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    await tell(WorkerHeartbeat(worker="worker-of-a-test", slots=2, busy=()))

    async def pipeline() -> Json | None:
        async with client.get("/api/pipeline") as response:
            assert (response.status, response.content_type) == (200, "application/json")
            answer: Json = await response.json()
        return answer if answer["queue"]["ready"] and answer["oldest_waiting"] and answer["slots"] else None

    shown = await eventually(pipeline)
    assert shown is not None
    assert (shown["broker"], shown["queue"]["ready"], shown["slots"]) == ("up", 1, 2)
    assert shown["oldest_waiting"]["job_id"] == story.job_id
    assert shown["outbox"] == 0


async def test_who_waits_in_the_outbox_waits_too(lonely: Client) -> None:
    story = await story_of_an_upload(lonely)

    async with lonely.get("/api/pipeline") as response:
        shown = await response.json()

    assert (shown["broker"], shown["outbox"]) == ("down", 1)
    assert shown["oldest_waiting"]["job_id"] == story.job_id


async def test_a_waiting_job_says_how_long_it_will_take_once_others_have_ended(
    client: Client, tell: Tell
) -> None:
    before, waiting = await story_of_an_upload(client), await story_of_an_upload(client)
    await tell(WorkerHeartbeat(worker="worker-of-a-test", slots=1, busy=()))
    async with client.get(f"/api/jobs/{waiting.job_id}") as response:
        assert (await response.json())["seconds_to_go"] is None
    async with watching(client, job=waiting.job_id) as live:
        await live.next("snapshot")

        await tell(before.started(), before.done())

        async def seconds() -> bool:
            async with client.get(f"/api/jobs/{waiting.job_id}") as response:
                return (await response.json())["seconds_to_go"] is not None

        await eventually(seconds)
