"""The outbox: what is put in is there, in order, until it is taken out; what is damaged is put aside."""

import asyncio
import errno
import os
from pathlib import Path

import msgspec
import pytest

from pipeline.errors import InvalidMessage, StorageFull
from pipeline.ids import JobId, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import ResizeImage
from pipeline.outbox import DAMAGED_SUFFIX, Outbox
from tests.unit.full_disk import FillDisk


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    LocalImageStore(tmp_path)  # makes the folders
    return Outbox(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "outbox"


def command(job_id: JobId | None = None, **changes: int) -> ResizeImage:
    asked = ResizeImage(job_id=job_id or new_job_id(), source="uploads/a.jpg")
    return msgspec.structs.replace(asked, **changes)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def test_what_has_taken_the_place_of_a_command_is_not_removed_with_it(outbox: Outbox) -> None:
    first = command()
    second = command(JobId(first.job_id), attempt=2)
    await outbox.put(first)
    await outbox.put(second)

    await outbox.remove_done(first)
    assert await outbox.load(JobId(first.job_id)) == second

    for _ in range(2):
        await outbox.remove_done(second)
        assert await outbox.count() == 0


async def test_what_is_put_in_is_read_as_it_was(outbox: Outbox) -> None:
    asked = command(attempt=3, retries=1)

    await outbox.put(asked)

    assert await outbox.load(JobId(asked.job_id)) == asked
    assert await outbox.holds(JobId(asked.job_id))


async def test_what_is_put_in_again_replaces_what_was(outbox: Outbox) -> None:
    job_id = new_job_id()
    await outbox.put(command(job_id))
    await outbox.put(command(job_id, attempt=2))

    again = await outbox.load(job_id)

    assert again is not None
    assert (again.attempt, await outbox.count()) == (2, 1)


async def test_what_is_taken_out_is_gone(outbox: Outbox) -> None:
    job_id = new_job_id()
    await outbox.put(command(job_id))

    for _ in range(2):
        await outbox.remove(job_id)

    assert await outbox.load(job_id) is None
    assert not await outbox.holds(job_id)
    assert (await outbox.count(), await outbox.entries()) == (0, {})


async def test_the_oldest_job_comes_first_however_they_were_put_in(outbox: Outbox) -> None:
    job_ids = [new_job_id() for _ in range(20)]
    for job_id in (*job_ids[10:], *reversed(job_ids[:10])):
        await outbox.put(command(job_id))

    assert list(await outbox.entries()) == job_ids


async def test_an_entry_tells_when_it_was_put_in(outbox: Outbox, folder: Path) -> None:
    job_id = new_job_id()
    await outbox.put(command(job_id))
    os.utime(folder / job_id, (1_000, 1_000))

    assert await outbox.entries() == {job_id: 1_000.0}


async def test_a_damaged_entry_is_put_aside_for_people_to_look_at(outbox: Outbox, folder: Path) -> None:
    good, bad = command(), new_job_id()
    await outbox.put(good)
    (folder / bad).write_bytes(b"{")

    with pytest.raises(InvalidMessage):
        await outbox.load(bad)
    await outbox.put_aside(bad)

    assert names_in(folder) == sorted([good.job_id, bad + DAMAGED_SUFFIX])
    assert list(await outbox.entries()) == [good.job_id]
    assert await outbox.count() == 1
    assert await outbox.load(bad) is None


async def test_an_entry_with_the_command_of_another_job_is_damaged(outbox: Outbox, folder: Path) -> None:
    asked, other = command(), new_job_id()
    await outbox.put(asked)
    (folder / asked.job_id).rename(folder / other)

    with pytest.raises(InvalidMessage):
        await outbox.load(other)


async def test_of_several_who_want_an_entry_one_gets_it(outbox: Outbox, folder: Path) -> None:
    job_id = new_job_id()
    await outbox.put(command(job_id))
    os.utime(folder / job_id, (1_000, 1_000))

    got = await asyncio.gather(*(outbox.lease(job_id, 1_000.0) for _ in range(20)))

    assert sorted(got) == [False] * 19 + [True]
    assert (await outbox.entries())[job_id] > 1_000.0


async def test_an_entry_that_is_gone_is_had_by_nobody(outbox: Outbox) -> None:
    assert not await outbox.lease(new_job_id(), 1_000.0)


async def test_what_is_no_entry_is_not_taken_for_one(outbox: Outbox, folder: Path) -> None:
    (folder / f".{new_job_id()}.0123.part").touch()
    (folder / "notes.txt").touch()
    (folder / new_job_id()).mkdir()

    assert await outbox.entries() == {}


async def test_a_full_disk_leaves_no_half_of_an_entry(
    outbox: Outbox, folder: Path, fill_disk: FillDisk
) -> None:
    fill_disk(reason=errno.ENOSPC)

    with pytest.raises(StorageFull):
        await outbox.put(command())

    assert names_in(folder) == []


async def test_all_frontends_see_the_same_entries(outbox: Outbox, tmp_path: Path) -> None:
    asked = command()
    await outbox.put(asked)

    assert await Outbox(tmp_path).load(JobId(asked.job_id)) == asked
