"""Children that resize: renditions come one by one, what goes wrong comes back, and the pool stays whole.

An image that takes for ever is played by a named pipe, whose reader waits for what never comes.
"""

import asyncio
from io import BytesIO
from pathlib import Path

import pytest
import uvloop
from PIL import Image

from pipeline.messages import DEFAULT_RENDITION, Rendition
from tests.eventually import eventually
from tests.unit.worker.conftest import NewPool
from tests.unit.worker.images import png
from tests.unit.worker.processes import NewChildren, has_ended, reader_of
from tests.unit.worker.receivers import Receiver, ignore
from worker.image_pool import ImagePool
from worker.imaging import ImageTooLarge, ImageUnreadable, RenderedImage
from worker.job_limits import IDLE_BYTES, JobLimits
from worker.pool_errors import PoolClosed, RenderFailed

RENDITIONS = [DEFAULT_RENDITION]
THREE = [Rendition(name=name, width=40, height=30) for name in ("first", "second", "third")]


async def test_an_image_is_rendered_in_another_process(new_pool: NewPool, image: Path) -> None:
    receiver = Receiver()

    rendered = await new_pool().render(image, [THREE[0]], on_ready=receiver.take)

    (rendition,) = receiver.images
    assert Image.open(BytesIO(rendition.data)).size == (40, 30)
    assert (rendered.width, rendered.height, rendered.media_type) == (400, 300, "image/png")


async def test_renditions_come_one_at_a_time_and_in_order(new_pool: NewPool, image: Path) -> None:
    story: list[str] = []

    async def take(one: RenderedImage) -> None:
        story.append(f"{one.name} begins")
        await asyncio.sleep(0)
        story.append(f"{one.name} ends")

    await new_pool().render(image, THREE, on_ready=take)

    assert story == [f"{name} {what}" for name in ("first", "second", "third") for what in ("begins", "ends")]


async def test_a_large_rendition_arrives_in_whole(new_pool: NewPool, noise: Path) -> None:
    receiver = Receiver()

    await new_pool().render(noise, [Rendition(name="large")], on_ready=receiver.take)

    (large,) = receiver.images
    assert len(large.data) > 1_000_000
    Image.open(BytesIO(large.data)).load()


def test_a_pool_works_under_uvloop_too(image: Path) -> None:
    receiver = Receiver()

    async def work() -> None:
        pool = ImagePool(processes=2, limits=JobLimits())
        await asyncio.gather(*(pool.render(image, THREE, on_ready=receiver.take) for _ in range(4)))
        await pool.close()

    uvloop.run(work())

    assert sorted(receiver.names) == sorted(4 * ["first", "second", "third"])


async def test_what_is_wrong_with_an_image_comes_back_with_code_and_sentence(
    new_pool: NewPool, tmp_path: Path
) -> None:
    (tmp_path / "bad.png").write_bytes(png(40, 30)[:40] + b"garbage" * 20)

    with pytest.raises(ImageUnreadable, match=r"^The file is damaged") as caught:
        await new_pool().render(tmp_path / "bad.png", RENDITIONS, on_ready=ignore)

    assert caught.value.code == "image_unreadable"


async def test_an_image_that_will_not_fit_is_refused_by_its_header(new_pool: NewPool, tmp_path: Path) -> None:
    (tmp_path / "vast.png").write_bytes(png(6_000, 6_000))
    pool = new_pool(limits=JobLimits(memory_bytes=IDLE_BYTES + 100_000_000))

    with pytest.raises(ImageTooLarge, match="memory"):
        await pool.render(tmp_path / "vast.png", RENDITIONS, on_ready=ignore)


async def test_a_rendition_with_too_many_pixels_is_refused(new_pool: NewPool, image: Path) -> None:
    pool = new_pool(limits=JobLimits(output_pixels=89_999))

    with pytest.raises(ImageTooLarge, match=r"89,999 pixels"):
        await pool.render(image, RENDITIONS, on_ready=ignore)


async def test_a_missing_file_is_not_the_image_s_fault(new_pool: NewPool, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await new_pool().render(tmp_path / "missing", RENDITIONS, on_ready=ignore)


async def test_what_nobody_thought_of_is_told_by_its_name_and_ends_no_child(
    new_pool: NewPool, image: Path
) -> None:
    children = NewChildren()
    pool = new_pool()
    await pool.warm_up()
    before = children()

    with pytest.raises(RenderFailed, match="with a ValueError") as caught:
        await pool.render(Path("no\0name"), RENDITIONS, on_ready=ignore)

    assert "embedded null byte" in caught.value.__notes__[0]
    assert (await pool.render(image, RENDITIONS, on_ready=ignore)).width == 400
    assert children() == before


async def test_an_error_of_the_receiver_ends_the_job_and_not_the_pool(new_pool: NewPool, noise: Path) -> None:
    async def refuse(image: RenderedImage) -> None:
        raise LookupError(image.name)

    pool = new_pool()

    with pytest.raises(LookupError, match="first"):
        await pool.render(noise, [Rendition(name="first"), Rendition(name="second")], on_ready=refuse)

    assert (await pool.render(noise, RENDITIONS, on_ready=ignore)).width == 1000


async def test_a_job_that_is_cancelled_does_not_go_on_in_the_background(
    new_pool: NewPool, image: Path, endless: Path
) -> None:
    pool = new_pool()
    rendering = asyncio.create_task(pool.render(endless, RENDITIONS, on_ready=ignore))
    async with reader_of(endless) as child:
        rendering.cancel()

        await eventually(lambda: has_ended(child))

    assert (await pool.render(image, RENDITIONS, on_ready=ignore)).width == 400


async def test_a_warm_pool_has_all_its_children_for_both_lanes(new_pool: NewPool) -> None:
    children = NewChildren()

    await new_pool(processes=3).warm_up()

    assert len(children()) == 6


async def test_a_closed_pool_leaves_no_process_and_no_job_without_an_end(
    new_pool: NewPool, endless: Path
) -> None:
    children = NewChildren()
    pool = new_pool()
    jobs = [asyncio.create_task(pool.render(endless, RENDITIONS, on_ready=ignore)) for _ in range(3)]
    async with reader_of(endless):
        await pool.close()

    assert children() == set()
    for job in jobs:
        with pytest.raises(PoolClosed):
            await job


async def test_a_closed_pool_takes_no_job(new_pool: NewPool, image: Path) -> None:
    children = NewChildren()
    pool = new_pool()
    await pool.close()

    with pytest.raises(PoolClosed):
        await pool.render(image, RENDITIONS, on_ready=ignore)

    assert children() == set()


async def test_a_pool_that_is_closed_while_it_starts_leaves_no_process(new_pool: NewPool) -> None:
    children = NewChildren()
    pool = new_pool(processes=2)
    starting = asyncio.create_task(pool.warm_up())
    await asyncio.sleep(0)

    await pool.close()

    with pytest.raises(PoolClosed):
        await starting
    assert children() == set()
