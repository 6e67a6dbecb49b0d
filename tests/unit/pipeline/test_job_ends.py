"""How the store knows who is at a job, that a job ends once, and how it forgets one."""

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from pipeline.durable_files import temporary_for
from pipeline.errors import BatchNotFound, JobNotFound, SourceMissing, StorageFull
from pipeline.ids import BatchId, JobId, day_of, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.records import Receipt
from pipeline.store_paths import MARK_PREFIX
from tests.unit.full_disk import FillDisk
from tests.unit.pipeline.examples import (
    BATCH_ID,
    CANCELLED_RECEIPT,
    DONE_RECEIPT,
    FAILED_RECEIPT,
    JOB_ID,
    JOB_RECORD,
    REMOVED_RECEIPT,
)

JOB = JobId(JOB_ID)
EARLIER = JobId("01a1fd0d-aebe-7e7a-9d1e-1c2b3a4f5e6d")
LATER = [JobId(f"01a21d0d-aebe-7e7a-9d1e-00000000000{number}") for number in range(3)]
"""Of other days than that of the job."""


@pytest.fixture
def folder(root: Path) -> Path:
    """Where the results of the job are."""
    return root / "processed" / day_of(JOB) / JOB


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def files_below(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if path.is_file())


async def accept(store: LocalImageStore) -> str:
    """Take the job in; the path of its image."""
    incoming = await store.receive(JOB)
    await incoming.write(b"image")
    source_path = await incoming.keep("holiday.jpg")
    await store.save_job(JOB_RECORD)
    return source_path


# Marks


async def test_who_begins_sets_a_mark_and_who_lets_go_takes_it_away(
    store: LocalImageStore, folder: Path
) -> None:
    beginning = await store.begin(JOB)

    assert (beginning.receipt, beginning.lost) == (None, 0)
    assert names_in(folder) == [beginning.mark]
    store.let_go(JOB, beginning.mark)
    assert names_in(folder) == []


async def test_who_begins_learns_how_many_have_begun_and_not_ended(store: LocalImageStore) -> None:
    first = await store.begin(JOB)
    second = await store.begin(JOB)
    store.let_go(JOB, first.mark)
    third = await store.begin(JOB)

    assert (first.lost, second.lost, third.lost) == (0, 1, 1)


async def test_marks_of_other_jobs_and_half_written_files_do_not_count(
    store: LocalImageStore, folder: Path
) -> None:
    await store.begin(new_job_id())
    await store.save_rendition(JOB, "a.jpg", b"data")
    temporary_for(folder / "b.jpg").touch()

    assert (await store.begin(JOB)).lost == 0


async def test_letting_go_twice_is_no_error(store: LocalImageStore) -> None:
    beginning = await store.begin(JOB)

    for _ in range(2):
        store.let_go(JOB, beginning.mark)


async def test_a_job_that_has_ended_is_not_begun(store: LocalImageStore, folder: Path) -> None:
    await store.save_receipt(DONE_RECEIPT)

    beginning = await store.begin(JOB)

    assert (beginning.receipt, beginning.mark) == (DONE_RECEIPT, "")
    assert names_in(folder) == ["receipt.json"]


async def test_a_mark_for_which_there_is_no_room_is_a_full_disk(
    store: LocalImageStore, fill_disk: FillDisk
) -> None:
    fill_disk(for_folders=True)

    with pytest.raises(StorageFull):
        await store.begin(JOB)


async def test_discarding_the_renditions_leaves_the_marks_of_those_who_are_at_it(
    store: LocalImageStore, folder: Path
) -> None:
    beginning = await store.begin(JOB)
    await store.save_rendition(JOB, "a.jpg", b"data")
    temporary_for(folder / "b.jpg").touch()

    await store.discard_renditions(JOB)

    assert names_in(folder) == [beginning.mark]


