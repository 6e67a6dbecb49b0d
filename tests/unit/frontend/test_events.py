"""Server-sent events: what a WebSocket tells, and coming back without having missed anything."""

import asyncio
from datetime import UTC, datetime

import pytest

from frontend import event_stream
from frontend.keys import BOARD, LIVE
from frontend.lines import Message
from frontend.live import MOST_MESSAGES
from pipeline.ids import BatchId, JobId, new_batch_id
from pipeline.local_store import LocalImageStore
from tests.eventually import WITHIN_S, eventually
from tests.unit.frontend.clients import for_all
from tests.unit.frontend.conftest import Client, Json, NewFrontend, Tell, uploaded, when_ready
from tests.unit.frontend.event_reader import EventReader, streaming
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import Story
from tests.unit.pipeline.aged import stored_job

BIG = Message('{"type": "big", "text": "' + "x" * 10_000 + '"}')
POSITIONS = Message('{"type": "positions", "lane": "bulk", "positions": {}, "forecast": null}')


async def story_of_an_upload(client: Client, batch_id: BatchId | None = None) -> Story:
    query = {"batch_id": batch_id} if batch_id else {}
    (job,) = (await uploaded(client, PNG, **query))["jobs"]
    return Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))


async def job_with(stream: EventReader, status: str) -> Json:
    """The first message of a job with this status."""
    while True:
        message = await stream.next("job")
        if message["job"]["status"] == status:
            return message


