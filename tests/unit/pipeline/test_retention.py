"""Jobs are kept for so many days after their end, and not an unfinished one is touched."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline import job_locks, retention
from pipeline.ids import JobId
from pipeline.job_locks import JobLocks
from pipeline.local_store import LocalImageStore
from pipeline.messages import JobRemoved
from pipeline.outbox import Outbox
from pipeline.records import ReceiptStatus, command_of
from pipeline.retention import Retention
from tests.unit.pipeline.aged import ago, batch_id_of, end_job, paths_below, result_folder, stored_job

KEEP = timedelta(days=7)


@pytest.fixture
def told() -> list[JobRemoved]:
    return []


@pytest.fixture
def keeping(root: Path, store: LocalImageStore, told: list[JobRemoved]) -> Retention:
    async def publish(event: JobRemoved) -> bool:
        told.append(event)
        return True

    return Retention(store=store, locks=JobLocks(root), outbox=Outbox(root), keep=KEEP, publish=publish)


@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
async def test_a_job_that_ended_long_ago_goes_with_all_its_files_and_is_told_of(
    root: Path, store: LocalImageStore, keeping: Retention, told: list[JobRemoved], status: ReceiptStatus
) -> None:
    nothing = paths_below(root)
    record = await stored_job(store, ago(days=9))
    await end_job(store, record, ago(days=8), status)

    assert await keeping.erase_expired() == 1

    assert [(event.job_id, event.batch_id) for event in told] == [(record.job_id, record.batch_id)]
    days = {path.name for path in (root / "batches").iterdir()}
    assert paths_below(root) == nothing | {f"batches/{day}" for day in days} | {"claims/locks"}


async def test_what_was_removed_before_leaves_not_even_a_tombstone_and_is_not_told_again(
    root: Path, store: LocalImageStore, keeping: Retention, told: list[JobRemoved]
) -> None:
    record = await stored_job(store, ago(days=9))
    await end_job(store, record, ago(days=8), "removed")

    assert await keeping.erase_expired() == 1

    assert told == []
    assert not result_folder(root, record.job_id).exists()


async def test_what_ended_lately_stays_however_old_the_job_is(
    root: Path, store: LocalImageStore, keeping: Retention
) -> None:
    await end_job(store, await stored_job(store, ago(days=30)), ago(days=6))
    await end_job(store, await stored_job(store, ago(days=1)), ago(days=1))
    before = paths_below(root)

    assert await keeping.erase_expired() == 0
    assert paths_below(root) == before


async def test_a_job_that_has_not_ended_stays_however_old_it_is(
    root: Path, store: LocalImageStore, keeping: Retention
) -> None:
    record = await stored_job(store, ago(days=400))
    await store.begin(JobId(record.job_id))
    before = paths_below(root)

    assert await keeping.erase_expired() == 0
    assert paths_below(root) == before


async def test_a_job_that_is_just_being_asked_for_again_stays(
    root: Path, store: LocalImageStore, keeping: Retention
) -> None:
    record = await stored_job(store, ago(days=30))
    await end_job(store, record, ago(days=30), "failed")
    await Outbox(root).put(command_of(record, attempt=2))
    before = paths_below(root)

    assert await keeping.erase_expired() == 0
    assert paths_below(root) == before


async def test_a_job_that_is_asked_for_again_while_it_is_looked_at_stays(
    root: Path, store: LocalImageStore
) -> None:
    record = await stored_job(store, ago(days=30))
    await end_job(store, record, ago(days=30), "failed")
    locks, job_id = KnockedAt(root), JobId(record.job_id)

    async with JobLocks(root).held(job_id):
        keeping = Retention(store=store, locks=locks, outbox=Outbox(root), keep=KEEP, publish=nobody_is_told)
        erasing = asyncio.create_task(keeping.erase_expired())
        async with asyncio.timeout(10):
            await locks.is_knocked_at.wait()
        await store.drop_receipt(job_id)

    assert await erasing == 0
    assert (root / record.source_path).exists()


async def test_a_job_that_somebody_keeps_changing_stays_and_the_others_go(
    root: Path, store: LocalImageStore, keeping: Retention, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_locks, "BUSY_AFTER_S", 0.05)
    busy, other = [await stored_job(store, ago(days=30)) for _ in range(2)]
    for record in (busy, other):
        await end_job(store, record, ago(days=29))

    async with JobLocks(root).held(JobId(busy.job_id)):
        assert await keeping.erase_expired() == 1

    assert [(root / record.source_path).exists() for record in (busy, other)] == [True, False]


class KnockedAt(JobLocks):
    """Locks that tell when somebody wants one."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.is_knocked_at = asyncio.Event()

    @asynccontextmanager
    async def held(self, job_id: JobId) -> AsyncIterator[None]:
        self.is_knocked_at.set()
        async with super().held(job_id):
            yield


