"""One at a time is at a piece of work, and neither the dead nor who stands still keep others from it."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import work_locks
from pipeline.errors import WorkUnderWay
from pipeline.local_store import LocalImageStore
from pipeline.messages import Lane
from pipeline.store_paths import StorePaths
from pipeline.work_locks import FROZEN_AFTER_S, WorkLocks
from tests.eventually import eventually

KEY = "7d" + 62 * "0"
HOLDER = """
import asyncio, sys
from pathlib import Path
from pipeline.work_locks import WorkLocks

async def hold():
    async with WorkLocks(Path(sys.argv[1])).held(sys.argv[2], within_s=0):
        print("held", flush=True)
        await asyncio.Event().wait()

asyncio.run(hold())
"""


@pytest.fixture
def locks(store: LocalImageStore, root: Path) -> WorkLocks:
    return WorkLocks(root)


@pytest.fixture
def path(root: Path) -> Path:
    """The file of the lock."""
    return StorePaths(root).work_lock(KEY)


@pytest.fixture
def holder(locks: WorkLocks, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that is at the work."""
    command = [sys.executable, "-c", HOLDER, str(root), KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield holder
        holder.kill()


def is_there(path: Path) -> bool:
    return path.exists()


def be_in_the_way(path: Path) -> None:
    path.mkdir(parents=True)


def age_s(path: Path) -> float:
    """Seconds since the last sign of life."""
    return time.time() - path.stat().st_mtime


async def test_who_comes_while_another_one_is_at_it_is_told(locks: WorkLocks, path: Path) -> None:
    async with locks.held(KEY, within_s=0):
        with pytest.raises(WorkUnderWay):
            async with locks.held(KEY, within_s=0.05):
                pytest.fail("two are at it")

    assert not is_there(path)


async def test_who_waits_long_enough_comes_next(locks: WorkLocks) -> None:
    order = []

    async def work(number: int) -> None:
        async with locks.held(KEY, within_s=5):
            order.append(number)
            await asyncio.sleep(0)
            order.append(number)

    await asyncio.gather(*(work(number) for number in range(5)))

    assert order[::2] == order[1::2]
    assert sorted(order[::2]) == list(range(5))


async def test_the_interactive_lane_does_not_wait_on_for_bulk(locks: WorkLocks) -> None:
    async with locks.held(KEY, within_s=0, lane="bulk"):
        async with locks.held(KEY, within_s=0.05):
            with pytest.raises(WorkUnderWay):
                async with locks.held(KEY, within_s=0):
                    pytest.fail("two of the interactive lane are at it")
        with pytest.raises(WorkUnderWay):
            async with locks.held(KEY, within_s=0, lane="bulk"):
                pytest.fail("two of bulk are at it")


async def test_the_interactive_lane_comes_next_if_bulk_ends_in_time(locks: WorkLocks) -> None:
    order = []

    async def work(lane: Lane, within_s: float) -> None:
        async with locks.held(KEY, within_s=within_s, lane=lane):
            order.append(lane)
            await asyncio.sleep(0.1)
            order.append(lane)

    await asyncio.gather(work("bulk", 0), work("interactive", 5))

    assert order == ["bulk", "bulk", "interactive", "interactive"]


async def test_bulk_waits_for_the_interactive_lane(locks: WorkLocks) -> None:
    async with locks.held(KEY, within_s=0):
        with pytest.raises(WorkUnderWay):
            async with locks.held(KEY, within_s=0.05, lane="bulk"):
                pytest.fail("bulk is at it as well")

    async with locks.held(KEY, within_s=0, lane="bulk"):
        pass


async def test_other_work_is_not_held_up(locks: WorkLocks) -> None:
    async with locks.held(KEY, within_s=0), locks.held("00" + KEY[2:], within_s=0):
        pass


async def test_the_lock_of_a_killed_holder_is_free(
    locks: WorkLocks, holder: subprocess.Popen[bytes], path: Path
) -> None:
    with pytest.raises(WorkUnderWay):
        async with locks.held(KEY, within_s=0):
            pytest.fail("two are at it")
    holder.kill()
    await asyncio.to_thread(holder.wait)
    os.utime(path, (0, 0))

    async with locks.held(KEY, within_s=0):
        assert age_s(path) < FROZEN_AFTER_S, "a new holder gives signs of life"
        with pytest.raises(WorkUnderWay):
            async with locks.held(KEY, within_s=0):
                pytest.fail("two are at it")


async def test_who_stands_still_is_in_nobodys_way(
    locks: WorkLocks, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with locks.held(KEY, within_s=0):
        moment = time.time() - FROZEN_AFTER_S - 1
        os.utime(path, (moment, moment))
        async with locks.held(KEY, within_s=0):
            assert "stands still" in caplog.text
        assert is_there(path), "it is still that of the other one"


async def test_who_is_alive_gives_signs_of_life(
    locks: WorkLocks, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work_locks, "BEAT_S", 0.01)
    async with locks.held(KEY, within_s=0):
        os.utime(path, (0, 0))
        await eventually(lambda: age_s(path) < FROZEN_AFTER_S)


async def test_where_no_lock_can_be_had_it_is_worked_all_the_same(
    locks: WorkLocks, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    be_in_the_way(path)
    begun = False

    async with locks.held(KEY, within_s=0):
        begun = True

    assert begun
    assert "cannot be locked" in caplog.text


async def test_what_goes_wrong_at_the_work_is_not_taken_for_the_lock(locks: WorkLocks, path: Path) -> None:
    for error in (TimeoutError("slow"), OSError("full")):
        with pytest.raises(OSError, match=str(error)):
            async with locks.held(KEY, within_s=1):
                raise error

    assert not is_there(path)