async def test_a_stream_tells_what_a_websocket_tells(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    async with (
        streaming(client, batch=story.batch_id) as stream,
        client.ws_connect("/ws", params={"batch": story.batch_id}) as socket,
    ):
        assert [job["id"] for job in (await stream.next("snapshot"))["jobs"]] == [story.job_id]
        await socket.receive_json(timeout=WITHIN_S)
        await tell(story.started(), story.done())
        told = await job_with(stream, "done")

        while (message := await socket.receive_json(timeout=WITHIN_S)) != told:
            """Earlier changes come before it."""
        assert message["job"]["status"] == "done"


async def test_the_id_of_an_event_is_that_of_its_message(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    async with streaming(client, job=story.job_id) as stream:
        snapshot = await stream.next("snapshot")
        assert stream.last_id == snapshot["id"]
        await tell(story.done())

        message = await job_with(stream, "done")

    assert stream.last_id == message["id"]
    assert message["offset"] > snapshot["offset"]


async def test_a_stream_is_one_that_proxies_leave_alone(client: Client) -> None:
    async with streaming(client) as stream:
        await stream.next("snapshot")

    headers = stream.response.headers
    assert headers["Content-Type"] == "text/event-stream"
    assert (headers["Cache-Control"], headers["X-Accel-Buffering"]) == ("no-store", "no")
    assert stream.retry_ms == event_stream.RETRY_MS


async def test_the_headers_of_a_stream_can_be_asked_for_alone(client: Client) -> None:
    async with client.head("/api/events") as response:
        assert (response.status, response.content_type) == (200, "text/event-stream")


async def test_a_silent_stream_is_kept_alive(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "KEEP_ALIVE_S", 0.01)

    async with streaming(client) as stream:
        async with asyncio.timeout(10):
            await stream.response.content.readuntil(b"\n: still here\n\n")


@pytest.mark.parametrize("way", ["header", "address", "both"])
async def test_who_comes_back_is_told_only_what_has_changed(client: Client, tell: Tell, way: str) -> None:
    batch_id = new_batch_id()
    quiet, busy = [await story_of_an_upload(client, batch_id) for _ in range(2)]
    async with streaming(client, batch=batch_id) as stream:
        await stream.next("snapshot")
        await tell(quiet.done(), busy.started())
        await job_with(stream, "processing")
        last_id = stream.last_id
    await tell(busy.done())
    await eventually(lambda: offset_of(str(client.app[BOARD].place)) > offset_of(last_id))

    query = {"header": {}, "address": {"after": last_id}, "both": {"after": "0-00000000"}}[way]
    headers = {} if way == "address" else {"Last-Event-ID": last_id}
    async with streaming(client, headers=headers, batch=batch_id, **query) as stream:
        first = await stream.event()

    assert first is not None
    assert (first.data["type"], first.data["job"]["id"]) == ("job", busy.job_id)
    assert first.data["job"]["status"] == "done"
    assert offset_of(first.last_id) > offset_of(last_id)


async def test_a_websocket_can_come_back_likewise(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    await tell(story.started())
    await eventually(lambda: status_of(client, story) == "processing")
    place = client.app[BOARD].place
    await tell(story.done())
    await eventually(lambda: status_of(client, story) == "done")

    query = {"batch": story.batch_id, "after": str(place)}
    async with client.ws_connect("/ws", params=query) as socket:
        messages = [await socket.receive_json(timeout=WITHIN_S) for _ in range(2)]

    assert [message["type"] for message in messages] == ["job", "pipeline"]
    assert messages[0]["job"]["status"] == "done"


def offset_of(log_id: str) -> int:
    return int(log_id.partition("-")[0])


def status_of(client: Client, story: Story) -> str | None:
    state = client.app[BOARD].job(story.job_id)
    return state.status if state is not None else None


async def test_one_frontend_goes_on_where_another_has_stopped(
    client: Client, new_frontend: NewFrontend, amqp_url: str, tell: Tell
) -> None:
    story = await story_of_an_upload(client)
    other = await when_ready(await new_frontend(amqp_url))
    async with streaming(client, batch=story.batch_id) as stream:
        await stream.next("snapshot")
        await tell(story.started())
        await job_with(stream, "processing")
    await client.server.close()
    await tell(story.done())
    await eventually(lambda: status_of(other, story) == "done")

    async with streaming(other, headers={"Last-Event-ID": stream.last_id}, batch=story.batch_id) as resumed:
        first = await resumed.event()

    assert first is not None
    assert (first.data["type"], first.data["job"]["status"]) == ("job", "done")


@pytest.mark.parametrize("after", ["0", "999999999"])
async def test_who_has_missed_more_than_is_known_gets_a_snapshot(
    new_frontend: NewFrontend, client: Client, lonely: Client, after: str
) -> None:
    story = await story_of_an_upload(client)

    async with streaming(lonely, batch=story.batch_id, after=after) as stream:
        first = await stream.event()

    assert first is not None
    assert first.data["type"] == "snapshot"
    assert [job["id"] for job in first.data["jobs"]] == [story.job_id]


async def test_what_only_the_store_knows_is_told_to_who_comes_back(
    client: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    async with streaming(client, batch=story.batch_id) as stream:
        await stream.next("snapshot")
    await store.save_receipt(story.receipt())

    async with streaming(client, batch=story.batch_id, after=stream.last_id) as resumed:
        await job_with(resumed, "done")


async def test_a_job_of_which_the_log_tells_nothing_is_told_to_who_comes_back(
    client: Client, store: LocalImageStore
) -> None:
    batch_id = new_batch_id()
    async with streaming(client, batch=batch_id) as stream:
        await stream.next("snapshot")
    other = await stored_job(store, datetime.now(UTC), batch_id)

    async with streaming(client, batch=batch_id, after=stream.last_id) as resumed:
        first = await resumed.event()

    assert first is not None
    assert [job["id"] for job in first.data.get("jobs", [])] == [other.job_id]


async def test_who_reads_too_slowly_is_sent_away_and_stops_nobody(client: Client) -> None:
    batch_id = new_batch_id()
    async with streaming(client) as reading, streaming(client, batch=batch_id) as stuck:
        await reading.next("snapshot")
        await stuck.next("snapshot")
        while client.app[LIVE].watched_batches():
            client.app[LIVE].put_to_batch(batch_id, for_all(BIG))
            await asyncio.sleep(0)

        client.app[LIVE].put_to_all(for_all(POSITIONS))
        await reading.next("positions")


async def test_who_was_too_slow_is_told_so_and_may_come_back(client: Client) -> None:
    async with streaming(client) as stream:
        await stream.next("snapshot")
        for _ in range(MOST_MESSAGES + 1):
            client.app[LIVE].put_to_all(for_all(BIG))

        events = await stream.rest()

    assert (events[-1].kind, events[-1].data["code"]) == ("close", 1013)


async def test_who_leaves_is_forgotten(client: Client) -> None:
    async with streaming(client) as stream:
        await stream.next("snapshot")
        assert client.app[LIVE].has_watchers

    await eventually(lambda: not client.app[LIVE].has_watchers)


async def test_the_last_event_tells_that_the_frontend_stops(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await when_ready(await new_frontend(amqp_url))
    async with streaming(client) as stream:
        await stream.next("snapshot")
        events, _ = await asyncio.gather(stream.rest(), client.server.close())

    assert (events[-1].kind, events[-1].data["code"]) == ("close", 1001)


@pytest.mark.parametrize("field", ["Last-Event-ID", "after"])
async def test_an_offset_that_is_none_is_named_by_where_it_was_said(client: Client, field: str) -> None:
    given = {field: "soon"}
    headers, query = (given, {}) if field == "Last-Event-ID" else ({}, given)

    async with client.get("/api/events", headers=headers, params=query) as response:
        problem = await response.json(content_type="application/problem+json")

    assert (response.status, problem["field"], problem["value"]) == (422, field, "soon")