async def nobody_is_told(event: JobRemoved) -> bool:
    raise AssertionError(f"it was told of {event.job_id}")


async def test_the_others_of_a_batch_keep_it(store: LocalImageStore, keeping: Retention) -> None:
    batch_id = batch_id_of(ago(days=30))
    old, fresh = [await stored_job(store, ago(days=30), batch_id) for _ in range(2)]
    await end_job(store, old, ago(days=29))
    await end_job(store, fresh, ago(days=1))

    await keeping.erase_expired()

    assert await store.batch_job_ids(batch_id) == [fresh.job_id]


async def test_records_that_cannot_be_read_keep_no_other_job_alive(
    root: Path, store: LocalImageStore, keeping: Retention
) -> None:
    damaged, unread, good = [await stored_job(store, ago(days=30 - number)) for number in range(3)]
    for record in (damaged, unread, good):
        await end_job(store, record, ago(days=20))
    (result_folder(root, damaged.job_id) / "receipt.json").write_text("{")
    (root / unread.source_path).with_name("job.json").write_text("{")

    assert await keeping.erase_expired() == 2

    assert result_folder(root, damaged.job_id).exists()
    assert not (root / unread.source_path).exists()


async def test_very_many_go_in_several_goes_the_oldest_first(
    store: LocalImageStore, keeping: Retention, told: list[JobRemoved], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "MOST_AT_ONCE", 2)
    records = [await stored_job(store, ago(days=20 - number)) for number in range(3)]
    for record in records:
        await end_job(store, record, ago(days=10))

    assert [await keeping.erase_expired() for _ in range(2)] == [2, 1]
    assert [event.job_id for event in told] == [record.job_id for record in records]


async def test_while_nobody_can_be_told_it_is_put_off(root: Path, store: LocalImageStore) -> None:
    for _ in range(3):
        await end_job(store, await stored_job(store, ago(days=20)), ago(days=10))

    async def publish(_: JobRemoved) -> bool:
        return False

    silent = Retention(store=store, locks=JobLocks(root), outbox=Outbox(root), keep=KEEP, publish=publish)

    assert await silent.erase_expired() == 1


async def test_several_frontends_at_once_do_not_trip_over_each_other(
    root: Path, store: LocalImageStore, keeping: Retention
) -> None:
    for _ in range(30):
        await end_job(store, await stored_job(store, ago(days=20)), ago(days=10))

    await asyncio.gather(*(keeping.erase_expired() for _ in range(3)))

    assert not list((root / "processed").glob("*/*"))
    assert not list((root / "uploads").glob("*/*"))


async def test_a_job_that_is_half_erased_is_erased_on(
    root: Path, store: LocalImageStore, keeping: Retention
) -> None:
    record = await stored_job(store, ago(days=20))
    await end_job(store, record, ago(days=10))
    (root / record.source_path).with_name("job.json").unlink()
    (result_folder(root, record.job_id) / "holiday_300x300.png").unlink()

    assert await keeping.erase_expired() == 1

    assert not (root / record.source_path).exists()
    assert not result_folder(root, record.job_id).exists()
