"""A job that may have taken a worker down is alone in the next one, in a fresh child, and has one try."""

import asyncio
from pathlib import Path

import psutil
import pytest

from pipeline.messages import DEFAULT_RENDITION
from tests.eventually import WITHIN_S, eventually
from tests.unit.worker.conftest import NewPool
from tests.unit.worker.processes import NewChildren, has_ended, kill, reader_of
from tests.unit.worker.receivers import Receiver, ignore
from worker import image_pool
from worker.image_pool import ImagePool
from worker.job_limits import QUARANTINE_SHARE, JobLimits
from worker.pool_errors import DecoderCrashed, PoolClosed

RENDITIONS = [DEFAULT_RENDITION]
FREE_BYTES = 2_000 * 1024**2


async def quarantine(pool: ImagePool, path: Path) -> int:
    return (await pool.render_in_quarantine(path, RENDITIONS, on_ready=ignore)).width


async def test_it_makes_the_same_as_ever(new_pool: NewPool, image: Path) -> None:
    receiver = Receiver()

    rendered = await new_pool().render_in_quarantine(image, RENDITIONS, on_ready=receiver.take)

    assert rendered.width == 400
    assert receiver.names == ["300x300"]


async def test_nothing_else_is_rendered_meanwhile(new_pool: NewPool, image: Path, endless: Path) -> None:
    pool = new_pool(processes=2)
    await pool.warm_up()
    suspect = asyncio.create_task(quarantine(pool, endless))
    async with reader_of(endless):
        others = [asyncio.create_task(pool.render(image, RENDITIONS, on_ready=ignore)) for _ in range(3)]
        done, _ = await asyncio.wait(others, timeout=0.3)
        assert not done

        suspect.cancel()

        assert len(await asyncio.gather(*others)) == 3


async def test_it_waits_for_what_is_being_rendered(new_pool: NewPool, image: Path, endless: Path) -> None:
    pool = new_pool(processes=2)
    children = NewChildren()
    before = asyncio.create_task(pool.render(endless, RENDITIONS, on_ready=ignore))
    async with reader_of(endless):
        suspect = asyncio.create_task(quarantine(pool, image))
        done, _ = await asyncio.wait({suspect}, timeout=0.3)
        assert not done
        assert len(children()) == 1, "the second place has not been needed"

        before.cancel()

        assert await suspect == 400


async def test_several_that_wait_for_the_same_places_take_their_turns(
    new_pool: NewPool, image: Path, pipes: list[Path]
) -> None:
    pool = new_pool(processes=2)
    before = [asyncio.create_task(pool.render(pipe, RENDITIONS, on_ready=ignore)) for pipe in pipes]
    async with reader_of(pipes[0]), reader_of(pipes[1]):
        suspects = [asyncio.create_task(quarantine(pool, image)) for _ in range(3)]
        await asyncio.wait(suspects, timeout=0.1)

        for job in before:  # so that the places are free one after the other
            job.cancel()
            await asyncio.wait({job})

        async with asyncio.timeout(WITHIN_S):
            assert await asyncio.gather(*suspects) == [400] * 3


async def test_one_that_is_cancelled_while_it_waits_gives_its_places_back(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    pool = new_pool(processes=2)
    before = asyncio.create_task(pool.render(endless, RENDITIONS, on_ready=ignore))
    async with reader_of(endless):
        suspect = asyncio.create_task(quarantine(pool, image))
        await asyncio.wait({suspect}, timeout=0.1)
        suspect.cancel()

        assert (await pool.render(image, RENDITIONS, on_ready=ignore)).width == 400
        before.cancel()


async def test_the_child_is_a_fresh_one_and_does_not_stay(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    pool = new_pool()
    await pool.warm_up()
    children = NewChildren()
    suspect = asyncio.create_task(quarantine(pool, endless))
    async with reader_of(endless) as child:
        assert children() == {child}
        suspect.cancel()
        await eventually(lambda: has_ended(child))

    assert await quarantine(pool, image) == 400
    assert children() == set()


async def test_a_child_that_dies_has_no_second_try(new_pool: NewPool, image: Path, endless: Path) -> None:
    pool = new_pool()
    suspect = asyncio.create_task(quarantine(pool, endless))
    async with reader_of(endless) as child:
        await kill(child)

        with pytest.raises(DecoderCrashed):
            await suspect

    assert (await pool.render(image, RENDITIONS, on_ready=ignore)).width == 400


async def test_it_has_no_more_memory_than_is_free(
    new_pool: NewPool, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_pool, "free_memory_bytes", lambda: FREE_BYTES)
    pool = new_pool(limits=JobLimits(memory_bytes=2**50))
    suspect = asyncio.create_task(quarantine(pool, endless))
    async with reader_of(endless) as child:
        limit, _ = child.rlimit(psutil.RLIMIT_AS)
        assert limit == int(QUARANTINE_SHARE * FREE_BYTES)
        suspect.cancel()


async def test_a_pool_that_closes_ends_it(new_pool: NewPool, endless: Path) -> None:
    children = NewChildren()
    pool = new_pool(processes=2)
    suspects = [asyncio.create_task(quarantine(pool, endless)) for _ in range(2)]
    async with reader_of(endless):
        await pool.close()

    for suspect in suspects:
        with pytest.raises(PoolClosed):
            await suspect
    assert children() == set()
