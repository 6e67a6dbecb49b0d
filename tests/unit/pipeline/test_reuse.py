"""A job is given the results of the same work, whole and as its own; at any doubt it is not."""

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import Rendition
from pipeline.records import JobRecord, Receipt, command_of
from pipeline.reuse import Reuse
from pipeline.store_paths import StorePaths
from pipeline.work_index import WorkIndex
from tests.unit.full_disk import FillDisk
from tests.unit.pipeline.aged import result_folder
from tests.unit.pipeline.finished import PICTURE, RENDITIONS, asked, given, picture, worked
from tests.unit.pipeline.test_work_index import tombstone

Damage = Callable[[Path], object]


@pytest.fixture
def reuse(root: Path) -> Reuse:
    return Reuse(root)


@pytest.fixture
async def first(store: LocalImageStore, reuse: Reuse) -> Receipt:
    """The end of the job that was worked."""
    return await worked(store, reuse, await asked(store, name="beach.png", age=timedelta(days=1)))


def is_named(root: Path, record: JobRecord) -> bool:
    assert record.work is not None
    return WorkIndex(StorePaths(root)).find(record.work) is not None


def results(root: Path, job_id: str) -> list[str]:
    return sorted(path.name for path in result_folder(root, job_id).glob("*"))


async def test_a_job_is_given_the_results_as_its_own(
    store: LocalImageStore, reuse: Reuse, first: Receipt, root: Path
) -> None:
    record = await asked(store, name="our holiday.png")

    receipt = await given(store, reuse, record)

    assert receipt is not None
    assert (receipt.job_id, receipt.batch_id, receipt.name) == (
        record.job_id,
        record.batch_id,
        "our holiday.png",
    )
    assert [result.file for result in receipt.renditions] == [
        "our holiday_300x300.png",
        "our holiday_wide.webp",
    ]
    assert [picture(store, receipt, number).read_bytes() for number in range(2)] == [
        PICTURE + b"300x300",
        PICTURE + b"wide",
    ]
    assert (receipt.source, receipt.notes, receipt.placeholder) == (
        first.source,
        first.notes,
        first.placeholder,
    )
    assert (receipt.reused, receipt.attempt, receipt.worker, receipt.work) == (True, 1, "", first.work)
    assert receipt.finished_at >= receipt.started_at >= first.finished_at
    assert set(receipt.timings_ms) == {"total"}
    assert results(root, record.job_id) == [
        "our holiday_300x300.png",
        "our holiday_wide.webp",
        "receipt.json",
    ]


async def test_the_results_are_on_the_disk_once(store: LocalImageStore, reuse: Reuse, first: Receipt) -> None:
    receipt = await given(store, reuse, await asked(store))

    assert receipt is not None
    assert picture(store, receipt).samefile(picture(store, first))


@pytest.mark.parametrize("reason", [errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP])
async def test_where_no_second_name_can_be_had_they_are_copied(
    store: LocalImageStore,
    reuse: Reuse,
    first: Receipt,
    monkeypatch: pytest.MonkeyPatch,
    reason: int,
    root: Path,
) -> None:
    record = await asked(store)

    def refuse(*_: object) -> None:
        raise OSError(reason, os.strerror(reason))

    with monkeypatch.context() as patched:
        patched.setattr(os, "link", refuse)
        receipt = await reuse.receipt_for(command_of(record), name="a.png", attempt=1)

    assert receipt is not None
    assert not picture(store, receipt).samefile(picture(store, first))
    assert picture(store, receipt).read_bytes() == picture(store, first).read_bytes()
    assert results(root, record.job_id) == ["holiday_300x300.png", "holiday_wide.webp"]


@pytest.mark.parametrize("gone", [0, 1], ids=["the one that was worked", "the one that was given"])
async def test_a_job_that_is_removed_takes_nothing_from_the_other_one(
    store: LocalImageStore, reuse: Reuse, first: Receipt, gone: int
) -> None:
    second = await given(store, reuse, await asked(store))
    assert second is not None
    pair = [first, second]
    stays = pair[1 - gone]

    await store.remove_job(tombstone(pair[gone]))
    await store.erase_job(JobId(pair[gone].job_id))

    assert await store.load_receipt(JobId(stays.job_id)) == stays
    assert picture(store, stays).read_bytes() == PICTURE + b"300x300"
    assert store.source_file(command_of(await store.load_job(JobId(stays.job_id))).source).is_file()


async def test_a_job_that_was_given_results_gives_them_on(
    store: LocalImageStore, reuse: Reuse, first: Receipt
) -> None:
    second = await given(store, reuse, await asked(store, name="second.png"))
    assert second is not None
    await store.remove_job(tombstone(first))

    third = await given(store, reuse, await asked(store, name="third.png"))

    assert third is not None
    assert third.renditions[0].file == "third_300x300.png"
    assert picture(store, third).samefile(picture(store, second))


