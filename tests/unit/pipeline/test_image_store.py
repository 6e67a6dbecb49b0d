"""The store on a local disk: images in, results and records beside them, nothing left of what is given up."""

import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline.errors import BatchNotFound, JobNotFound, SourceMissing
from pipeline.ids import BatchId, JobId, day_of, new_batch_id, new_job_id
from pipeline.incoming_image import BUFFER_BYTES
from pipeline.local_store import LocalImageStore
from pipeline.messages import DEFAULT_RENDITION, Source
from pipeline.records import DamagedRecord, JobRecord
from tests.unit.pipeline.examples import BATCH_ID, DONE_RECEIPT, JOB_ID

IMAGE = b"\xff\xd8\xff an image" * 10


async def keep(store: LocalImageStore, job_id: JobId, *chunks: bytes, name: str = "holiday.jpg") -> str:
    incoming = await store.receive(job_id)
    try:
        for chunk in chunks:
            await incoming.write(chunk)
        return await incoming.keep(name)
    finally:
        incoming.close()


def record_of(job_id: JobId, batch_id: BatchId) -> JobRecord:
    return JobRecord(
        job_id=job_id,
        batch_id=batch_id,
        name="holiday.jpg",
        source_path=f"uploads/{day_of(job_id)}/{job_id}/holiday.jpg",
        source=Source(media_type="image/jpeg", bytes=len(IMAGE)),
        renditions=(DEFAULT_RENDITION,),
        created_at=datetime.now(UTC),
    )


def files_below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if not path.is_dir())


async def test_an_image_that_is_kept_lies_in_the_folder_of_its_day_and_job(
    store: LocalImageStore, root: Path
) -> None:
    source_path = await keep(store, JobId(JOB_ID), IMAGE)

    assert source_path == f"uploads/2026-11-24/{JOB_ID}/holiday.jpg"
    assert (root / source_path).read_bytes() == IMAGE
    assert files_below(root) == [source_path]


async def test_an_image_comes_in_chunks_of_any_size(store: LocalImageStore) -> None:
    chunks = [b"a", b"", b"b" * (BUFFER_BYTES - 1), b"c" * (2 * BUFFER_BYTES + 1), b"d"]

    source_path = await keep(store, new_job_id(), *chunks)

    assert store.source_file(source_path).read_bytes() == b"".join(chunks)


async def test_the_size_of_an_incoming_image_is_counted_while_it_comes(store: LocalImageStore) -> None:
    incoming = await store.receive(new_job_id())
    await incoming.write(b"123")
    await incoming.write(b"45")

    assert incoming.size == 5


async def test_an_image_on_its_way_is_not_there_yet(store: LocalImageStore, root: Path) -> None:
    incoming = await store.receive(JobId(JOB_ID))
    await incoming.write(bytes(BUFFER_BYTES))
    incoming.close()

    assert [name for name in files_below(root) if not Path(name).name.startswith(".")] == []
    with pytest.raises(SourceMissing):
        store.source_file(f"uploads/2026-11-24/{JOB_ID}/holiday.jpg")


async def test_nothing_is_left_of_a_job_that_is_discarded_half_way(
    store: LocalImageStore, root: Path
) -> None:
    job_id = new_job_id()
    incoming = await store.receive(job_id)
    await incoming.write(bytes(BUFFER_BYTES))
    incoming.close()

    await store.discard(job_id, new_batch_id())

    assert list((root / "uploads" / day_of(job_id)).iterdir()) == []


async def test_nothing_is_left_of_a_job_that_is_discarded_at_the_last_moment(
    store: LocalImageStore, root: Path
) -> None:
    job_id, batch_id = new_job_id(), new_batch_id()
    await keep(store, job_id, IMAGE)
    await store.save_job(record_of(job_id, batch_id))

    await store.discard(job_id, batch_id)

    assert files_below(root) == []
    assert list((root / "batches" / day_of(batch_id)).iterdir()) == []
    with pytest.raises(JobNotFound):
        await store.load_job(job_id)
    with pytest.raises(BatchNotFound):
        await store.batch_job_ids(batch_id)


