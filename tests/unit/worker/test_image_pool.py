"""Children that resize: each is limited, and none takes others down with it.

An image that takes for ever is played by a named pipe, whose reader waits for what never comes.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from PIL import Image

from pipeline.messages import DEFAULT_RENDITION, Rendition
from tests.eventually import eventually
from tests.unit.worker.conftest import MEGABYTE, NewPool
from tests.unit.worker.images import png
from tests.unit.worker.processes import grandchildren, has_ended, reader_of
from worker.image_pool import DecoderDied, TimeLimitPassed
from worker.imaging import ImageTooLarge, ImageUnreadable

ROOT = Path(__file__).parents[3]
RENDITIONS = [DEFAULT_RENDITION]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "image.png"
    path.write_bytes(png(400, 300))
    return path


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless"
    os.mkfifo(path)
    return path


async def test_an_image_is_rendered_in_another_process(new_pool: NewPool, image: Path) -> None:
    rendered = await new_pool().render(image, [Rendition(name="small", width=40, height=30)])

    (rendition,) = rendered.renditions
    assert Image.open(BytesIO(rendition.data)).size == (40, 30)
    assert (rendered.width, rendered.height, rendered.media_type) == (400, 300, "image/png")


async def test_what_is_wrong_with_an_image_comes_back_with_code_and_sentence(
    new_pool: NewPool, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(png(40, 30)[:40] + b"garbage" * 20)

    with pytest.raises(ImageUnreadable, match=r"^The file is damaged") as caught:
        await new_pool().render(tmp_path / "bad.png", RENDITIONS)

    assert caught.value.code == "image_unreadable"


async def test_an_image_with_too_many_pixels_is_refused_by_its_header(new_pool: NewPool, image: Path) -> None:
    with pytest.raises(ImageTooLarge, match=r"100,000 pixels"):
        await new_pool(max_pixels=100_000).render(image, RENDITIONS)


async def test_a_missing_file_is_not_the_image_s_fault(new_pool: NewPool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await new_pool().render(tmp_path / "missing", RENDITIONS)


async def test_an_image_that_takes_too_long_ends_at_the_time_limit(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    pool = new_pool(time_limit_s=0.5)
    await pool.warm_up()

    with pytest.raises(TimeLimitPassed, match=r"longer than 0\.5 s"):
        await pool.render(endless, RENDITIONS)

    assert (await pool.render(image, RENDITIONS)).width == 400


async def test_an_image_that_takes_too_long_does_not_go_on_in_the_background(
    new_pool: NewPool, endless: Path
) -> None:
    pool = new_pool(time_limit_s=1)
    await pool.warm_up()
    rendering = asyncio.create_task(pool.render(endless, RENDITIONS))
    async with reader_of(endless) as child:
        with pytest.raises(TimeLimitPassed):
            await rendering

        await eventually(lambda: has_ended(child))


async def test_an_image_that_needs_too_much_memory_is_an_error_and_ends_nothing(
    new_pool: NewPool, image: Path, tmp_path: Path
) -> None:
    pool = new_pool(memory_bytes=250 * MEGABYTE)
    (tmp_path / "vast.png").write_bytes(png(8000, 8000))

    with pytest.raises(ImageTooLarge, match="memory"):
        await pool.render(tmp_path / "vast.png", RENDITIONS)

    assert (await pool.render(image, RENDITIONS)).width == 400


async def test_a_killed_child_fails_its_own_job_only(new_pool: NewPool, image: Path, endless: Path) -> None:
    pool = new_pool(processes=2)
    doomed = asyncio.create_task(pool.render(endless, RENDITIONS))
    async with reader_of(endless) as child:
        others = [asyncio.create_task(pool.render(image, RENDITIONS)) for _ in range(20)]
        await asyncio.wait(others, return_when=asyncio.FIRST_COMPLETED)
        child.kill()

        with pytest.raises(DecoderDied, match=r"died \(exit code -9\)"):
            await doomed
        assert all(rendered.width == 400 for rendered in await asyncio.gather(*others))


async def test_the_place_of_a_killed_child_is_taken_by_a_new_one(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    pool = new_pool(processes=1)
    doomed = asyncio.create_task(pool.render(endless, RENDITIONS))
    async with reader_of(endless) as child:
        child.kill()
        with pytest.raises(DecoderDied):
            await doomed

    assert (await pool.render(image, RENDITIONS)).width == 400


@pytest.mark.parametrize("processes", [1, 2])
async def test_a_child_that_is_killed_between_two_jobs_does_not_stop_the_next(
    new_pool: NewPool, image: Path, processes: int
) -> None:
    before = grandchildren()
    pool = new_pool(processes=processes)
    await pool.render(image, RENDITIONS)
    children = set(grandchildren()) - set(before)
    assert children

    for child in children:
        child.kill()

    for _ in range(2 * processes):
        assert (await pool.render(image, RENDITIONS)).width == 400


async def test_many_jobs_at_once_survive_that_a_child_was_killed_between_two_jobs(
    new_pool: NewPool, image: Path
) -> None:
    before = grandchildren()
    pool = new_pool(processes=2)
    await pool.render(image, RENDITIONS)
    child = (set(grandchildren()) - set(before)).pop()
    child.kill()
    await eventually(lambda: has_ended(child))

    rendered = await asyncio.gather(*(pool.render(image, RENDITIONS) for _ in range(10)))

    assert len(rendered) == 10


async def test_a_closed_pool_leaves_no_process(new_pool: NewPool, endless: Path) -> None:
    pool = new_pool()
    rendering = asyncio.create_task(pool.render(endless, RENDITIONS))
    async with reader_of(endless) as child:
        await pool.close()

        assert has_ended(child)
    rendering.cancel()


@pytest.fixture
def pipes(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / "first", tmp_path / "second"]
    for path in paths:
        os.mkfifo(path)
    return paths


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