async def test_of_two_ends_at_once_the_first_stands_though_its_files_are_discarded_meanwhile(
    store: LocalImageStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker ends the job while somebody calls it off, and discards what it has made."""
    link = os.link

    def late(source: Path, target: Path) -> None:
        monkeypatch.setattr("os.link", link)
        other = LocalImageStore(root)
        asyncio.run(other.save_receipt(FAILED_RECEIPT))
        asyncio.run(other.discard_renditions(JOB))
        link(source, target)

    await accept(store)
    monkeypatch.setattr("os.link", late)

    assert await store.save_receipt(CANCELLED_RECEIPT) == FAILED_RECEIPT


# A store that is away


async def test_a_store_that_is_away_knows_nothing_and_makes_nothing(
    store: LocalImageStore, root: Path
) -> None:
    source_path = await accept(store)
    await asyncio.to_thread(root.rename, root.with_name("elsewhere"))
    await asyncio.to_thread(root.mkdir)

    for refused in (
        store.begin(JOB),
        store.save_rendition(JOB, "a.jpg", b"data"),
        store.save_receipt(FAILED_RECEIPT),
    ):
        with pytest.raises(FileNotFoundError, match="the store is not there"):
            await refused
    with pytest.raises(FileNotFoundError, match="the store is not there"):
        store.source_file(source_path)
    assert names_in(root) == []


@pytest.mark.parametrize("source_path", ["uploads/" + 300 * "x", "uploads/\0", "uploads/../../x", ""])
def test_a_path_that_can_be_none_is_a_missing_image(store: LocalImageStore, source_path: str) -> None:
    with pytest.raises(SourceMissing):
        store.source_file(source_path)


# Receipts


@pytest.mark.parametrize(
    "late", [DONE_RECEIPT, CANCELLED_RECEIPT, REMOVED_RECEIPT], ids=lambda receipt: receipt.status
)
async def test_the_first_receipt_stands(store: LocalImageStore, folder: Path, late: Receipt) -> None:
    assert await store.save_receipt(FAILED_RECEIPT) == FAILED_RECEIPT

    assert await store.save_receipt(late) == FAILED_RECEIPT

    assert await store.load_receipt(JOB) == FAILED_RECEIPT
    assert names_in(folder) == ["receipt.json"]


def test_of_many_at_the_same_moment_one_receipt_stands_and_all_are_told_which(root: Path) -> None:
    receipts = [msgspec.structs.replace(DONE_RECEIPT, worker=f"worker-{number}") for number in range(8)]
    stores = [LocalImageStore(root) for _ in receipts]
    together = threading.Barrier(len(receipts))

    def save(number: int) -> Receipt:
        together.wait()
        return asyncio.run(stores[number].save_receipt(receipts[number]))

    with ThreadPoolExecutor(len(receipts)) as threads:
        standing = list(threads.map(save, range(len(receipts))))

    assert standing == [asyncio.run(stores[0].load_receipt(JOB))] * len(receipts)


async def test_a_job_whose_receipt_is_dropped_begins_anew(store: LocalImageStore, folder: Path) -> None:
    await store.begin(JOB)
    await store.save_receipt(FAILED_RECEIPT)

    await store.drop_receipt(JOB)

    beginning = await store.begin(JOB)
    assert (beginning.receipt, beginning.lost) == (None, 0), "what was is not held against it"
    assert await store.save_receipt(DONE_RECEIPT) == DONE_RECEIPT


async def test_dropping_a_receipt_that_is_not_there_is_no_error(store: LocalImageStore) -> None:
    await store.drop_receipt(JOB)


# Removing and erasing


async def test_of_a_removed_job_only_the_tombstone_stays(
    store: LocalImageStore, root: Path, folder: Path
) -> None:
    source_path = await accept(store)
    await store.save_rendition(JOB, "a.jpg", b"data")
    await store.save_receipt(DONE_RECEIPT)

    await store.remove_job(REMOVED_RECEIPT)

    assert names_in(folder) == ["receipt.json"]
    assert (await store.begin(JOB)).receipt == REMOVED_RECEIPT
    assert names_in((root / source_path).parent) == []
    with pytest.raises(SourceMissing):
        store.source_file(source_path)
    with pytest.raises(JobNotFound):
        await store.load_job(JOB)
    with pytest.raises(BatchNotFound):
        await store.batch_job_ids(BatchId(BATCH_ID))


async def test_of_an_erased_job_nothing_stays(store: LocalImageStore, root: Path) -> None:
    await accept(store)
    await store.begin(JOB)
    await store.save_rendition(JOB, "a.jpg", b"data")
    await store.save_receipt(DONE_RECEIPT)

    await store.erase_job(JOB)

    assert files_below(root) == []
    assert await store.days() == []
    with pytest.raises(BatchNotFound):
        await store.batch_job_ids(BatchId(BATCH_ID))


async def test_erasing_a_job_leaves_the_others_of_its_batch(store: LocalImageStore) -> None:
    for job_id in (JOB, LATER[0]):
        await store.save_receipt(msgspec.structs.replace(DONE_RECEIPT, job_id=job_id))
        await store.receive(job_id)
        await store.save_job(msgspec.structs.replace(JOB_RECORD, job_id=job_id))

    await store.erase_job(JOB)

    assert await store.batch_job_ids(BatchId(BATCH_ID)) == [LATER[0]]
    assert await store.load_receipt(LATER[0]) is not None
    assert await store.days() == [day_of(LATER[0])]


async def test_erasing_a_job_twice_is_no_error(store: LocalImageStore) -> None:
    for _ in range(2):
        await store.erase_job(JOB)


async def test_the_days_and_the_jobs_of_each_are_listed_oldest_first(
    store: LocalImageStore, root: Path
) -> None:
    for job_id in (*reversed(LATER), EARLIER):
        await store.receive(job_id)
    await store.save_receipt(DONE_RECEIPT)
    (root / "uploads" / day_of(EARLIER) / "no job").mkdir()

    days = await store.days()
    found = [job_id for day in days for job_id in await store.job_ids_of(day)]

    assert days == [day_of(EARLIER), day_of(JOB), day_of(LATER[0])]
    assert found == [EARLIER, JOB, *LATER]


def test_marks_are_hidden_from_whoever_lists_the_results() -> None:
    assert MARK_PREFIX.startswith(".")
