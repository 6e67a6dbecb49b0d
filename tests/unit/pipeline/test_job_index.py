"""The index of jobs follows their receipts, and is mended where it does not."""

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from pipeline import filed_jobs
from pipeline.errors import StorageFull
from pipeline.ids import BatchId, JobId, new_job_id
from pipeline.index_repair import IndexRepair
from pipeline.job_index import FILINGS, Filing, JobIndex
from pipeline.local_store import LocalImageStore
from pipeline.messages import now
from pipeline.records import JobRecord, Receipt, ReceiptStatus
from tests.unit.full_disk import FillDisk
from tests.unit.pipeline.aged import ago, batch_id_of, end_job, stored_job

ROUNDS = 500


async def filed(store: LocalImageStore, record: JobRecord) -> list[Filing]:
    """How the job is filed."""
    return [filing for filing in FILINGS if record.job_id in await store.newest([filing], most=100)]


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries may be mended at once."""
    monkeypatch.setattr(filed_jobs, "SETTLED_AFTER_S", 0.0)


def tombstone_of(record: JobRecord) -> Receipt:
    return Receipt(
        job_id=record.job_id,
        batch_id=record.batch_id,
        name="",
        status="removed",
        attempt=1,
        source=None,
        started_at=now(),
        finished_at=now(),
    )


def receipt_path(root: Path, record: JobRecord) -> Path:
    (path,) = root.glob(f"processed/*/{record.job_id}/receipt.json")
    return path


def move_entry(root: Path, record: JobRecord, filing: str) -> None:
    """Let the index tell a lie about the job."""
    (entry,) = root.glob(f"index/-/*/*/*/{record.job_id}")
    wrong = root / "index/-" / filing / entry.relative_to(entry.parents[2])
    wrong.parent.mkdir(parents=True)
    entry.rename(wrong)


async def test_a_job_is_open_until_it_ends_and_then_what_it_ended_as(store: LocalImageStore) -> None:
    record = await stored_job(store, ago(hours=1))
    assert await filed(store, record) == ["open"]

    await end_job(store, record, ago(minutes=50), "failed")
    assert await filed(store, record) == ["failed"]

    await store.drop_receipt(JobId(record.job_id))
    assert await filed(store, record) == ["open"]

    await end_job(store, record, ago(minutes=40), "done")
    await store.remove_job(tombstone_of(record))
    assert await filed(store, record) == ["removed"]

    await store.erase_job(JobId(record.job_id))
    assert await filed(store, record) == []


async def test_who_is_too_late_to_end_a_job_leaves_the_entry_of_the_first(store: LocalImageStore) -> None:
    record = await stored_job(store, ago(hours=1))
    await end_job(store, record, ago(minutes=50), "cancelled")

    await end_job(store, record, ago(minutes=40), "done")

    assert await filed(store, record) == ["cancelled"]


async def test_nothing_is_left_of_a_job_that_is_given_up(store: LocalImageStore, root: Path) -> None:
    record = await stored_job(store, ago(hours=1))

    await store.discard(JobId(record.job_id), BatchId(record.batch_id))

    assert list((root / "index").iterdir()) == []


def test_a_job_that_was_filed_in_several_ways_at_once_is_filed_in_one_again(tmp_path: Path) -> None:
    job_id = new_job_id()
    index = JobIndex(tmp_path / "index")
    index.file(job_id, "open")
    [entry] = (tmp_path / "index/open").rglob(job_id)
    for filing in FILINGS:
        other = tmp_path / "index" / filing / entry.relative_to(tmp_path / "index/open")
        other.parent.mkdir(parents=True, exist_ok=True)
        other.touch()

    index.file(job_id, "done")

    assert [filing for filing in FILINGS if index.holds(job_id, filing)] == ["done"]


def test_jobs_of_one_minute_can_be_filed_while_others_leave_it_empty(tmp_path: Path) -> None:
    index = JobIndex(tmp_path / "index")

    def file_and_remove(job_id: JobId) -> None:
        for _ in range(ROUNDS):
            index.file(job_id, "open")
            index.file(job_id, "done")
            index.remove(job_id)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(file_and_remove, [new_job_id() for _ in range(4)]))


async def test_a_job_whose_end_does_not_fit_on_the_disk_stays_open(
    store: LocalImageStore, fill_disk: FillDisk
) -> None:
    record = await stored_job(store, ago(hours=1))
    fill_disk()

    with pytest.raises(StorageFull):
        await store.save_receipt(tombstone_of(record))

    assert await filed(store, record) == ["open"]


async def test_the_newest_come_first_over_minutes_days_and_filings(store: LocalImageStore) -> None:
    moments = [ago(days=2), ago(days=1), ago(hours=1), ago(minutes=2), ago(seconds=1)]
    records = [await stored_job(store, moment) for moment in moments]
    await end_job(store, records[1], ago(hours=20), "done")
    await end_job(store, records[3], ago(minutes=1), "failed")
    ids = [record.job_id for record in reversed(records)]

    everything = await store.newest(FILINGS, most=10)
    older = await store.newest(FILINGS, most=2, before=JobId(ids[1]))
    opened = await store.newest(["open"], most=10)

    assert everything == ids
    assert older == ids[2:4]
    assert opened == [ids[0], ids[2], ids[4]]


async def test_of_jobs_of_the_same_minute_those_before_one_are_found(store: LocalImageStore) -> None:
    minute = datetime.fromisoformat("2026-11-20T10:30:00+00:00")
    records = [await stored_job(store, minute + timedelta(seconds=second)) for second in range(5)]
    ids = [record.job_id for record in records]

    assert await store.newest(["open"], most=2, before=JobId(ids[3])) == [ids[2], ids[1]]


async def test_those_of_a_batch_are_found_by_how_they_stand(store: LocalImageStore) -> None:
    batch = batch_id_of(ago(hours=2))
    records = [await stored_job(store, ago(minutes=minute), batch) for minute in (9, 8, 7)]
    await stored_job(store, ago(minutes=6))
    await end_job(store, records[1], ago(minutes=1), "done")
    ids = [record.job_id for record in records]

    assert await store.newest(FILINGS, most=10, batch=batch) == ids[::-1]
    assert await store.newest(["done"], most=10, batch=batch) == [ids[1]]
    assert await store.newest(["open"], most=10, before=JobId(ids[2]), batch=batch) == [ids[0]]
    assert await store.newest(FILINGS, most=10, batch=batch_id_of(ago(days=1))) == []


@pytest.mark.usefixtures("settled")
async def test_a_store_without_an_index_gets_one(store: LocalImageStore, root: Path) -> None:
    standings: list[ReceiptStatus | None] = [None, "done", "failed", "cancelled"]
    records = [await stored_job(store, ago(days=3)) for _ in standings]
    for record, status in zip(records, standings, strict=True):
        if status is not None:
            await end_job(store, record, ago(days=1), status)
    shutil.rmtree(root / "index")

    await IndexRepair(root).mend()

    assert [await filed(store, record) for record in records] == [[status or "open"] for status in standings]


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("lie", ["open", "failed", "removed", None])
async def test_an_entry_that_lies_is_mended(store: LocalImageStore, root: Path, lie: Filing | None) -> None:
    record = await stored_job(store, ago(hours=1))
    await end_job(store, record, ago(minutes=1), "done")
    move_entry(root, record, lie or "nowhere")

    if lie == "failed":  # as those do who look for jobs that failed
        await store.refile(JobId(record.job_id))
    else:
        await IndexRepair(root).mend()

    assert await filed(store, record) == ["done"]


@pytest.mark.usefixtures("settled")
async def test_an_end_that_was_filed_and_never_came_is_taken_back(store: LocalImageStore, root: Path) -> None:
    record = await stored_job(store, ago(hours=1))
    await end_job(store, record, ago(minutes=1), "done")
    shutil.rmtree(receipt_path(root, record).parent)

    await IndexRepair(root).mend()

    assert await filed(store, record) == ["open"]


async def test_an_entry_that_was_just_made_is_ahead_of_its_receipt_and_left_alone(
    store: LocalImageStore, root: Path
) -> None:
    record = await stored_job(store, ago(hours=1))
    await end_job(store, record, ago(minutes=1), "done")
    receipt_path(root, record).unlink()

    await store.refile(JobId(record.job_id))

    assert await filed(store, record) == ["done"]


@pytest.mark.usefixtures("settled")
async def test_days_in_which_nothing_has_changed_are_not_looked_through_again(
    store: LocalImageStore, root: Path
) -> None:
    record = await stored_job(store, ago(days=9))
    day_folder = (root / record.source_path).parent.parent
    long_ago = time.time() - 8 * 86_400
    os.utime(day_folder, (long_ago, long_ago))
    repair = IndexRepair(root)
    await repair.mend()
    shutil.rmtree(root / "index")

    await repair.mend()
    unseen = await filed(store, record)
    await IndexRepair(root).mend()

    assert (unseen, await filed(store, record)) == ([], ["open"])


async def test_each_owner_has_a_list_of_its_own(store: LocalImageStore) -> None:
    nobodys = await stored_job(store, ago(hours=1))
    shops = await stored_job(store, ago(hours=2), owner="shop")
    await end_job(store, shops, ago(minutes=50), "done")

    everything = await store.newest(FILINGS, most=10)
    of_the_shop = await store.newest(FILINGS, most=10, owners=["shop"])
    of_nobody = await store.newest(FILINGS, most=10, owners=[None])

    assert everything == [nobodys.job_id, shops.job_id]
    assert of_the_shop == await store.newest(["done"], most=10, owners=["shop"]) == [shops.job_id]
    assert of_nobody == [nobodys.job_id]
