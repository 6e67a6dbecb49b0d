"""The two lanes of a pool: neither waits for the other, and bulk gives way."""

import asyncio
import errno
import multiprocessing
import os
from pathlib import Path

import pytest

from pipeline.messages import DEFAULT_RENDITION, Lane
from tests.unit.worker.conftest import NewPool
from tests.unit.worker.processes import NewChildren, reader_of
from tests.unit.worker.receivers import ignore
from worker import priority
from worker.image_pool import ImagePool
from worker.job_limits import JobLimits
from worker.pool_errors import ImageTookTooLong

RENDITIONS = [DEFAULT_RENDITION]
NICENESS = JobLimits().bulk_niceness


async def width(pool: ImagePool, path: Path, lane: Lane) -> int:
    return (await pool.render(path, RENDITIONS, on_ready=ignore, lane=lane)).width


@pytest.mark.parametrize(("full", "other"), [("bulk", "interactive"), ("interactive", "bulk")])
async def test_a_lane_that_is_full_does_not_hold_up_the_other(
    new_pool: NewPool, image: Path, endless: Path, full: Lane, other: Lane
) -> None:
    pool = new_pool()
    holding = asyncio.create_task(width(pool, endless, full))
    async with reader_of(endless):
        waiting = asyncio.create_task(width(pool, image, full))

        assert await width(pool, image, other) == 400

        assert not waiting.done()
        holding.cancel()
        assert await waiting == 400


async def test_bulk_gives_way_and_the_other_lane_does_not(new_pool: NewPool) -> None:
    children, own = NewChildren(), os.getpriority(os.PRIO_PROCESS, 0)
    await new_pool(processes=2).warm_up()

    by_niceness = sorted(child.nice() for child in children())
    own_sessions = [child.pid for child in children() if os.getsid(child.pid) == child.pid]

    given = min(own + NICENESS, 19)
    assert by_niceness == [own, own, given, given]
    assert sorted(own_sessions) == sorted(child.pid for child in children() if child.nice() == given)


@pytest.mark.skipif(not priority.AUTOGROUP.exists(), reason="this kernel has no autogroups")
async def test_where_sessions_share_the_processor_bulk_gives_way_as_a_session(new_pool: NewPool) -> None:
    children = NewChildren()
    await new_pool().warm_up()

    assert [share for child in children() if (share := _share_of(child.pid)).endswith(f" nice {NICENESS}")]


def _share_of(pid: int) -> str:
    """As "/autogroup-107 nice 10"; empty in the session of the first process, in which a container may be."""
    return Path(f"/proc/{pid}/autogroup").read_text().rstrip()


def test_where_they_are_not_for_us_to_change_niceness_alone_has_to_do(tmp_path: Path) -> None:
    assert _step_back_in_a_process(tmp_path / "missing" / "autogroup") == 0


def _step_back_in_a_process(autogroup: Path) -> int | None:
    process = multiprocessing.get_context("spawn").Process(target=priority.step_back, args=(3, autogroup))
    process.start()
    process.join()
    return process.exitcode


def test_a_kernel_that_is_asked_too_often_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [OSError(errno.EAGAIN, "too often"), OSError(errno.EAGAIN, "too often"), None]
    asked: list[str] = []

    def write_text(_: Path, text: str) -> None:
        asked.append(text)
        answer = answers.pop(0)
        if answer is not None:
            raise answer

    monkeypatch.setattr(priority, "PAUSE_S", 0.0)
    monkeypatch.setattr(Path, "write_text", write_text)
    monkeypatch.setattr(os, "setsid", lambda: None)
    monkeypatch.setattr(os, "nice", lambda _: None)

    priority.step_back(7)

    assert asked == ["7", "7", "7"]


async def test_bulk_has_more_time_by_the_clock(new_pool: NewPool, endless: Path) -> None:
    pool = new_pool(limits=JobLimits(time_limit_s=0.05, bulk_time_limit_s=600))
    patient = asyncio.create_task(width(pool, endless, "bulk"))
    async with reader_of(endless):
        with pytest.raises(ImageTookTooLong):
            await width(pool, endless, "interactive")

        assert not patient.done()
        patient.cancel()


def test_bulk_never_has_less_time_than_the_other_lane() -> None:
    limits = JobLimits(time_limit_s=900, bulk_time_limit_s=600)

    assert limits.in_lane("bulk").time_limit_s == 900
    assert limits.in_lane("interactive") is limits


async def test_in_quarantine_nothing_else_is_rendered_in_either_lane(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    pool = new_pool(processes=2)
    await pool.warm_up()
    suspect = asyncio.create_task(pool.render_in_quarantine(endless, RENDITIONS, on_ready=ignore))
    async with reader_of(endless):
        others = [asyncio.create_task(width(pool, image, lane)) for lane in ("bulk", "interactive")]
        done, _ = await asyncio.wait(others, timeout=0.3)

        assert not done
        suspect.cancel()
        assert await asyncio.gather(*others) == [400, 400]


async def test_while_quarantine_waits_for_bulk_the_other_lane_goes_on(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    pool = new_pool()
    bulk = asyncio.create_task(width(pool, endless, "bulk"))
    async with reader_of(endless):
        suspect = asyncio.create_task(pool.render_in_quarantine(image, RENDITIONS, on_ready=ignore))
        await asyncio.sleep(0)

        assert await width(pool, image, "interactive") == 400

        bulk.cancel()
        assert (await suspect).width == 400


async def test_bulk_need_not_give_way(new_pool: NewPool) -> None:
    children, own = NewChildren(), os.getpriority(os.PRIO_PROCESS, 0)

    await new_pool(limits=JobLimits(bulk_niceness=0)).warm_up()

    assert {child.nice() for child in children()} == {own}
