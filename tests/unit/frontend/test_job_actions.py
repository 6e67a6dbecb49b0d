"""What people do to jobs: retry, cancel, remove; once each, and only those who may."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from frontend.keys import BOARD, STORE
from pipeline.ids import BatchId, JobId, day_of, new_batch_id, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.outbox import Outbox
from pipeline.records import Receipt
from tests.eventually import WITHIN_S, eventually
from tests.unit.frontend.conftest import (
    Client,
    Json,
    NewFrontend,
    Tell,
    commands_in_queue,
    left_in,
    uploaded,
    when_ready,
)
from tests.unit.frontend.requests import PAGE, PNG
from tests.unit.frontend.story import RESULT, Story


async def story_of_an_upload(client: Client, batch_id: BatchId | None = None) -> Story:
    """The story of a job that a frontend has just taken."""
    query = {"batch_id": batch_id} if batch_id else {}
    (job,) = (await uploaded(client, PNG, **query))["jobs"]
    return Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))


async def asked(client: Client, method: str, path: str, **headers: str) -> tuple[int, Json]:
    """Status and answer."""
    async with client.request(method, path, headers=headers) as response:
        answer: Json = await response.json(content_type=None) if response.status != 204 else {}
        return response.status, answer


async def status_of(client: Client, story: Story) -> str:
    _, job = await asked(client, "GET", f"/api/jobs/{story.job_id}")
    return str(job.get("code") or job["status"])


async def failed(client: Client, store: LocalImageStore, batch_id: BatchId | None = None) -> Story:
    """A job that was sent, and failed."""
    story = await story_of_an_upload(client, batch_id)
    await store.save_receipt(story.failed_receipt())
    return story


def cancelled_receipt(story: Story) -> Receipt:
    receipt = story.failed_receipt()
    return msgspec.structs.replace(receipt, status="cancelled", error=None, worker="")


# Retry


@pytest.mark.parametrize("end", ["failed", "cancelled"])
async def test_a_job_that_ended_without_a_result_is_asked_for_once_more(
    client: Client, store: LocalImageStore, amqp_url: str, storage: Path, end: str
) -> None:
    story = await story_of_an_upload(client)
    await commands_in_queue(amqp_url)
    receipt = story.failed_receipt() if end == "failed" else cancelled_receipt(story)
    await store.save_receipt(receipt)
    assert await status_of(client, story) == end

    status, job = await asked(client, "POST", f"/api/jobs/{story.job_id}/retry")

    assert (status, job["status"], job["attempt"], job["error"]) == (202, "queued", 2, None)
    assert await store.load_receipt(story.job_id) is None
    (command,) = await commands_in_queue(amqp_url)
    assert (command.job_id, command.attempt, command.retries) == (story.job_id, 2, 0)
    assert await Outbox(storage).count() == 0


async def test_a_job_that_was_asked_for_once_more_goes_on_as_its_worker_tells(
    client: Client, store: LocalImageStore, tell: Tell
) -> None:
    story = await failed(client, store)
    await asked(client, "POST", f"/api/jobs/{story.job_id}/retry")

    await tell(story.failed(1), story.started(2))

    async def is_at_work() -> bool:
        return await status_of(client, story) == "processing"

    await eventually(is_at_work)


async def test_a_retry_comes_after_the_highest_attempt_that_was_told(
    client: Client, store: LocalImageStore, amqp_url: str, tell: Tell
) -> None:
    story = await failed(client, store)
    await tell(story.failed(4))
    await commands_in_queue(amqp_url)

    async def is_told() -> bool:
        _, job = await asked(client, "GET", f"/api/jobs/{story.job_id}")
        return bool(job["attempt"] == 4)

    await eventually(is_told)
    _, job = await asked(client, "POST", f"/api/jobs/{story.job_id}/retry")

    assert (job["status"], job["attempt"]) == ("queued", 5)


@pytest.mark.parametrize("state", ["queued", "done"])
async def test_a_job_that_has_not_failed_is_not_tried_again(
    client: Client, store: LocalImageStore, amqp_url: str, state: str
) -> None:
    story = await story_of_an_upload(client)
    if state == "done":
        await store.save_receipt(story.receipt())
    await commands_in_queue(amqp_url)

    status, problem = await asked(client, "POST", f"/api/jobs/{story.job_id}/retry")

    assert (status, problem["code"]) == (409, "job_not_failed")
    assert await commands_in_queue(amqp_url) == []


async def test_several_who_ask_at_once_get_one_retry(
    client: Client, store: LocalImageStore, amqp_url: str
) -> None:
    story = await failed(client, store)
    await commands_in_queue(amqp_url)

    answers = await asyncio.gather(
        *(asked(client, "POST", f"/api/jobs/{story.job_id}/retry") for _ in range(5))
    )

    assert sorted(status for status, _ in answers) == [202, 409, 409, 409, 409]
    assert len(await commands_in_queue(amqp_url)) == 1


async def test_a_job_whose_image_is_gone_cannot_be_tried_again_and_stays_as_it_is(
    client: Client, store: LocalImageStore, storage: Path
) -> None:
    story = await failed(client, store)
    (storage / "uploads" / day_of(story.job_id) / story.job_id / "holiday.png").unlink()

    status, problem = await asked(client, "POST", f"/api/jobs/{story.job_id}/retry")

    assert (status, problem["code"]) == (404, "source_missing")
    assert await status_of(client, story) == "failed"


async def test_a_job_that_no_frontend_was_asked_for_cannot_be_tried_again(
    client: Client, store: LocalImageStore
) -> None:
    story = Story()
    await store.save_receipt(story.failed_receipt())

    status, problem = await asked(client, "POST", f"/api/jobs/{story.job_id}/retry")

    assert (status, problem["code"]) == (404, "source_missing")


async def test_without_a_broker_a_retry_waits_in_the_outbox(
    client: Client, lonely: Client, store: LocalImageStore, storage: Path
) -> None:
    story = await failed(client, store)

    status, job = await asked(lonely, "POST", f"/api/jobs/{story.job_id}/retry")

    assert (status, job["status"]) == (202, "queued")
    kept = await Outbox(storage).load(story.job_id)
    assert kept is not None
    assert kept.attempt == 2
    assert await status_of(lonely, story) == "queued"


async def test_a_retry_that_another_frontend_has_sent_before_its_receipt_was_gone_is_kept_once_more(
    client: Client, lonely: Client, store: LocalImageStore, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = await failed(client, store)
    drop_receipt = lonely.app[STORE].drop_receipt

    async def drop_it_late(job_id: JobId) -> None:
        await Outbox(storage).remove(job_id)  # as a relay does when it has sent the command
        await drop_receipt(job_id)

    monkeypatch.setattr(lonely.app[STORE], "drop_receipt", drop_it_late)
    status, _ = await asked(lonely, "POST", f"/api/jobs/{story.job_id}/retry")

    assert status == 202
    assert await store.load_receipt(story.job_id) is None
    assert await Outbox(storage).holds(story.job_id)


async def test_another_frontend_shows_a_retry_of_which_it_has_not_heard(
    client: Client, store: LocalImageStore, tell: Tell
) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(story.failed_receipt())
    await tell(story.failed(1))
    assert await status_of(client, story) == "failed"

    await store.drop_receipt(story.job_id)

    async def waits_again() -> bool:
        _, job = await asked(client, "GET", f"/api/jobs/{story.job_id}")
        return (job["status"], job["attempt"]) == ("queued", 2)

    await eventually(waits_again)


async def test_all_failed_jobs_of_a_batch_are_asked_for_once_more_and_no_others(
    client: Client, store: LocalImageStore, amqp_url: str, storage: Path
) -> None:
    batch_id = new_batch_id()
    lost, *helped = [await failed(client, store, batch_id) for _ in range(3)]
    done, cancelled = [await story_of_an_upload(client, batch_id) for _ in range(2)]
    await store.save_receipt(done.receipt())
    await store.save_receipt(cancelled_receipt(cancelled))
    (storage / "uploads" / day_of(lost.job_id) / lost.job_id / "holiday.png").unlink()
    await commands_in_queue(amqp_url)

    status, answer = await asked(client, "POST", f"/api/batches/{batch_id}/retry")

    assert status == 202
    assert [job["id"] for job in answer["jobs"]] == [story.job_id for story in helped]
    assert {command.job_id for command in await commands_in_queue(amqp_url)} == {
        story.job_id for story in helped
    }
    _, batch = await asked(client, "GET", f"/api/batches/{batch_id}")
    assert batch["counts"] == {"failed": 1, "queued": 2, "done": 1, "cancelled": 1}


# Cancel


async def test_a_job_that_waits_is_cancelled_and_leaves_the_line(
    client: Client, store: LocalImageStore
) -> None:
    first, second = await story_of_an_upload(client), await story_of_an_upload(client)

    async def place_of_second() -> int | None:
        _, job = await asked(client, "GET", f"/api/jobs/{second.job_id}")
        place: int | None = job["position"]
        return place

    before = await eventually(place_of_second)
    assert before is not None

    status, job = await asked(client, "DELETE", f"/api/jobs/{first.job_id}")

    assert (status, job["status"], job["position"]) == (200, "cancelled", None)
    assert await place_of_second() == before - 1
    receipt = await store.load_receipt(first.job_id)
    assert receipt is not None
    assert (receipt.status, receipt.attempt, receipt.name) == ("cancelled", 1, "holiday.png")


async def test_a_job_that_is_worked_at_is_cancelled_and_what_its_worker_tells_then_means_nothing(
    client: Client, tell: Tell
) -> None:
    story, other = await story_of_an_upload(client), await story_of_an_upload(client)
    await tell(story.started(3))

    async def is_at_work() -> bool:
        return await status_of(client, story) == "processing"

    await eventually(is_at_work)
    _, job = await asked(client, "DELETE", f"/api/jobs/{story.job_id}")
    await tell(story.ready(3), story.retrying(3), other.done())

    async def is_read() -> bool:
        return await status_of(client, other) == "done"

    await eventually(is_read)
    assert (job["status"], job["attempt"]) == ("cancelled", 3)
    assert await status_of(client, story) == "cancelled"


async def test_a_job_is_cancelled_though_the_one_who_does_it_has_not_heard_of_its_last_attempt(
    client: Client, store: LocalImageStore, tell: Tell
) -> None:
    story = await story_of_an_upload(client)

    def shown() -> tuple[str, int]:
        state = client.app[BOARD].job(story.job_id)
        assert state is not None
        return state.status, state.attempt

    await tell(story.queued(2), story.started(2))
    await eventually(lambda: shown() == ("processing", 2))
    await store.save_receipt(cancelled_receipt(story))

    await tell(story.cancelled(1), story.ready(2))

    await eventually(lambda: shown() == ("cancelled", 2))
    _, job = await asked(client, "GET", f"/api/jobs/{story.job_id}")
    assert (job["status"], job["attempt"]) == ("cancelled", 2)


async def test_renditions_of_a_job_that_is_cancelled_between_two_attempts_are_not_left_behind(
    client: Client, store: LocalImageStore, tell: Tell, storage: Path
) -> None:
    story = await story_of_an_upload(client)
    await store.save_rendition(story.job_id, RESULT.file, b"the result")
    await tell(story.started(), story.ready(), story.retrying())

    async def is_retrying() -> bool:
        return await status_of(client, story) == "retrying"

    await eventually(is_retrying)
    await asked(client, "DELETE", f"/api/jobs/{story.job_id}")

    assert [path for path in left_in(storage) if path.endswith(RESULT.file)] == []


async def test_a_job_is_cancelled_without_a_broker_too(
    client: Client, lonely: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)

    status, job = await asked(lonely, "DELETE", f"/api/jobs/{story.job_id}")

    assert (status, job["status"]) == (200, "cancelled")
    assert await status_of(client, story) == "cancelled"


# Remove


async def test_a_job_that_has_ended_is_removed_with_all_its_files(
    client: Client, store: LocalImageStore, storage: Path
) -> None:
    story = await story_of_an_upload(client)
    await store.save_rendition(story.job_id, RESULT.file, b"the result")
    await store.save_receipt(story.receipt())
    _, job = await asked(client, "GET", f"/api/jobs/{story.job_id}")
    addresses = [job["receipt_url"], job["source"]["url"], job["renditions"][0]["url"]]

    status, _ = await asked(client, "DELETE", f"/api/jobs/{story.job_id}")

    assert status == 204
    for path in (f"/api/jobs/{story.job_id}", *addresses, f"/ws?job={story.job_id}"):
        status, problem = await asked(client, "GET", path)
        assert (status, problem["code"]) == (404, "job_not_found"), path
    left = [path for path in left_in(storage) if not path.startswith("index/-/removed/")]
    folder = f"processed/{day_of(story.job_id)}/{story.job_id}"
    assert left == [folder, f"{folder}/receipt.json"]
    for method, path in (("DELETE", ""), ("POST", "/retry")):
        status, problem = await asked(client, method, f"/api/jobs/{story.job_id}{path}")
        assert (status, problem["code"]) == (404, "job_not_found")


async def test_a_removed_job_is_in_its_batch_no_more_and_the_others_are(
    client: Client, store: LocalImageStore, tell: Tell
) -> None:
    batch_id = new_batch_id()
    gone, there = [await failed(client, store, batch_id) for _ in range(2)]

    async with client.ws_connect("/ws", params={"batch": batch_id}) as socket:
        assert len((await socket.receive_json())["jobs"]) == 2
        await asked(client, "DELETE", f"/api/jobs/{gone.job_id}")
        await tell(gone.queued(), gone.done())
        while (message := await socket.receive_json(timeout=WITHIN_S))["type"] != "job":
            """The pipeline is told of in between."""

    _, batch = await asked(client, "GET", f"/api/batches/{batch_id}")
    assert [job["id"] for job in batch["jobs"]] == [there.job_id]
    assert (message["job"]["id"], message["job"]["status"]) == (gone.job_id, "removed")
    async with client.ws_connect("/ws", params={"batch": batch_id}) as socket:
        assert [job["id"] for job in (await socket.receive_json())["jobs"]] == [there.job_id]


async def test_another_frontend_knows_a_removed_job_no_more(
    client: Client, new_frontend: NewFrontend, amqp_url: str, store: LocalImageStore
) -> None:
    story = await failed(client, store)
    other = await when_ready(await new_frontend(amqp_url))
    assert await status_of(other, story) == "failed"

    await asked(client, "DELETE", f"/api/jobs/{story.job_id}")

    assert await status_of(other, story) == "job_not_found"


# Who may


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_a_job_that_there_is_not_cannot_be_changed(client: Client, method: str) -> None:
    path = f"/api/jobs/{new_job_id()}" + ("/retry" if method == "POST" else "")

    status, problem = await asked(client, method, path)

    assert (status, problem["code"]) == (404, "job_not_found")


ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", ELSEWHERE, ids=str)
async def test_pages_of_other_sites_change_nothing(
    client: Client, store: LocalImageStore, headers: dict[str, str]
) -> None:
    story = await failed(client, store)
    attempts = [
        ("POST", f"/api/jobs/{story.job_id}/retry"),
        ("DELETE", f"/api/jobs/{story.job_id}"),
        ("POST", f"/api/batches/{story.batch_id}/retry"),
        ("POST", f"/jobs/{story.job_id}/retry"),
        ("POST", f"/jobs/{story.job_id}/delete"),
        ("POST", f"/batches/{story.batch_id}/retry"),
    ]
    for method, path in attempts:
        status, problem = await asked(client, method, path, **headers)

        assert (status, problem["code"]) == (403, "foreign_origin")
    assert await status_of(client, story) == "failed"


@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "same-origin"}, {"Origin": "null", "Sec-Fetch-Site": "same-origin"}, {}]
)
async def test_pages_of_this_site_and_programs_may(
    client: Client, store: LocalImageStore, headers: dict[str, str]
) -> None:
    story = await failed(client, store)

    status, _ = await asked(client, "DELETE", f"/api/jobs/{story.job_id}", **headers)

    assert status == 204


# Without JavaScript


async def test_forms_lead_back_to_the_page_of_the_batch(client: Client, store: LocalImageStore) -> None:
    batch_id = new_batch_id()
    first, second = [await failed(client, store, batch_id) for _ in range(2)]
    for path in (
        f"/jobs/{first.job_id}/retry",
        f"/batches/{batch_id}/retry",
        f"/jobs/{first.job_id}/delete",
    ):
        async with client.post(path, headers=PAGE, allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (303, f"/batches/{batch_id}")

    assert await status_of(client, first) == "cancelled"
    assert await status_of(client, second) == "queued"


async def test_whoever_removes_the_last_job_of_a_batch_comes_to_the_start(
    client: Client, store: LocalImageStore
) -> None:
    story = await failed(client, store)

    async with client.post(f"/jobs/{story.job_id}/delete", headers=PAGE, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/")


async def test_a_form_that_cannot_be_done_is_answered_by_a_page(client: Client) -> None:
    story = await story_of_an_upload(client)

    async with client.post(f"/jobs/{story.job_id}/retry", headers=PAGE) as response:
        assert (response.status, response.content_type) == (409, "text/html")
