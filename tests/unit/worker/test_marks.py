"""Marks are set and taken away, also in the moments between."""

import asyncio
from pathlib import Path

import pytest

from pipeline.ids import JobId, new_job_id
from pipeline.image_store import Beginning
from pipeline.local_store import LocalImageStore
from pipeline.store_paths import MARK_PREFIX
from worker.marks import Marks


class SlowStore(LocalImageStore):
    """A store that has set a mark and does not say so before it is told to."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.has_set, self.may_say_so = asyncio.Event(), asyncio.Event()

    async def begin(self, job_id: JobId) -> Beginning:
        beginning = await super().begin(job_id)
        self.has_set.set()
        await self.may_say_so.wait()
        return beginning


@pytest.fixture
async def slow_store(tmp_path: Path) -> SlowStore:
    return SlowStore(tmp_path)


@pytest.fixture
def marks(tmp_path: Path) -> Marks:
    return Marks(LocalImageStore(tmp_path))


def marks_below(root: Path) -> list[str]:
    return [path.name for path in root.rglob(f"{MARK_PREFIX}*")]


def put_folder_in_place_of(name: str, root: Path) -> None:
    [path] = root.rglob(name)
    path.unlink()
    path.mkdir()


async def test_a_mark_is_there_as_long_as_somebody_is_at_the_job(marks: Marks, tmp_path: Path) -> None:
    async with marks.at(new_job_id()) as beginning:
        assert marks_below(tmp_path) == [beginning.mark]
    assert marks_below(tmp_path) == []


async def test_a_mark_goes_when_the_attempt_fails(marks: Marks, tmp_path: Path) -> None:
    with pytest.raises(LookupError):
        async with marks.at(new_job_id()):
            raise LookupError
    assert marks_below(tmp_path) == []


async def test_all_marks_are_let_go_at_once_and_later_ones_are_set_again(
    marks: Marks, tmp_path: Path
) -> None:
    async with marks.at(new_job_id()), marks.at(new_job_id()):
        marks.let_go_all()
        assert marks_below(tmp_path) == []
        async with marks.at(new_job_id()) as later:
            assert marks_below(tmp_path) == [later.mark]


async def test_a_mark_that_is_just_being_set_is_let_go_with_the_others(
    slow_store: SlowStore, tmp_path: Path
) -> None:
    marks = Marks(slow_store)
    during: list[str] = []

    async def work() -> None:
        async with marks.at(new_job_id()):
            during.extend(marks_below(tmp_path))

    working = asyncio.create_task(work())
    await slow_store.has_set.wait()
    marks.let_go_all()
    slow_store.may_say_so.set()
    await working

    assert during == []


async def test_who_is_stopped_while_a_mark_is_being_set_leaves_none(
    slow_store: SlowStore, tmp_path: Path
) -> None:
    working = asyncio.create_task(Marks(slow_store).at(new_job_id()).__aenter__())
    await slow_store.has_set.wait()
    working.cancel()
    slow_store.may_say_so.set()
    await asyncio.wait({working})

    assert working.cancelled()
    assert marks_below(tmp_path) == []


async def test_a_mark_that_cannot_be_taken_away_is_no_error(marks: Marks, tmp_path: Path) -> None:
    async with marks.at(new_job_id()) as beginning:
        put_folder_in_place_of(beginning.mark, tmp_path)
    assert marks_below(tmp_path) == [beginning.mark]
