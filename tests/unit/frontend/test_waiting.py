"""Waiting for a job or a batch: answered by its end or its change, and never longer than asked."""

import asyncio
import time
from collections.abc import Awaitable

import pytest
from aiohttp import ClientResponse

from frontend.keys import BOARD, WAITS
from pipeline.ids import BatchId, JobId
from pipeline.local_store import LocalImageStore
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, Json, NewFrontend, Tell, uploaded, when_ready
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import Story

LONG = "60"
SOON_S = 20.0
"""Far less than LONG, far more than an answer takes on a busy machine."""


async def story_of_an_upload(client: Client) -> Story:
    (job,) = (await uploaded(client, PNG))["jobs"]
    return Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))


async def is_waiting(client: Client, *, waits: int = 1) -> None:
    """Return when the frontend has so many jobs for which somebody waits."""
    await eventually(lambda: len(client.app[WAITS].jobs) == waits)


def asked(
    client: Client, story: Story, wait: str = LONG, *, path: str = "", **headers: str
) -> asyncio.Task[ClientResponse]:
    request = client.get(path or f"/api/jobs/{story.job_id}", params={"wait": wait}, headers=headers)

    async def answer() -> ClientResponse:
        async with asyncio.timeout(SOON_S):
            return await request

    return asyncio.create_task(answer())


async def etag_of(client: Client, story: Story) -> str:
    """The ETag of the job once its place in the queue is known."""

    async def etag() -> str | None:
        async with client.get(f"/api/jobs/{story.job_id}") as response:
            return response.headers["ETag"] if (await response.json())["position"] else None

    found = await eventually(etag)
    assert found is not None
    return found


async def job_of(answer: Awaitable[ClientResponse]) -> Json:
    response = await answer
    assert response.status == 200
    job: Json = await response.json()
    return job


