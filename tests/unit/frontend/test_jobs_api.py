"""What is told about jobs and batches: the store is the truth, the log is the news."""

from collections.abc import Callable
from pathlib import Path

import pytest

from frontend.keys import BOARD
from pipeline.ids import BatchId, JobId, day_of, new_batch_id
from pipeline.local_store import LocalImageStore
from pipeline.records import Receipt, decode_receipt, event_of
from tests.eventually import eventually
from tests.unit.frontend.conftest import (
    Client,
    Json,
    NewFrontend,
    Tell,
    uploaded,
    when_ready,
)
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import RESULT, Story


async def got(client: Client, path: str) -> Json:
    async with client.get(path) as response:
        assert response.status == 200, await response.text()
        answer: Json = await response.json()
        return answer


async def story_of_an_upload(client: Client) -> Story:
    """The story of a job that a frontend has just taken."""
    (job,) = (await uploaded(client, PNG))["jobs"]
    return Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))


async def test_a_job_that_nobody_has_begun_waits(client: Client) -> None:
    story = await story_of_an_upload(client)

    async def has_place() -> bool:
        return bool((await got(client, f"/api/jobs/{story.job_id}"))["position"])

    await eventually(has_place)
    job = await got(client, f"/api/jobs/{story.job_id}")
    assert (job["status"], job["worker"], job["renditions"]) == ("queued", None, [])


async def test_an_id_in_capitals_names_the_same_job(client: Client) -> None:
    story = await story_of_an_upload(client)

    assert (await got(client, f"/api/jobs/{story.job_id.upper()}"))["id"] == story.job_id


async def test_a_job_shows_what_the_log_tells_of_it(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)

    async def shows(status: str, worker: str | None) -> Json | None:
        job = await got(client, f"/api/jobs/{story.job_id}")
        return job if (job["status"], job["worker"]) == (status, worker) else None

    await tell(story.started(worker="worker-9"))
    assert await eventually(lambda: shows("processing", "worker-9"))

    await tell(story.retrying())
    retrying = await eventually(lambda: shows("retrying", None))
    assert retrying is not None
    assert retrying["error"]["detail"] == "The process died."

    await tell(story.done(2, worker="worker-8"))
    done = await eventually(lambda: shows("done", "worker-8"))
    assert done is not None
    assert (done["attempt"], done["error"], len(done["renditions"])) == (2, None, 1)


async def test_a_receipt_is_believed_though_no_event_has_come(client: Client, store: LocalImageStore) -> None:
    story = await story_of_an_upload(client)

    await store.save_receipt(story.receipt())

    assert (await got(client, f"/api/jobs/{story.job_id}"))["status"] == "done"


@pytest.mark.parametrize("receipt_of", [Story.receipt, Story.failed_receipt], ids=["done", "failed"])
async def test_a_job_that_was_erased_is_gone_though_no_event_has_come(
    client: Client, store: LocalImageStore, tell: Tell, receipt_of: Callable[[Story], Receipt]
) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(receipt := receipt_of(story))
    await tell(event_of(receipt))

    def has_ended() -> bool:
        known = client.app[BOARD].job(story.job_id)
        return known is not None and known.is_ended

    await eventually(has_ended)

    await store.erase_job(story.job_id)

    async with client.get(f"/api/jobs/{story.job_id}") as response:
        assert response.status == 404
    async with client.get("/api/jobs") as response:
        assert (await response.json())["jobs"] == []


async def test_what_is_in_the_store_can_be_asked_for_while_the_broker_is_away(
    lonely: Client, store: LocalImageStore
) -> None:
    story = Story()
    await store.save_receipt(story.receipt())
    await store.save_rendition(story.job_id, RESULT.file, b"the result")

    job = await got(lonely, f"/api/jobs/{story.job_id}")

    assert job["status"] == "done"
    async with lonely.get(job["renditions"][0]["url"]) as response:
        assert (response.status, await response.read()) == (200, b"the result")


async def test_the_receipt_of_a_job_tells_everything_and_may_be_kept_for_good(
    client: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(story.receipt())
    job = await got(client, f"/api/jobs/{story.job_id}")

    async with client.get(job["receipt_url"]) as response:
        assert (response.status, response.content_type) == (200, "application/json")
        assert "immutable" in response.headers["Cache-Control"]
        assert decode_receipt(await response.read()) == story.receipt()


async def test_a_job_that_failed_has_a_receipt_too(client: Client, store: LocalImageStore) -> None:
    story = Story()
    await store.save_receipt(story.failed_receipt())

    receipt = await got(client, f"/api/jobs/{story.job_id}/receipt")

    assert receipt["error"]["code"] == "image_truncated"


async def test_a_job_that_has_not_ended_has_no_receipt_yet(client: Client) -> None:
    story = await story_of_an_upload(client)

    assert (await got(client, f"/api/jobs/{story.job_id}"))["receipt_url"] is None
    async with client.get(f"/api/jobs/{story.job_id}/receipt") as response:
        problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (404, "receipt_not_found")


async def test_notes_about_the_result_are_shown(client: Client, store: LocalImageStore) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(story.receipt())

    assert (await got(client, f"/api/jobs/{story.job_id}"))["notes"] == ["The profile is broken."]


async def test_how_much_was_asked_of_a_job_is_known_though_it_failed_before_this_frontend_began(
    client: Client, new_frontend: NewFrontend, amqp_url: str, store: LocalImageStore
) -> None:
    (job,) = (await uploaded(client, PNG, preset="responsive"))["jobs"]
    story = Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))
    await store.save_receipt(story.failed_receipt())
    later = await new_frontend(amqp_url)

    job = await got(later, f"/api/jobs/{story.job_id}")

    assert (job["status"], job["rendition_count"]) == ("failed", 12)


