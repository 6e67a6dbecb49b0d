"""A disk that is full is a StorageFull, and the store is as it was before."""

import errno
from pathlib import Path

import pytest

from pipeline.errors import JobNotFound, StorageFull
from pipeline.ids import BatchId, JobId
from pipeline.local_store import LocalImageStore
from tests.unit.full_disk import FillDisk
from tests.unit.pipeline.examples import BATCH_ID, DONE_RECEIPT, JOB_ID, JOB_RECORD


@pytest.fixture
def store(tmp_path: Path) -> LocalImageStore:
    return LocalImageStore(tmp_path)


def files_below(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("*") if not path.is_dir())


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT])
async def test_an_image_that_does_not_fit_is_refused_and_nothing_of_it_is_left(
    store: LocalImageStore, tmp_path: Path, fill_disk: FillDisk, reason: int
) -> None:
    incoming = await store.receive(JobId(JOB_ID))
    await incoming.write(b"image")
    fill_disk(reason=reason)

    with pytest.raises(StorageFull):
        await incoming.keep("a.jpg")
    incoming.close()
    await store.discard(JobId(JOB_ID), BatchId(BATCH_ID))

    assert files_below(tmp_path) == []


async def test_a_folder_for_which_there_is_no_room_is_a_full_disk_too(
    store: LocalImageStore, fill_disk: FillDisk
) -> None:
    fill_disk(for_folders=True)

    with pytest.raises(StorageFull):
        await store.receive(JobId(JOB_ID))


async def test_a_record_that_does_not_fit_is_not_half_there(
    store: LocalImageStore, tmp_path: Path, fill_disk: FillDisk
) -> None:
    await store.receive(JobId(JOB_ID))
    fill_disk()

    with pytest.raises(StorageFull):
        await store.save_job(JOB_RECORD)

    assert files_below(tmp_path) == []
    with pytest.raises(JobNotFound):
        await store.load_job(JobId(JOB_ID))


async def test_a_result_that_does_not_fit_is_not_half_there(
    store: LocalImageStore, tmp_path: Path, fill_disk: FillDisk
) -> None:
    fill_disk()

    with pytest.raises(StorageFull):
        await store.save_rendition(JobId(JOB_ID), "a_300x300.jpg", b"result")
    with pytest.raises(StorageFull):
        await store.save_receipt(DONE_RECEIPT)

    assert files_below(tmp_path) == []
    assert await store.load_receipt(JobId(JOB_ID)) is None


async def test_another_complaint_of_the_disk_is_not_taken_for_a_full_one(
    store: LocalImageStore, fill_disk: FillDisk
) -> None:
    fill_disk(reason=errno.EIO)

    with pytest.raises(OSError, match="Input/output error"):
        await store.save_receipt(DONE_RECEIPT)
