"""GET /api/jobs: newest first, page by page, and true whatever the index says."""

import shutil
from pathlib import Path

import pytest
from yarl import URL

from frontend import job_pages, sweeper
from pipeline.ids import BatchId, JobId, new_batch_id
from pipeline.local_store import LocalImageStore
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, Json, NewFrontend, Tell, uploaded
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import Story


async def listed(client: Client, **query: str) -> Json:
    async with client.get("/api/jobs", params=query) as response:
        assert response.status == 200, await response.text()
        answer: Json = await response.json()
        return answer


async def ids_of(client: Client, **query: str) -> list[str]:
    return [job["id"] for job in (await listed(client, **query))["jobs"]]


async def sent(client: Client, count: int, **query: str) -> list[Story]:
    """The stories of so many jobs that a frontend has just taken, oldest first."""
    taken = [(await uploaded(client, PNG, **query))["jobs"][0] for _ in range(count)]
    return [Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"])) for job in taken]


async def test_all_jobs_are_listed_newest_first_as_they_are_shown_alone(client: Client) -> None:
    stories = await sent(client, 3)

    answer = await listed(client)

    assert [job["id"] for job in answer["jobs"]] == [story.job_id for story in reversed(stories)]
    assert answer["next"] is None
    async with client.get(f"/api/jobs/{stories[0].job_id}") as response:
        assert answer["jobs"][-1].keys() == (await response.json()).keys()


async def test_pages_follow_each_other_without_gap_or_repetition(client: Client) -> None:
    stories = await sent(client, 5)
    seen: list[str] = []
    where: str | URL = "/api/jobs?limit=2"

    while True:
        async with client.get(where) as response:
            page = await response.json()
            seen += [job["id"] for job in page["jobs"]]
            if page["next"] is None:
                assert "Link" not in response.headers
                break
            where = response.links["next"]["url"]
            assert isinstance(where, URL)
            where = where.relative()
            assert where.query == {"limit": "2", "cursor": page["next"]}
        await sent(client, 1)  # what comes meanwhile is on none of the later pages

    assert seen == [story.job_id for story in reversed(stories)]


async def test_a_page_that_ends_with_the_last_job_is_the_last(client: Client) -> None:
    await sent(client, 2)

    assert (await listed(client, limit="2"))["next"] is None


async def test_jobs_are_found_by_status(client: Client, store: LocalImageStore, tell: Tell) -> None:
    waiting, begun, put_off, done, failed = await sent(client, 5)
    await tell(begun.started(), put_off.started(), put_off.retrying())
    await store.save_receipt(done.receipt())
    await store.save_receipt(failed.failed_receipt())

    async def are_known() -> bool:
        return await ids_of(client, status="retrying") == [put_off.job_id]

    await eventually(are_known)
    assert await ids_of(client, status="queued") == [waiting.job_id]
    assert await ids_of(client, status="processing") == [begun.job_id]
    assert await ids_of(client, status="done") == [done.job_id]
    assert await ids_of(client, status="failed") == [failed.job_id]
    assert await ids_of(client, status="cancelled") == []


async def test_jobs_are_found_by_batch_and_by_both(client: Client, store: LocalImageStore) -> None:
    batch = new_batch_id()
    first, second = await sent(client, 2, batch_id=batch)
    (other,) = await sent(client, 1)
    for story in (first, other):
        await store.save_receipt(story.receipt())

    assert await ids_of(client, batch=batch) == [second.job_id, first.job_id]
    assert await ids_of(client, batch=batch, status="done") == [first.job_id]
    assert await ids_of(client, batch=batch, status="queued") == [second.job_id]
    assert await ids_of(client, batch=batch, status="processing") == []
    assert await ids_of(client, batch=new_batch_id()) == []


async def test_a_job_is_listed_as_what_has_become_of_it(client: Client, store: LocalImageStore) -> None:
    (story,) = await sent(client, 1)
    await store.save_receipt(story.failed_receipt())

    async with client.post(f"/api/jobs/{story.job_id}/retry") as response:
        assert response.status == 202
    asked_again = await ids_of(client, status="failed"), await ids_of(client, status="queued")
    async with client.delete(f"/api/jobs/{story.job_id}") as response:
        assert response.status == 200
    cancelled = await ids_of(client, status="cancelled"), await ids_of(client, status="queued")
    async with client.delete(f"/api/jobs/{story.job_id}") as response:
        assert response.status == 204

    assert asked_again == ([], [story.job_id])
    assert cancelled == ([story.job_id], [])
    assert await ids_of(client) == await ids_of(client, status="cancelled") == []


async def test_a_job_that_was_removed_elsewhere_is_not_listed(
    client: Client, new_frontend: NewFrontend, amqp_url: str, store: LocalImageStore
) -> None:
    (story,) = await sent(client, 1)
    await store.save_receipt(story.receipt())
    another = await new_frontend(amqp_url)
    assert await ids_of(another) == [story.job_id]

    async with client.delete(f"/api/jobs/{story.job_id}") as response:
        assert response.status == 204

    async def is_gone() -> bool:
        return await ids_of(another) == []

    await eventually(is_gone)


async def test_jobs_that_this_frontend_has_not_heard_of_are_found_in_the_store(
    client: Client, lonely: Client
) -> None:
    stories = await sent(client, 2)

    assert await ids_of(lonely, status="queued") == [story.job_id for story in reversed(stories)]


async def test_an_entry_that_lies_shows_nothing_that_is_not_so(
    client: Client, store: LocalImageStore, storage: Path
) -> None:
    lying, true = await sent(client, 2)
    await store.save_receipt(true.receipt())
    move_entry(storage, lying, "open", "done")

    assert await ids_of(client, status="done") == [true.job_id]


async def test_many_entries_that_lie_make_a_page_short_and_not_the_last(
    client: Client, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_pages, "MOST_LOOKS", 1)
    monkeypatch.setattr(job_pages, "FEWEST_AT_ONCE", 1)
    true, lying = await sent(client, 2)
    for story in (true, lying):
        move_entry(storage, story, "open", "failed")

    page = await listed(client, status="failed", limit="1")

    assert page["jobs"] == []
    assert page["next"]


def move_entry(storage: Path, story: Story, right: str, wrong: str) -> None:
    """Let the index tell a lie about the job."""
    (entry,) = (storage / "index/-" / right).glob(f"*/*/{story.job_id}")
    lie = storage / "index/-" / wrong / entry.relative_to(storage / "index/-" / right)
    lie.parent.mkdir(parents=True, exist_ok=True)
    entry.rename(lie)


async def test_an_old_store_is_listed_soon_after_the_start(
    client: Client, new_frontend: NewFrontend, amqp_url: str, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (story,) = await sent(client, 1)
    shutil.rmtree(storage / "index/-/open")
    monkeypatch.setattr(sweeper, "FIRST_AFTER_S", 0.1)

    another = await new_frontend(amqp_url)

    async def is_listed() -> bool:
        return await ids_of(another) == [story.job_id]

    await eventually(is_listed)


async def test_a_damaged_job_is_left_out(client: Client, lonely: Client, storage: Path) -> None:
    damaged, sound = await sent(client, 2)
    (storage / "uploads").joinpath(*record_path(storage, damaged)).write_bytes(b"{")

    assert await ids_of(lonely) == [sound.job_id]


def record_path(storage: Path, story: Story) -> tuple[str, ...]:
    (path,) = (storage / "uploads").glob(f"*/{story.job_id}/job.json")
    return path.relative_to(storage / "uploads").parts