async def test_nothing_is_asked_any_more_of_a_job_whose_image_may_be_gone(
    store: LocalImageStore, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or else whoever tries again would send the command alone, of an image that is not there."""
    job_id, batch_id = new_job_id(), new_batch_id()
    await keep(store, job_id, IMAGE)
    await store.save_job(record_of(job_id, batch_id))

    def killed_halfway(folder: Path, **_: object) -> None:
        (folder / "holiday.jpg").unlink()
        raise RuntimeError

    monkeypatch.setattr(shutil, "rmtree", killed_halfway)
    with pytest.raises(RuntimeError):
        await store.discard(job_id, batch_id)

    assert files_below(root / "uploads") == []


async def test_discarding_a_job_leaves_the_others_of_its_batch(store: LocalImageStore) -> None:
    first, second, batch_id = new_job_id(), new_job_id(), new_batch_id()
    for job_id in (first, second):
        await keep(store, job_id, IMAGE)
        await store.save_job(record_of(job_id, batch_id))

    await store.discard(first, batch_id)

    assert await store.batch_job_ids(batch_id) == [second]
    assert (await store.load_job(second)).job_id == second


async def test_discarding_what_was_never_begun_is_no_error(store: LocalImageStore) -> None:
    await store.discard(new_job_id(), new_batch_id())


async def test_what_is_asked_of_a_job_is_read_as_it_was_saved(store: LocalImageStore) -> None:
    record = record_of(new_job_id(), new_batch_id())
    await keep(store, JobId(record.job_id), IMAGE)

    await store.save_job(record)

    assert await store.load_job(JobId(record.job_id)) == record


async def test_a_job_that_nobody_has_sent_is_not_found(store: LocalImageStore) -> None:
    with pytest.raises(JobNotFound, match=JOB_ID):
        await store.load_job(JobId(JOB_ID))


async def test_the_jobs_of_a_batch_come_oldest_first(store: LocalImageStore) -> None:
    batch_id, job_ids = new_batch_id(), [new_job_id() for _ in range(5)]
    for job_id in reversed(job_ids):
        await keep(store, job_id, IMAGE)
        await store.save_job(record_of(job_id, batch_id))

    assert await store.batch_job_ids(batch_id) == job_ids


async def test_a_batch_that_nobody_has_sent_is_not_found(store: LocalImageStore) -> None:
    with pytest.raises(BatchNotFound, match=BATCH_ID):
        await store.batch_job_ids(BatchId(BATCH_ID))


async def test_a_job_has_no_receipt_until_it_is_saved(store: LocalImageStore) -> None:
    assert await store.load_receipt(JobId(JOB_ID)) is None

    await store.save_receipt(DONE_RECEIPT)

    assert await store.load_receipt(JobId(JOB_ID)) == DONE_RECEIPT


async def test_a_damaged_receipt_is_not_taken_for_none(store: LocalImageStore, root: Path) -> None:
    await store.save_receipt(DONE_RECEIPT)
    (root / "processed" / "2026-11-24" / JOB_ID / "receipt.json").write_bytes(b"{")

    with pytest.raises(DamagedRecord):
        await store.load_receipt(JobId(JOB_ID))


async def test_a_rendition_is_read_as_it_was_saved(store: LocalImageStore, root: Path) -> None:
    await store.save_rendition(JobId(JOB_ID), "holiday_300x300.jpg", b"first")
    await store.save_rendition(JobId(JOB_ID), "holiday_300x300.jpg", b"again")

    assert store.rendition_file(JobId(JOB_ID), "holiday_300x300.jpg").read_bytes() == b"again"
    assert files_below(root) == [f"processed/2026-11-24/{JOB_ID}/holiday_300x300.jpg"]


async def test_the_renditions_of_a_failed_job_are_removed_and_its_receipt_stays(
    store: LocalImageStore, root: Path
) -> None:
    other = new_job_id()
    await store.save_rendition(JobId(JOB_ID), "holiday_300x300.jpg", b"a rendition")
    await store.save_rendition(JobId(JOB_ID), "receipt.json_300x300.jpg", b"that of an image called so")
    await store.save_rendition(other, "holiday_300x300.jpg", b"another")
    await store.save_receipt(DONE_RECEIPT)

    await store.discard_renditions(JobId(JOB_ID))

    assert files_below(root / "processed") == sorted(
        [f"2026-11-24/{JOB_ID}/receipt.json", f"{day_of(other)}/{other}/holiday_300x300.jpg"]
    )


async def test_removing_the_renditions_of_a_job_that_has_none_is_no_error(store: LocalImageStore) -> None:
    await store.discard_renditions(new_job_id())


async def test_two_stores_on_the_same_folder_see_the_same(store: LocalImageStore, root: Path) -> None:
    source_path = await keep(store, new_job_id(), IMAGE)

    assert LocalImageStore(root).source_file(source_path).read_bytes() == IMAGE


async def test_a_store_that_is_moved_still_finds_its_images(store: LocalImageStore, root: Path) -> None:
    source_path = await keep(store, new_job_id(), IMAGE)

    moved = await asyncio.to_thread(root.rename, root.with_name("moved"))

    assert LocalImageStore(moved).source_file(source_path).read_bytes() == IMAGE


def test_the_free_space_is_that_of_the_disk(store: LocalImageStore) -> None:
    assert store.free_bytes() > 0
