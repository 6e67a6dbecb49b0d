"""A whole worker in this process: which lane a job is in is told by the queue that it came from, for good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.broker_node import BrokerNode
from pipeline.broker import Publisher
from pipeline.ids import new_job_id
from pipeline.messages import LANES, Lane, ResizeImage, decode_command
from tests import management
from tests.eventually import eventually
from tests.links import opened
from tests.unit.worker.images import png
from worker import resize_handler
from worker.app import run_worker
from worker.settings import WorkerSettings

DELAY_S = 3.0
RUNG = f"resize.retry.{DELAY_S:g}s"
MORE_THAN_THERE_IS = 10**18


@asynccontextmanager
async def working(amqp_url: str, storage: Path, *, min_free_bytes: int = 0) -> AsyncIterator[None]:
    """A worker with one slot, until the end of the block."""
    settings = WorkerSettings(
        amqp_url=amqp_url,
        storage_dir=storage,
        worker_name="lanes-test",
        slots=1,
        retry_delays_s=(DELAY_S,),
        worker_min_free_bytes=min_free_bytes,
        stop_timeout_s=2.0,
    )
    stopping = asyncio.Event()
    worker = asyncio.create_task(run_worker(settings, stopping))
    try:
        yield
    finally:
        stopping.set()
        await worker


def waiting(node: BrokerNode, queue: str) -> list[ResizeImage]:
    return [decode_command(message["payload"].encode()) for message in management.messages(node, queue)]


@pytest.fixture
def picture(root: Path) -> str:
    """An image in the store, as a command names it."""
    (root / "uploads").mkdir(parents=True)
    (root / "uploads" / "typed.png").write_bytes(png(40, 30))
    return "uploads/typed.png"


@pytest.mark.parametrize(
    ("key", "told", "lane"),
    [("resize.bulk", "interactive", "bulk"), ("resize", "bulk", "interactive")],
)
async def test_what_is_tried_again_comes_back_into_the_lane_it_was_taken_from_whatever_it_says(
    node: BrokerNode,
    amqp_url: str,
    root: Path,
    picture: str,
    monkeypatch: pytest.MonkeyPatch,
    key: str,
    told: Lane,
    lane: Lane,
) -> None:
    monkeypatch.setattr(resize_handler, "ROOM_WITHIN_S", 0.0)
    command = ResizeImage(job_id=new_job_id(), source=picture, lane=told)
    assert management.publish_command(node, command, routing_key=key)

    async with working(amqp_url, root, min_free_bytes=MORE_THAN_THERE_IS):
        await eventually(lambda: management.messages(node, RUNG))

    (again,) = await eventually(lambda: waiting(node, f"resize.{lane}")) or []
    assert (again.job_id, again.attempt, again.lane) == (command.job_id, 2, lane)


async def test_both_lanes_are_worked_at_and_one_that_is_stopped_leaves_nothing_unsettled(
    amqp_url: str, root: Path, picture: str
) -> None:
    jobs = [ResizeImage(job_id=new_job_id(), source=picture, lane=lane) for lane in LANES]

    def all_ended() -> bool:
        return all(list(root.glob(f"processed/*/{job.job_id}/receipt.json")) for job in jobs)

    async with opened(Publisher(amqp_url, service="lanes-test")) as publisher:
        for job in jobs:
            await publisher.publish_command(job)
        async with working(amqp_url, root):
            await eventually(all_ended)

        async def is_empty() -> bool:  # what was not settled is there again, now that the worker is gone
            counts = await publisher.count_queue()
            return (counts.ready, counts.consumers) == (0, 0)

        await eventually(is_empty)
