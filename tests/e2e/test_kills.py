"""Nothing is lost: workers, frontends and brokers are killed in the middle of work."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import psutil
import pytest

from deploy.local.broker_node import BrokerNode
from tests.e2e.images import slow_image, small_photograph
from tests.e2e.uploads import get_job, job_with, until_all_done, upload, upload_many
from tests.eventually import eventually
from tests.rig import Rig

WAITING = 200


@pytest.fixture(scope="module")
def photographs() -> list[bytes]:
    """Two hundred, no two alike."""
    return [small_photograph(seed) for seed in range(WAITING)]


async def test_a_killed_worker_gives_its_job_back(rig: Rig, http: aiohttp.ClientSession) -> None:
    await rig.start(workers=2)
    job = await upload(http, slow_image(), "slow.png")
    victim = str((await job_with(http, job["id"], "processing"))["worker"])
    children = psutil.Process(rig.workers[victim].pid).children(recursive=True)

    rig.workers[victim].kill()

    done = await job_with(http, job["id"], "done", timeout_s=5)
    assert done["worker"] != victim
    assert done["attempt"] >= 2
    await eventually(lambda: not any(child.is_running() for child in children))


async def test_a_worker_that_is_told_to_stop_finishes_its_job_first(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    await rig.start(workers=1)
    job = await upload(http, slow_image(), "slow.png")
    await job_with(http, job["id"], "processing")

    assert rig.workers["worker-1"].stop() == 0

    done = await get_job(http, job["id"])
    assert (done["status"], done["attempt"], done["worker"]) == ("done", 1, "worker-1")


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


@pytest.fixture
async def own_node(tmp_path: Path) -> AsyncIterator[BrokerNode]:
    """A node that the test may restart: the others keep theirs."""
    with BrokerNode(tmp_path / "rabbitmq") as node:
        yield node


@pytest.mark.parametrize("how", ["stopped", "killed"])
async def test_jobs_that_wait_outlive_the_broker(
    own_node: BrokerNode, tmp_path: Path, photographs: list[bytes], how: str
) -> None:
    async with Rig(own_node.amqp_url, tmp_path) as rig, aiohttp.ClientSession(rig.url) as http:
        await rig.start(workers=0)
        job_ids = await upload_many(http, photographs)
        rig.add_worker("worker-1")
        rig.add_worker("worker-2")
        await job_with(http, job_ids[0], "done")

        if how == "stopped":
            own_node.stop()
        else:
            own_node.kill()
        async with http.post("/upload", data={"file": io.BytesIO(photographs[0])}) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) > 0
        own_node.start()

        await until_all_done(http, job_ids)
        await rig.until_ready()
        again = await upload(http, photographs[0])
        await job_with(http, again["id"], "done")
    uploads = [path for path in (rig.storage / "uploads").glob("*/*") if path.is_dir()]
    assert len(uploads) == WAITING + 1, "what was refused has left nothing behind"