async def test_an_answer_that_waits_comes_when_the_job_has_ended(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    answer = asked(client, story)
    await is_waiting(client)

    await tell(story.started(), story.done())

    assert (await job_of(answer))["status"] == "done"
    assert not client.app[WAITS].jobs


async def test_an_answer_that_waits_is_not_given_for_a_change_that_is_no_end(
    client: Client, tell: Tell
) -> None:
    story = await story_of_an_upload(client)
    answer = asked(client, story)
    await is_waiting(client)

    await tell(story.started())
    await eventually(lambda: started(client, story))

    assert not answer.done()
    await tell(story.done())
    assert (await job_of(answer))["status"] == "done"


async def started(client: Client, story: Story) -> bool:
    async with client.get(f"/api/jobs/{story.job_id}") as response:
        return bool((await response.json())["status"] == "processing")


async def test_a_job_that_has_ended_is_not_waited_for(client: Client, store: LocalImageStore) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(story.receipt())

    assert (await job_of(asked(client, story)))["status"] == "done"


async def test_when_the_time_is_over_the_answer_is_what_is_known(client: Client) -> None:
    story = await story_of_an_upload(client)

    begun = time.monotonic()
    job = await job_of(asked(client, story, "0.2"))

    assert job["status"] == "queued"
    assert time.monotonic() - begun >= 0.2


async def test_with_an_etag_the_answer_comes_with_the_next_change(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    answer = asked(client, story, **{"If-None-Match": await etag_of(client, story)})
    await is_waiting(client)

    await tell(story.started())

    assert (await job_of(answer))["status"] == "processing"


async def test_with_an_etag_the_answer_comes_when_the_place_in_the_queue_is_another(
    client: Client, tell: Tell
) -> None:
    first, second = await story_of_an_upload(client), await story_of_an_upload(client)
    await etag_of(client, first)
    answer = asked(client, second, **{"If-None-Match": await etag_of(client, second)})
    await is_waiting(client)

    await tell(first.started())

    assert (await job_of(answer))["position"] == 1


async def test_when_nothing_has_changed_and_the_time_is_over_nothing_is_sent(client: Client) -> None:
    story = await story_of_an_upload(client)

    response = await asked(client, story, "0.2", **{"If-None-Match": await etag_of(client, story)})

    assert (response.status, await response.read()) == (304, b"")


async def test_a_job_whose_event_is_lost_is_looked_for_in_the_store(
    client: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    answer = asked(client, story)
    await is_waiting(client)

    await store.save_receipt(story.receipt())

    assert (await job_of(answer))["status"] == "done"


async def test_a_job_that_is_called_off_has_ended(client: Client) -> None:
    story = await story_of_an_upload(client)
    answer = asked(client, story)
    await is_waiting(client)

    async with client.delete(f"/api/jobs/{story.job_id}") as response:
        assert (await response.json())["status"] == "cancelled"

    assert (await job_of(answer))["status"] == "cancelled"


async def test_one_who_leaves_is_not_waited_for(client: Client) -> None:
    story = await story_of_an_upload(client)
    answer = asked(client, story)
    await is_waiting(client)

    answer.cancel()

    await is_waiting(client, waits=0)


async def test_a_frontend_that_stops_answers_what_is_known(
    new_frontend: NewFrontend, amqp_url: str, client: Client
) -> None:
    story = await story_of_an_upload(client)
    other = await when_ready(await new_frontend(amqp_url))
    answer = asked(other, story)
    await is_waiting(other)

    await other.server.close()

    assert (await job_of(answer))["status"] == "queued"


async def is_waited_for(client: Client, *, batches: int = 1) -> None:
    """Return when the frontend has so many batches for which somebody waits."""
    await eventually(lambda: len(client.app[WAITS].batches) == batches)


def asked_for_batch(
    client: Client, story: Story, wait: str = LONG, **headers: str
) -> asyncio.Task[ClientResponse]:
    return asked(client, story, wait, path=f"/api/batches/{story.batch_id}", **headers)


async def story_of_one_more(client: Client, first: Story) -> Story:
    (job,) = (await uploaded(client, PNG, batch_id=str(first.batch_id)))["jobs"]
    return Story(job_id=JobId(job["id"]), batch_id=first.batch_id)


async def statuses_of(answer: Awaitable[ClientResponse]) -> list[str]:
    return [job["status"] for job in (await job_of(answer))["jobs"]]


async def has_ended(client: Client, story: Story) -> bool:
    state = client.app[BOARD].job(story.job_id)
    return state is not None and state.is_ended


async def test_a_batch_is_answered_when_the_last_of_its_jobs_has_ended(
    client: Client, tell: Tell, store: LocalImageStore
) -> None:
    first = await story_of_an_upload(client)
    second = await story_of_one_more(client, first)
    answer = asked_for_batch(client, first)
    await is_waited_for(client)
    await store.save_receipt(second.failed_receipt())
    await tell(second.failed())
    await eventually(lambda: has_ended(client, second))
    assert not answer.done()

    await tell(first.done())

    assert await statuses_of(answer) == ["done", "failed"]
    assert not client.app[WAITS].batches


async def test_a_batch_that_gets_one_more_job_is_waited_for_until_that_one_has_ended_too(
    client: Client, tell: Tell
) -> None:
    first = await story_of_an_upload(client)
    answer = asked_for_batch(client, first)
    await is_waited_for(client)
    second = await story_of_one_more(client, first)

    await tell(first.done())
    await eventually(lambda: has_ended(client, first))
    async with client.get(f"/api/batches/{first.batch_id}") as response:
        assert (await response.json())["counts"] == {"done": 1, "queued": 1}
    assert not answer.done()
    await tell(second.done())

    assert await statuses_of(answer) == ["done", "done"]


async def test_a_batch_that_has_ended_is_not_waited_for(client: Client, store: LocalImageStore) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(story.receipt())

    assert await statuses_of(asked_for_batch(client, story)) == ["done"]


async def test_when_the_time_is_over_the_batch_is_answered_as_it_is(client: Client) -> None:
    story = await story_of_an_upload(client)

    begun = time.monotonic()
    statuses = await statuses_of(asked_for_batch(client, story, "0.2"))

    assert statuses == ["queued"]
    assert time.monotonic() - begun >= 0.2


@pytest.mark.parametrize("change", ["a job that begins", "one more job", "another place"])
async def test_with_an_etag_a_batch_is_answered_with_its_next_change(
    client: Client, tell: Tell, change: str
) -> None:
    ahead, story = await story_of_an_upload(client), await story_of_an_upload(client)
    await etag_of(client, story)
    async with client.get(f"/api/batches/{story.batch_id}") as response:
        etag = response.headers["ETag"]
    answer = asked_for_batch(client, story, **{"If-None-Match": etag})
    await is_waited_for(client)

    if change == "one more job":
        await story_of_one_more(client, story)
    else:
        await tell(story.started() if change == "a job that begins" else ahead.started())

    assert (await answer).status == 200
    assert (await answer).headers["ETag"] != etag


async def test_a_batch_of_which_nothing_has_changed_in_time_is_not_sent(client: Client) -> None:
    story = await story_of_an_upload(client)
    await etag_of(client, story)
    async with client.get(f"/api/batches/{story.batch_id}") as response:
        etag = response.headers["ETag"]

    response = await asked_for_batch(client, story, "0.2", **{"If-None-Match": etag})

    assert (response.status, await response.read()) == (304, b"")


async def test_a_batch_is_answered_though_the_event_of_its_end_is_lost(
    client: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    answer = asked_for_batch(client, story)
    await is_waited_for(client)

    await store.save_receipt(story.receipt())

    assert await statuses_of(answer) == ["done"]


async def test_a_batch_of_which_the_last_job_is_removed_is_no_more(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    answer = asked_for_batch(client, story)
    await is_waited_for(client)

    await client.delete(f"/api/jobs/{story.job_id}")
    assert await statuses_of(answer) == ["cancelled"]
    await client.delete(f"/api/jobs/{story.job_id}")

    assert (await asked_for_batch(client, story)).status == 404


async def test_a_frontend_that_stops_answers_how_far_the_batch_is(
    new_frontend: NewFrontend, amqp_url: str, client: Client
) -> None:
    story = await story_of_an_upload(client)
    other = await when_ready(await new_frontend(amqp_url))
    answer = asked_for_batch(other, story)
    await is_waited_for(other)

    await other.server.close()

    assert await statuses_of(answer) == ["queued"]


@pytest.mark.parametrize("path", ["jobs/{story.job_id}", "batches/{story.batch_id}"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_who_has_it_already_is_sent_nothing(
    client: Client, store: LocalImageStore, path: str, method: str
) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(story.receipt())
    address = f"/api/{path.format(story=story)}"
    async with client.request(method, address) as response:
        etag = response.headers["ETag"]
    assert etag.startswith('W/"')

    same = await client.request(method, address, headers={"If-None-Match": f'"other", {etag}'})
    other = await client.request(method, address, headers={"If-None-Match": '"other"'})

    assert (same.status, same.headers["ETag"], await same.read()) == (304, etag, b"")
    assert other.status == 200


async def test_a_change_of_a_job_changes_its_etag_and_that_of_its_batch(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    addresses = f"/api/jobs/{story.job_id}", f"/api/batches/{story.batch_id}"
    await etag_of(client, story)
    before = [(await client.get(address)).headers["ETag"] for address in addresses]

    await tell(story.started())
    await eventually(lambda: started(client, story))

    after = [(await client.get(address)).headers["ETag"] for address in addresses]
    assert not set(before) & set(after)
