"""Children that are killed, hang or run out of memory: one fresh child tries again, no other job notices."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.messages import DEFAULT_RENDITION, Rendition
from tests.eventually import eventually
from tests.unit.worker.conftest import NewPool
from tests.unit.worker.images import png
from tests.unit.worker.processes import NewChildren, has_ended, kill, reader_of, readers_of
from tests.unit.worker.receivers import Receiver, ignore
from worker.child_process import ChildProcess
from worker.imaging import Limits, Rendered, RenderedImage
from worker.job_limits import JobLimits
from worker.pool_errors import DecoderCrashed, ImageTookTooLong, OutOfMemory

ROOT = Path(__file__).parents[3]
MEGABYTE = 1024**2
RENDITIONS = [DEFAULT_RENDITION]


class Unforeseen(JobLimits):
    """Limits of which the decoders are not told, so that only the kernel stops them."""

    @property
    def imaging(self) -> Limits:
        """No limits."""
        return Limits(memory_bytes=2**50, output_pixels=2**50, animation_pixels=2**50)


async def test_the_job_of_a_killed_child_is_begun_again_in_another(new_pool: NewPool, endless: Path) -> None:
    rendering = asyncio.create_task(new_pool().render(endless, RENDITIONS, on_ready=ignore))
    async with readers_of(endless) as next_reader:
        first = await next_reader()
        await kill(first)

        assert await next_reader() != first
        assert not rendering.done()
        rendering.cancel()


async def test_an_image_that_kills_two_children_has_failed(new_pool: NewPool, endless: Path) -> None:
    rendering = asyncio.create_task(new_pool().render(endless, RENDITIONS, on_ready=ignore))
    async with readers_of(endless) as next_reader:
        for _ in range(2):
            child = await next_reader()
            await kill(child)

        with pytest.raises(DecoderCrashed, match=r"died \(exit code -9\)") as caught:
            await rendering

    assert caught.value.code == "decoder_crashed"


async def test_what_a_killed_child_has_delivered_does_not_come_again(new_pool: NewPool, noise: Path) -> None:
    children = NewChildren()
    receiver = Receiver()

    async def take(image: RenderedImage) -> None:
        await receiver.take(image)
        if receiver.names == ["small"]:
            # The child cannot be done: the large one does not fit into what lies between it and us.
            (child,) = children()
            await kill(child)

    renditions = [Rendition(name="small", width=30, height=30), Rendition(name="large")]

    rendered = await new_pool().render(noise, renditions, on_ready=take)

    assert receiver.names == ["small", "large"]
    assert rendered.width == 1000


async def test_a_killed_child_fails_its_own_job_only(new_pool: NewPool, image: Path, endless: Path) -> None:
    pool = new_pool(processes=2)
    doomed = asyncio.create_task(pool.render(endless, RENDITIONS, on_ready=ignore))
    async with readers_of(endless) as next_reader:
        others = [asyncio.create_task(pool.render(image, RENDITIONS, on_ready=ignore)) for _ in range(20)]
        for _ in range(2):
            child = await next_reader()
            await kill(child)

        with pytest.raises(DecoderCrashed):
            await doomed
        assert all(rendered.width == 400 for rendered in await asyncio.gather(*others))


async def test_the_place_of_a_child_that_was_killed_at_work_is_taken_by_a_new_one(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    children = NewChildren()
    pool = new_pool(processes=2)
    await pool.warm_up()
    rendering = asyncio.create_task(pool.render(endless, RENDITIONS, on_ready=ignore))
    async with reader_of(endless) as child:
        child.kill()
        await eventually(lambda: child not in children() and len(children()) == 4)

        assert (await pool.render(image, RENDITIONS, on_ready=ignore)).width == 400
    rendering.cancel()


async def test_the_places_of_children_that_were_killed_between_two_jobs_are_taken_before_the_next(
    new_pool: NewPool, image: Path
) -> None:
    children = NewChildren()
    pool = new_pool(processes=2)
    await pool.warm_up()
    killed = children()

    for child in killed:
        child.kill()

    await eventually(lambda: len(children()) == 4 and not children() & killed)
    jobs = [pool.render(image, RENDITIONS, on_ready=ignore) for _ in range(6)]
    assert len(await asyncio.gather(*jobs)) == 6


async def test_jobs_that_come_in_the_moment_of_a_kill_are_done(new_pool: NewPool, image: Path) -> None:
    children = NewChildren()
    pool = new_pool(processes=2)
    await pool.warm_up()

    for child in children():
        child.kill()
    rendered = await asyncio.gather(*(pool.render(image, RENDITIONS, on_ready=ignore) for _ in range(10)))

    assert len(rendered) == 10


async def test_an_image_that_takes_too_long_ends_after_a_second_try(
    new_pool: NewPool, image: Path, endless: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[ChildProcess] = []
    render = ChildProcess.render

    async def noted(child: ChildProcess, *args: Any, **kwargs: Any) -> Rendered:
        used.append(child)
        return await render(child, *args, **kwargs)

    monkeypatch.setattr(ChildProcess, "render", noted)
    pool = new_pool(limits=JobLimits(time_limit_s=1.0))

    with pytest.raises(ImageTookTooLong, match="longer than 1 s") as caught:
        await pool.render(endless, RENDITIONS, on_ready=ignore)

    assert caught.value.code == "image_took_too_long"
    first, second = used
    assert first is not second
    await asyncio.gather(first.ended, second.ended)
    assert (await pool.render(image, RENDITIONS, on_ready=ignore)).width == 400


async def test_the_time_of_a_receiver_is_not_the_image_s(new_pool: NewPool, noise: Path) -> None:
    children, limit_s = NewChildren(), 3.0
    pool = new_pool(limits=JobLimits(time_limit_s=limit_s))
    await pool.warm_up()
    before = children()
    loop = asyncio.get_running_loop()

    async def take_long(image: RenderedImage) -> None:
        if image.name == "small":
            end = loop.time() + 1.2 * limit_s
            await eventually(lambda: loop.time() > end)

    renditions = [Rendition(name="small", width=9), Rendition(name="large"), Rendition(name="last")]
    await pool.render(noise, renditions, on_ready=take_long)

    assert children() == before


async def test_an_image_that_uses_the_processor_too_long_ends_too(new_pool: NewPool, noise: Path) -> None:
    pool = new_pool(limits=JobLimits(cpu_s=1))
    slow = [Rendition(name=f"{number}", width=2000, format="avif", lossless=True) for number in range(9)]

    with pytest.raises(ImageTookTooLong, match="1 s of processor time"):
        await pool.render(noise, slow, on_ready=ignore)


async def test_every_job_of_a_child_may_use_the_processor_as_long(new_pool: NewPool, image: Path) -> None:
    children = NewChildren()
    pool = new_pool(limits=JobLimits(cpu_s=7))

    for _ in range(2):
        await pool.render(image, RENDITIONS, on_ready=ignore)

        (child,) = children()
        used = child.cpu_times().user + child.cpu_times().system
        soft, _ = child.rlimit(psutil.RLIMIT_CPU)
        assert used + 7 < soft <= used + 9


async def test_memory_that_nobody_foresaw_costs_a_child_each_time_and_then_the_job(
    new_pool: NewPool, image: Path, tmp_path: Path
) -> None:
    (tmp_path / "vast.png").write_bytes(png(7_000, 7_000))
    children = NewChildren()
    pool = new_pool(limits=Unforeseen(memory_bytes=300 * MEGABYTE))
    await pool.warm_up()
    before = children()

    with pytest.raises(OutOfMemory, match="300 MB") as caught:
        await pool.render(tmp_path / "vast.png", RENDITIONS, on_ready=ignore)

    assert caught.value.code == "out_of_memory"
    assert (await pool.render(image, RENDITIONS, on_ready=ignore)).width == 400
    assert len(children() & before) == 1, "that of the other lane"


async def test_an_encoder_that_gets_no_memory_is_told_as_that(new_pool: NewPool, image: Path) -> None:
    pool = new_pool(limits=Unforeseen(memory_bytes=512 * MEGABYTE))
    vast = Rendition(name="vast", width=4900, height=4900, format="avif")

    with pytest.raises(OutOfMemory):
        await pool.render(image, [vast], on_ready=ignore)


async def test_a_child_writes_no_file_leaves_no_core_and_has_so_much_memory(
    new_pool: NewPool,
) -> None:
    children = NewChildren()

    await new_pool(limits=JobLimits(memory_bytes=600 * MEGABYTE)).warm_up()

    for child in children():
        assert child.rlimit(psutil.RLIMIT_FSIZE) == (0, 0)
        assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert child.rlimit(psutil.RLIMIT_AS) == (600 * MEGABYTE, 600 * MEGABYTE)


@pytest.fixture
def owner(pipes: list[Path]) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is rendering from both pipes."""
    command = [sys.executable, "-m", "tests.unit.worker.pool_owner", *map(str, pipes)]
    with subprocess.Popen(command, cwd=ROOT) as process:
        yield process
        process.kill()


async def test_the_children_die_with_a_parent_that_is_killed(
    owner: subprocess.Popen[bytes], pipes: list[Path]
) -> None:
    async with reader_of(pipes[0]) as first, reader_of(pipes[1]) as second:
        children = psutil.Process(owner.pid).children(recursive=True)
        assert {first, second} < set(children)

        owner.send_signal(signal.SIGKILL)

        await eventually(lambda: all(has_ended(child) for child in children))
