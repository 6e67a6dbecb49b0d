"""The index of finished work names jobs that are there, and forgets those that are not."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from pipeline.ids import JobId, new_job_id
from pipeline.leftovers import Leftovers
from pipeline.local_store import LocalImageStore
from pipeline.messages import WorkKey
from pipeline.records import JobRecord, Receipt
from pipeline.reuse import Reuse
from pipeline.store_paths import StorePaths
from pipeline.work_index import PARTS_AT_ONCE, WorkIndex
from tests.unit.pipeline.aged import age, paths_below
from tests.unit.pipeline.finished import asked, given, worked

KEY = "7d" + 62 * "0"
OTHER_KEY = "7d" + 62 * "1"


@pytest.fixture
def index(store: LocalImageStore, root: Path) -> WorkIndex:
    return WorkIndex(StorePaths(root))


@pytest.fixture
def reuse(root: Path) -> Reuse:
    return Reuse(root)


def entries(root: Path) -> set[str]:
    return {path for path in paths_below(root / "work") if "/" in path}


def key_of(record: JobRecord) -> WorkKey:
    assert record.work is not None
    return record.work


def tombstone(receipt: Receipt) -> Receipt:
    return Receipt(
        job_id=receipt.job_id,
        batch_id=receipt.batch_id,
        name="",
        status="removed",
        attempt=1,
        source=None,
        started_at=receipt.started_at,
        finished_at=receipt.finished_at,
    )


def sweep_all(index: WorkIndex) -> int:
    return sum(index.sweep() for _ in range(256 // PARTS_AT_ONCE))


def test_the_job_that_was_noted_last_is_found(index: WorkIndex, root: Path) -> None:
    first, second = new_job_id(), new_job_id()
    index.note(KEY, first)
    index.note(KEY, second)

    assert index.find(KEY) == second
    assert index.find(OTHER_KEY) is None
    assert entries(root) == {f"7d/{KEY}"}


def test_only_the_job_that_is_named_is_forgotten(index: WorkIndex, root: Path) -> None:
    first, second = new_job_id(), new_job_id()
    index.note(KEY, second)

    index.forget(KEY, first)
    assert index.find(KEY) == second
    index.forget(KEY, second)
    assert index.find(KEY) is None
    index.forget(KEY, second)


@pytest.mark.parametrize("content", [b"", b"01a2", b"\xff\xfe", b"../../etc/passwd"])
def test_an_entry_that_is_damaged_names_nobody_and_is_replaced(
    index: WorkIndex, root: Path, content: bytes
) -> None:
    job_id = new_job_id()
    index.note(KEY, job_id)
    (root / "work" / "7d" / KEY).write_bytes(content)

    assert index.find(KEY) is None
    index.note(KEY, job_id)
    assert index.find(KEY) == job_id


def test_an_index_that_was_deleted_is_made_again(index: WorkIndex, root: Path) -> None:
    index.note(KEY, new_job_id())
    shutil.rmtree(root / "work")

    assert index.find(KEY) is None
    assert sweep_all(index) == 0
    index.note(KEY, job_id := new_job_id())
    assert index.find(KEY) == job_id


def test_an_entry_that_could_not_be_written_leaves_nothing(index: WorkIndex, root: Path) -> None:
    (root / "work" / "7d" / KEY).mkdir(parents=True)

    with pytest.raises(OSError, match="directory"):
        index.note(KEY, new_job_id())

    assert entries(root) == {f"7d/{KEY}"}


async def test_a_job_that_is_removed_is_named_no_more(
    store: LocalImageStore, reuse: Reuse, root: Path
) -> None:
    receipt = await worked(store, reuse, await asked(store))
    assert len(entries(root)) == 1

    await store.remove_job(tombstone(receipt))

    assert entries(root) == set()


async def test_a_job_that_is_erased_is_named_no_more(
    store: LocalImageStore, reuse: Reuse, root: Path
) -> None:
    receipt = await worked(store, reuse, await asked(store, age=timedelta(days=9)))

    await store.erase_job(JobId(receipt.job_id))

    assert entries(root) == set()


async def test_who_was_given_the_results_is_named_when_the_first_job_has_gone(
    store: LocalImageStore, reuse: Reuse, index: WorkIndex
) -> None:
    first = await worked(store, reuse, await asked(store, age=timedelta(days=9)))
    second = await given(store, reuse, record := await asked(store))
    assert second is not None

    await store.erase_job(JobId(first.job_id))

    assert index.find(key_of(record)) == second.job_id
    assert await given(store, reuse, await asked(store)) is not None


async def test_the_sweep_takes_away_what_names_jobs_that_are_gone(
    store: LocalImageStore, reuse: Reuse, index: WorkIndex, root: Path
) -> None:
    record = await asked(store)
    await worked(store, reuse, record)
    index.note(KEY, new_job_id())
    index.note("ff" + 62 * "0", new_job_id())
    index.note("00" + 62 * "0", new_job_id())
    (root / "work" / "ff" / ("ff" + 62 * "1")).write_bytes(b"garbage")

    assert sweep_all(index) == 4
    assert entries(root) == {f"{key_of(record)[:2]}/{record.work}"}
    assert sweep_all(index) == 0


def test_the_sweep_looks_at_a_part_at_a_time(index: WorkIndex) -> None:
    index.note("00" + 62 * "0", new_job_id())
    index.note(f"{PARTS_AT_ONCE:02x}" + 62 * "0", new_job_id())

    assert [index.sweep(), index.sweep()] == [1, 1]


async def test_half_an_entry_that_a_dead_program_has_left_goes(
    store: LocalImageStore, index: WorkIndex, root: Path
) -> None:
    index.note(KEY, new_job_id())
    half = root / "work" / "7d" / f".{KEY}.0badcafe.part"
    half.write_text("01a2")
    age(root, 7200)

    await Leftovers(root, after_s=3600).sweep()

    assert not half.exists()
    assert entries(root) == {f"7d/{KEY}"}
