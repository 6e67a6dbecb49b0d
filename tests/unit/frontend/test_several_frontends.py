"""Frontends that share a store answer as one, also while the log has not told one of them of the other."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from frontend.keys import BOARD
from pipeline import job_locks
from pipeline.ids import BatchId, JobId, new_batch_id
from pipeline.job_locks import JobLocks
from pipeline.local_store import LocalImageStore
from pipeline.records import Receipt
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, NewFrontend, Tell, uploaded, when_ready
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import Story
from tests.unit.frontend.test_error_shape import check_problem
from tests.unit.frontend.test_ws import story_of_an_upload, watching


def tombstone(story: Story) -> Receipt:
    """What is left of the job when another frontend has removed it."""
    return msgspec.structs.replace(
        story.receipt(), name="", status="removed", source=None, renditions=(), notes=(), worker=""
    )


async def status_of(client: Client, path: str) -> int:
    async with client.get(path) as response:
        return response.status


async def shown(client: Client, batch_id: str) -> list[str]:
    """The jobs of the batch in the first picture that a watcher gets."""
    async with watching(client, batch=batch_id) as live:
        return [job["id"] for job in (await live.next("snapshot"))["jobs"]]


async def test_a_job_that_another_frontend_has_removed_is_not_shown_though_the_log_tells_nothing(
    client: Client, tell: Tell, store: LocalImageStore
) -> None:
    batch_id = new_batch_id()
    gone, left = await story_of_an_upload(client, batch_id), await story_of_an_upload(client, batch_id)
    await store.save_receipt(gone.receipt())
    await tell(gone.done())
    board = client.app[BOARD]
    await eventually(lambda: (known := board.job(gone.job_id)) is not None and known.status == "done")

    await store.remove_job(tombstone(gone))

    assert await shown(client, batch_id) == [left.job_id]
    assert await status_of(client, f"/api/jobs/{gone.job_id}") == 404


async def test_a_rendition_that_the_log_has_not_told_of_yet_can_be_fetched_once_it_is_stored(
    client: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    url = f"/api/jobs/{story.job_id}/renditions/300x300"
    assert await status_of(client, url) == 404

    await store.save_rendition(story.job_id, "holiday_300x300.png", PNG)

    async with client.get(url) as response:
        assert (response.status, response.content_type) == (200, "image/png")
        assert await response.read() == PNG
    assert await status_of(client, f"/api/jobs/{story.job_id}/renditions/640x480") == 404


async def test_a_rendition_of_a_job_that_was_called_off_is_not_given_out(
    client: Client, store: LocalImageStore
) -> None:
    story = await story_of_an_upload(client)
    await store.save_rendition(story.job_id, "holiday_300x300.png", PNG)
    await store.save_receipt(msgspec.structs.replace(story.failed_receipt(), status="cancelled", error=None))

    assert await status_of(client, f"/api/jobs/{story.job_id}/renditions/300x300") == 404


async def test_without_a_broker_a_job_is_on_the_board_of_who_took_it_at_once_and_has_no_place(
    lonely: Client,
) -> None:
    batch_id = new_batch_id()
    async with watching(lonely, batch=batch_id) as live:
        await live.next("snapshot")

        (job,) = (await uploaded(lonely, PNG, batch_id=batch_id))["jobs"]

        known = lonely.app[BOARD].job(JobId(job["id"]))
        assert known is not None
        assert known.status == "queued"
        told = await live.next_job()
    assert (told["id"], told["status"], told["position"]) == (job["id"], "queued", None)


async def test_without_a_broker_those_who_watch_a_batch_elsewhere_see_what_is_added_and_removed(
    lonely: Client, new_frontend: NewFrontend, store: LocalImageStore
) -> None:
    batch_id = new_batch_id()
    other = await new_frontend("amqp://guest:guest@127.0.0.1:1/")
    async with watching(other, batch=batch_id) as live:
        await live.next("snapshot")
        story = await story_of_an_upload(lonely, batch_id)
        added = await live.next_job()
        assert (added["id"], added["status"]) == (story.job_id, "queued")

        await store.save_receipt(story.receipt())
        await store.remove_job(tombstone(story))

        while (await live.next_job())["status"] != "removed":
            """It may be seen to have ended before."""


async def test_a_change_of_a_job_waits_for_another_frontend_that_is_changing_it(
    client: Client, store: LocalImageStore, storage: Path
) -> None:
    story = await story_of_an_upload(client)
    await store.save_receipt(story.failed_receipt())
    async with JobLocks(storage).held(story.job_id):
        asked = asyncio.create_task(client.post(f"/api/jobs/{story.job_id}/retry"))
        for _ in range(5):
            await status_of(client, f"/api/jobs/{story.job_id}")
        assert not asked.done()
        await store.remove_job(tombstone(story))

    assert (await asked).status == 404
    receipt = await store.load_receipt(story.job_id)
    assert receipt is not None
    assert receipt.status == "removed"


@pytest.mark.parametrize(("method", "path"), [("POST", "/retry"), ("DELETE", "")])
async def test_a_frontend_that_stands_still_while_it_changes_a_job_is_not_waited_for_for_ever(
    client: Client, storage: Path, monkeypatch: pytest.MonkeyPatch, method: str, path: str
) -> None:
    monkeypatch.setattr(job_locks, "BUSY_AFTER_S", 0.05)
    story = await story_of_an_upload(client)

    async with (
        JobLocks(storage).held(story.job_id),
        client.request(method, f"/api/jobs/{story.job_id}{path}") as response,
    ):
        await check_problem(response, 503, "job_busy")
    async with client.delete(f"/api/jobs/{story.job_id}") as response:
        assert response.status == 200


async def test_a_watcher_that_changes_frontends_has_missed_nothing(
    new_frontend: NewFrontend, amqp_url: str, tell: Tell
) -> None:
    one, two = await when_ready(await new_frontend(amqp_url)), await when_ready(await new_frontend(amqp_url))
    story = await story_of_an_upload(one)
    async with watching(one, job=story.job_id) as live:
        await live.next("snapshot")
        await tell(story.started())
        while (seen := await live.next("job"))["job"]["status"] != "processing":
            """The news that it waits."""
    await tell(story.done())

    async with watching(two, batch=BatchId(story.batch_id)) as live:
        job = (await live.next("snapshot"))["jobs"][0]
        while job["status"] != "done":
            message = await live.next("job")
            assert message["offset"] > seen["offset"] or message["job"]["status"] != "done"
            job = message["job"]