async def test_another_frontend_that_starts_later_tells_the_same(
    client: Client, new_frontend: NewFrontend, amqp_url: str, tell: Tell
) -> None:
    story = await story_of_an_upload(client)
    await tell(story.started())
    later = await when_ready(await new_frontend(amqp_url, board_history_s=60))

    async def shows_the_same() -> bool:
        path = f"/api/jobs/{story.job_id}"
        return (
            await got(later, path) == await got(client, path)
            and (await got(later, path))["worker"] is not None
        )

    await eventually(shows_the_same)


async def test_the_image_comes_back_as_it_was_sent(client: Client) -> None:
    story = await story_of_an_upload(client)

    async with client.get(f"/api/jobs/{story.job_id}/source") as response:
        assert await response.read() == PNG
        assert response.headers["Content-Type"] == "image/png"
        assert "immutable" in response.headers["Cache-Control"]
        assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_a_rendition_comes_with_its_type_and_may_be_kept_for_good(
    client: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    await store.save_rendition(story.job_id, RESULT.file, b"the result")
    await store.save_receipt(story.receipt())

    async with client.get(f"/api/jobs/{story.job_id}/renditions/300x300") as response:
        assert await response.read() == b"the result"
        assert response.headers["Content-Type"] == "image/jpeg"
        assert "immutable" in response.headers["Cache-Control"]


async def test_a_rendition_that_is_kept_is_not_sent_again(client: Client) -> None:
    story = await story_of_an_upload(client)
    async with client.get(f"/api/jobs/{story.job_id}/source") as response:
        etag = response.headers["ETag"]

    async with client.get(f"/api/jobs/{story.job_id}/source", headers={"If-None-Match": etag}) as response:
        assert response.status == 304


@pytest.mark.parametrize("file", ["../../../../secret", "receipt.json/..", "/etc/passwd"])
async def test_an_event_cannot_make_a_file_outside_of_the_results_be_served(
    client: Client, tell: Tell, storage: Path, file: str
) -> None:
    (storage.parent / "secret").write_bytes(b"secret")
    story = await story_of_an_upload(client)
    (storage / "processed" / day_of(story.job_id) / story.job_id).mkdir(parents=True)
    lie = type(RESULT)(name="lie", file=file, width=1, height=1, media_type="text/plain", bytes=6)
    ready = story.ready()
    await tell(type(ready)(job_id=story.job_id, batch_id=story.batch_id, result=lie))

    async def knows_the_lie() -> bool:
        return bool((await got(client, f"/api/jobs/{story.job_id}"))["renditions"])

    await eventually(knows_the_lie)
    async with client.get(f"/api/jobs/{story.job_id}/renditions/lie") as response:
        assert response.status == 404


async def test_a_batch_counts_its_jobs_and_shows_them_oldest_first(
    client: Client, store: LocalImageStore
) -> None:
    batch_id = new_batch_id()
    ids = [(await uploaded(client, PNG, batch_id=batch_id))["jobs"][0]["id"] for _ in range(3)]
    await store.save_receipt(Story(job_id=JobId(ids[1]), batch_id=batch_id).receipt())

    batch = await got(client, f"/api/batches/{batch_id}")

    assert batch.keys() == {"id", "url", "page", "counts", "jobs"}
    assert (batch["id"], batch["page"]) == (batch_id, f"/batches/{batch_id}")
    assert batch["counts"] == {"queued": 2, "done": 1}
    assert [job["id"] for job in batch["jobs"]] == ids


async def test_a_job_that_was_typed_by_hand_is_shown_as_far_as_it_is_known(
    client: Client, tell: Tell
) -> None:
    story = Story()
    await tell(story.started())

    async def is_known() -> bool:
        async with client.get(f"/api/jobs/{story.job_id}") as response:
            return response.status == 200

    await eventually(is_known)
    job = await got(client, f"/api/jobs/{story.job_id}")
    assert (job["status"], job["name"], job["source"]["bytes"]) == ("processing", "holiday.jpg", None)


async def test_what_is_no_event_in_the_log_does_not_stop_those_behind_it(client: Client, tell: Tell) -> None:
    story = await story_of_an_upload(client)
    started = story.started()
    await tell(type(started)(job_id="../no id", name="x", worker="w"), started)

    async def is_known() -> bool:
        return bool((await got(client, f"/api/jobs/{story.job_id}"))["status"] == "processing")

    await eventually(is_known)