async def test_who_was_broken_off_is_given_them_again(
    store: LocalImageStore, reuse: Reuse, first: Receipt, root: Path
) -> None:
    command = command_of(await asked(store))
    await reuse.receipt_for(command, name="a.png", attempt=1)

    assert await reuse.receipt_for(command, name="a.png", attempt=1) is not None
    assert results(root, command.job_id) == ["holiday_300x300.png", "holiday_wide.webp"]
    assert list(result_folder(root, command.job_id).glob(".*")) == []


async def test_work_that_nobody_has_done_is_not_given(store: LocalImageStore, reuse: Reuse) -> None:
    assert await given(store, reuse, await asked(store)) is None


async def test_a_job_that_shares_with_nobody_is_given_nothing_and_gives_nothing(
    store: LocalImageStore, reuse: Reuse, first: Receipt, root: Path
) -> None:
    alone = replace(await asked(store), work=None)

    assert await given(store, reuse, alone) is None
    await reuse.note(replace(first, job_id=alone.job_id, work=None))
    assert len([path for path in (root / "work").rglob("*") if path.is_file()]) == 1


async def test_the_work_of_another_owner_is_not_given_even_if_the_index_names_it(
    store: LocalImageStore, reuse: Reuse, first: Receipt
) -> None:
    theirs = await asked(store, owner="shop")
    assert await given(store, reuse, theirs) is None

    forged = replace(theirs, work=first.work)

    assert await given(store, reuse, forged) is None


async def test_other_work_is_not_given_even_if_the_index_names_it(
    store: LocalImageStore, reuse: Reuse, first: Receipt, root: Path
) -> None:
    other = await asked(store, image=b"another image")
    assert other.work is not None
    WorkIndex(StorePaths(root)).note(other.work, JobId(first.job_id))

    assert await given(store, reuse, other) is None
    assert not is_named(root, other)


async def test_other_renditions_are_not_given_under_a_key_that_lies(
    store: LocalImageStore, reuse: Reuse, first: Receipt
) -> None:
    liar = replace(await asked(store), renditions=(*RENDITIONS, Rendition(name="third")))

    assert await given(store, reuse, liar) is None


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def change(path: Path) -> None:
    path.write_bytes(b"X" + path.read_bytes()[1:])


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("damage", [Path.unlink, cut, change], ids=["gone", "cut off", "changed"])
async def test_damaged_results_are_not_given_and_forgotten(
    store: LocalImageStore, reuse: Reuse, first: Receipt, damage: Damage, number: int, root: Path
) -> None:
    damage(picture(store, first, number))
    record = await asked(store)

    assert await given(store, reuse, record) is None

    damaged = command_of(record).renditions[number].name
    assert [name for name in results(root, record.job_id) if damaged in name] == []
    assert list(result_folder(root, record.job_id).glob(".*")) == []
    assert not is_named(root, record)


@pytest.mark.parametrize("content", [b"", b"{", b'{"v": 2}'])
async def test_a_job_whose_receipt_cannot_be_read_gives_nothing(
    store: LocalImageStore, reuse: Reuse, first: Receipt, content: bytes, root: Path
) -> None:
    (result_folder(root, first.job_id) / "receipt.json").write_bytes(content)
    record = await asked(store)

    assert await given(store, reuse, record) is None
    assert not is_named(root, record)


async def test_a_job_that_has_been_removed_gives_nothing_even_if_the_index_still_names_it(
    store: LocalImageStore, reuse: Reuse, first: Receipt
) -> None:
    await store.remove_job(tombstone(first))
    await reuse.note(first)

    assert await given(store, reuse, await asked(store)) is None


@pytest.mark.parametrize("for_folders", [False, True])
async def test_a_full_disk_is_no_error_and_nothing_is_forgotten(
    store: LocalImageStore,
    reuse: Reuse,
    first: Receipt,
    fill_disk: FillDisk,
    monkeypatch: pytest.MonkeyPatch,
    for_folders: bool,
    root: Path,
) -> None:
    record = await asked(store)
    monkeypatch.setattr(os, "link", lambda *_: (_ for _ in ()).throw(OSError(errno.EXDEV, "another disk")))
    fill_disk(for_folders=for_folders, inside="processed")

    assert await reuse.receipt_for(command_of(record), name="a.png", attempt=1) is None
    assert is_named(root, record)
    assert list(result_folder(root, record.job_id).glob(".*")) == []


async def test_what_cannot_be_noted_is_no_error(
    store: LocalImageStore, reuse: Reuse, first: Receipt, root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert first.work is not None
    path = StorePaths(root).work_entry(first.work)
    path.unlink()
    path.mkdir()

    await reuse.note(first)

    assert "are not given to others" in caplog.text


async def test_what_has_failed_is_not_noted(store: LocalImageStore, reuse: Reuse, root: Path) -> None:
    record = await asked(store)
    await reuse.note(
        Receipt(
            job_id=record.job_id,
            batch_id=record.batch_id,
            name="a.png",
            status="failed",
            attempt=1,
            source=None,
            started_at=record.created_at,
            finished_at=record.created_at,
            work=record.work,
        )
    )

    assert not is_named(root, record)
