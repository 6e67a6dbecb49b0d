"""Several frontends are as one: what one accepts is followed and changed through any, and each may die."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from tests.checked_session import checked_session
from tests.e2e.holding import hold, let_go
from tests.e2e.images import small_photograph
from tests.e2e.uploads import get_job, job_with, until_all_done, upload
from tests.eventually import WITHIN_S, eventually
from tests.rig import Rig

Clients = dict[str, aiohttp.ClientSession]
JsonObject = dict[str, Any]

NAMES = ("frontend", "frontend-2", "frontend-3")


@pytest_asyncio.fixture(loop_scope="session")
async def clients(rig: Rig) -> AsyncIterator[Clients]:
    """Three frontends, not started yet, and a client of each."""
    for name in NAMES[1:]:
        rig.prepare_frontend(name)
    async with AsyncExitStack() as stack:
        yield {name: await stack.enter_async_context(checked_session(rig.urls[name])) for name in NAMES}


async def ids_in_batch(http: aiohttp.ClientSession, batch_id: str) -> list[str]:
    async with http.get(f"/api/batches/{batch_id}") as response:
        assert response.status == 200, await response.text()
        return [job["id"] for job in (await response.json())["jobs"]]


async def watch(http: aiohttp.ClientSession, job_id: str, *statuses: str) -> JsonObject:
    """The job as soon as its watcher is told one of these statuses; fails if the connection ends before."""
    async with asyncio.timeout(WITHIN_S), http.ws_connect("/ws", params={"job": job_id}) as socket:
        async for message in socket:
            told = message.json()
            jobs = told["jobs"] if told["type"] == "snapshot" else [told["job"]] if "job" in told else []
            for job in jobs:
                if job["status"] in statuses:
                    return dict(job)
    raise ConnectionError("the frontend has gone")


async def test_a_job_is_followed_through_another_frontend_and_a_third_when_that_one_dies(
    rig: Rig, clients: Clients
) -> None:
    one, two, three = clients.values()
    await rig.start(workers=1)

    await hold(rig.workers["worker-1"])
    job = await upload(one, small_photograph(0))

    assert (await get_job(two, job["id"]))["status"] in ("queued", "processing")
    begun = await watch(two, job["id"], "processing")
    watching = asyncio.create_task(watch(two, job["id"], "done"))
    await get_job(two, job["id"])
    rig.frontends["frontend-2"].kill()
    with pytest.raises((ConnectionError, aiohttp.ClientError)):
        await watching

    let_go(rig.workers["worker-1"])
    done = await watch(three, job["id"], "done")
    assert (done["id"], done["attempt"]) == (begun["id"], 1)
    async with one.get(done["renditions"][0]["url"]) as response:
        assert response.status == 200


async def test_what_one_frontend_has_accepted_all_others_show_at_once(rig: Rig, clients: Clients) -> None:
    await rig.start(workers=0)
    one, *others = clients.values()
    first = await upload(one, small_photograph(0))
    sent = [first["id"]]

    for seed in range(1, 12):
        job = await upload(one, small_photograph(seed), fields={"batch_id": first["batch_id"]})
        sent.append(job["id"])
        for other in others:
            assert await ids_in_batch(other, first["batch_id"]) == sent
            assert (await get_job(other, job["id"]))["status"] == "queued"


async def test_a_job_is_called_off_tried_again_and_removed_through_any_frontend(
    rig: Rig, clients: Clients
) -> None:
    await rig.start(workers=0)
    one, two, three = clients.values()
    job = await upload(one, small_photograph(1))
    path = f"/api/jobs/{job['id']}"

    async with two.delete(path) as response:
        assert (response.status, (await response.json())["status"]) == (200, "cancelled")
    assert (await get_job(one, job["id"]))["status"] == "cancelled"

    async with three.post(f"{path}/retry") as response:
        assert response.status == 202, await response.text()
    for http in (one, two):
        again = await get_job(http, job["id"])
        assert (again["status"], again["attempt"]) == ("queued", 2)

    rig.add_worker("worker-1")
    await job_with(one, job["id"], "done")
    async with two.delete(path) as response:
        assert response.status == 204
    for http in (one, three):
        async with http.get(path) as response:
            assert response.status == 404
        async with http.get(f"/api/batches/{job['batch_id']}") as response:
            assert response.status == 404


async def test_the_same_upload_with_the_same_key_is_one_job_through_whichever_frontends_it_comes(
    rig: Rig, clients: Clients
) -> None:
    await rig.start(workers=2)
    photograph = small_photograph(7)

    async def send(http: aiohttp.ClientSession) -> str:
        headers = {"Idempotency-Key": "one-key"}
        async with http.put("/upload/a.jpg", data=photograph, headers=headers) as response:
            assert response.status == 202, await response.text()
            (job,) = (await response.json())["jobs"]
            return str(job["id"])

    job_ids = await asyncio.gather(*(send(http) for http in clients.values() for _ in range(3)))

    assert len(set(job_ids)) == 1
    done = await job_with(clients["frontend-3"], job_ids[0], "done")
    assert done["attempt"] == 1
    assert await ids_in_batch(clients["frontend-2"], done["batch_id"]) == [done["id"]]


async def test_each_frontend_may_be_killed_and_every_accepted_job_is_done(rig: Rig, clients: Clients) -> None:
    await rig.start(workers=2)
    accepted: list[str] = []

    async def send() -> None:
        """To whoever takes it."""
        while True:
            for http in clients.values():
                try:
                    accepted.append(str((await upload(http, small_photograph(0)))["id"]))
                except aiohttp.ClientError:
                    continue
                return
            await eventually(lambda: any(service.is_running for service in rig.frontends.values()))

    for name in NAMES:
        before = len(accepted)
        sending = [asyncio.create_task(send()) for _ in range(12)]
        while len(accepted) == before:
            await asyncio.wait(sending, return_when=asyncio.FIRST_COMPLETED)
        rig.frontends[name].kill()
        await asyncio.gather(*sending)
        rig.frontends[name].start()
        await rig.until_ready()

    assert len(accepted) == 12 * len(NAMES)
    for http in clients.values():
        await until_all_done(http, accepted)
