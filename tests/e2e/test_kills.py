"""Nothing is lost: workers, frontends and brokers are killed in the middle of work."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest
import pytest_asyncio

from deploy.local.broker_node import BrokerNode
from pipeline.broker.link import HEARTBEAT_S
from pipeline.store_paths import MARK_PREFIX
from tests import management
from tests.checked_session import checked_session
from tests.e2e.holding import hold, let_go
from tests.e2e.images import image_of_a_moment, slow_image, small_photograph
from tests.e2e.uploads import get_job, job_with, until_all_done, upload, upload_many
from tests.eventually import eventually
from tests.rig import Rig

pytestmark = pytest.mark.delivery

WAITING = 60

MANY_SLOW_RENDITIONS = {
    "renditions": json.dumps(
        [{"name": f"{width}", "width": width, "format": "avif"} for width in range(2000, 2012)]
    )
}
"""Seconds of work for a worker."""


@pytest.fixture(scope="module")
def photographs() -> list[bytes]:
    """Many, no two alike."""
    return [small_photograph(seed) for seed in range(WAITING)]


async def attempts_of(http: aiohttp.ClientSession, job_ids: list[str]) -> set[int]:
    return {(await get_job(http, job_id))["attempt"] for job_id in job_ids}


def marks_below(storage: Path) -> list[str]:
    return [path.name for path in storage.rglob(f"{MARK_PREFIX}*")]


async def test_a_killed_worker_gives_its_job_back(rig: Rig, http: aiohttp.ClientSession) -> None:
    await rig.start(workers=2)
    for worker in rig.workers.values():
        await hold(worker)
    job = await upload(http, small_photograph(0))
    victim = str((await job_with(http, job["id"], "processing"))["worker"])
    children = psutil.Process(rig.workers[victim].pid).children(recursive=True)

    rig.workers[victim].kill()

    done = await job_with(http, job["id"], "done", timeout_s=HEARTBEAT_S)  # it is not noticed by heartbeats
    assert done["worker"] != victim
    assert done["attempt"] == 2
    await eventually(lambda: not any(child.is_running() for child in children))


async def test_a_job_that_takes_two_workers_down_fails_and_the_others_go_on(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    await rig.start(workers=2)
    poison = await upload(http, slow_image(), "poison.png", fields=MANY_SLOW_RENDITIONS)

    async def is_at_it(attempt: int) -> str:
        job = await get_job(http, poison["id"])
        return str(job["worker"]) if (job["status"], job["attempt"]) == ("processing", attempt) else ""

    rig.workers[await eventually(lambda: is_at_it(1))].kill()
    others = await upload_many(http, [small_photograph(seed) for seed in range(10)])
    rig.workers[await eventually(lambda: is_at_it(2))].kill()
    rig.add_worker("worker-3")

    failed = await job_with(http, poison["id"], "failed")
    assert failed["error"]["code"] == "decoder_crashed"
    await until_all_done(http, others)
    assert rig.workers["worker-3"].is_running
    assert await attempts_of(http, others) == {1}


async def test_a_worker_that_is_told_to_stop_finishes_its_job_first(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    await rig.start(workers=1)
    worker = rig.workers["worker-1"]
    await hold(worker)
    job = await upload(http, small_photograph(0))
    await job_with(http, job["id"], "processing")

    worker.tell_to_stop()
    await eventually(lambda: "stopping; 1 jobs in flight" in worker.output)
    let_go(worker)
    assert worker.stop() == 0

    done = await get_job(http, job["id"])
    assert (done["status"], done["attempt"], done["worker"]) == ("done", 1, "worker-1")


async def test_a_worker_that_has_no_time_to_finish_gives_its_job_back_and_that_counts_as_no_attempt(
    amqp_url: str, tmp_path: Path
) -> None:
    async with Rig(amqp_url, tmp_path, STOP_TIMEOUT_S="0.2") as rig, checked_session(rig.url) as http:
        await rig.start(workers=1)
        await hold(rig.workers["worker-1"])
        job = await upload(http, small_photograph(0))
        await job_with(http, job["id"], "processing")

        assert rig.workers["worker-1"].stop() == 0
        assert marks_below(rig.storage) == []

        rig.add_worker("worker-2")
        done = await job_with(http, job["id"], "done")
        assert (done["attempt"], done["worker"]) == (1, "worker-2")


async def test_workers_that_are_restarted_one_by_one_fail_no_job_and_cost_no_attempt(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    await rig.start(workers=3)
    job_ids = await upload_many(http, [image_of_a_moment()] * 36)

    for worker in rig.workers.values():
        assert (await get_job(http, job_ids[-1]))["status"] == "queued", "the workers have enough to do"
        assert worker.stop() == 0
        worker.start()

    await until_all_done(http, job_ids)
    assert await attempts_of(http, job_ids) == {1}
    # The last one is taken away after the news of the end.
    await eventually(lambda: marks_below(rig.storage) == [])


async def test_a_worker_that_loses_its_connection_goes_on_and_that_counts_as_no_attempt(
    rig: Rig, http: aiohttp.ClientSession, node: BrokerNode
) -> None:
    await rig.start(workers=1)
    await eventually(lambda: management.call(node, "GET", "/connections"))
    await hold(rig.workers["worker-1"])
    job = await upload(http, small_photograph(0))
    await job_with(http, job["id"], "processing")

    await eventually(lambda: management.close_connections(node, name_contains="consume"))

    await eventually(lambda: marks_below(rig.storage) == [])
    assert (await get_job(http, job["id"]))["status"] == "processing", "it is still at it"
    let_go(rig.workers["worker-1"])
    done = await job_with(http, job["id"], "done")
    assert done["attempt"] == 1


async def test_jobs_that_wait_outlive_a_killed_frontend(
    rig: Rig, http: aiohttp.ClientSession, photographs: list[bytes]
) -> None:
    await rig.start(workers=0)
    job_ids = await upload_many(http, photographs)

    rig.frontend.kill()
    rig.frontend.start()
    rig.add_worker("worker-1")
    rig.add_worker("worker-2")
    await rig.until_ready()

    await until_all_done(http, job_ids)


@pytest_asyncio.fixture(loop_scope="session")
async def own_node(tmp_path: Path) -> AsyncIterator[BrokerNode]:
    """A node that the test may restart: the others keep theirs."""
    with BrokerNode(tmp_path / "rabbitmq") as node:
        yield node


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_jobs_that_wait_outlive_the_broker(
    own_node: BrokerNode, tmp_path: Path, photographs: list[bytes], how: str
) -> None:
    async with Rig(own_node.amqp_url, tmp_path) as rig, checked_session(rig.url) as http:
        await rig.start(workers=0)
        job_ids = await upload_many(http, photographs)
        rig.add_worker("worker-1")
        rig.add_worker("worker-2")
        await job_with(http, job_ids[0], "done")

        if how == "stopped":
            own_node.stop()
        else:
            own_node.kill()
        while_away = [await upload(http, photograph) for photograph in photographs[:20]]
        assert {job["status"] for job in while_away} == {"queued"}
        own_node.start()

        await until_all_done(http, job_ids + [str(job["id"]) for job in while_away])
        await rig.until_ready()
    assert list((rig.storage / "outbox").iterdir()) == []
    assert len([path for path in (rig.storage / "uploads").glob("*/*") if path.is_dir()]) == WAITING + 20


async def test_jobs_that_a_killed_frontend_left_in_its_outbox_are_done_by_another_one(
    own_node: BrokerNode, tmp_path: Path, photographs: list[bytes]
) -> None:
    async with Rig(own_node.amqp_url, tmp_path) as rig, checked_session(rig.url) as http:
        other = rig.prepare_frontend("frontend-2")
        await rig.start(workers=1)
        own_node.stop()
        job_ids = await upload_many(http, photographs[:20])
        assert len(list((rig.storage / "outbox").iterdir())) == 20

        rig.frontend.kill()
        own_node.start()

        async with checked_session(rig.urls["frontend-2"]) as http_of_other:
            await until_all_done(http_of_other, job_ids)
        assert other.is_running
    assert list((rig.storage / "outbox").iterdir()) == []
