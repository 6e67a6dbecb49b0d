"""A frontend keeps the store clean, of itself, and its pages forget what is gone."""

import asyncio
from pathlib import Path

import pytest

from frontend.sweeper import Sweeper
from pipeline.local_store import LocalImageStore
from pipeline.records import event_of
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, NewFrontend, Tell, when_ready
from tests.unit.pipeline.aged import age, ago, end_job, job_id_of, stored_job, upload_folder

KEEP_DAYS = 7.0


@pytest.fixture
def first_sweep_s() -> float:
    return 0.1


async def status_of(client: Client, job_id: str) -> int:
    async with client.get(f"/api/jobs/{job_id}") as response:
        return response.status


async def test_what_the_dead_have_left_goes_soon_after_the_start(
    new_frontend: NewFrontend, amqp_url: str, store: LocalImageStore, storage: Path
) -> None:
    abandoned = job_id_of(ago(hours=3))
    await (await store.receive(abandoned)).keep("a.png")
    age(storage, 3 * 3600)

    await new_frontend(amqp_url)

    await eventually(lambda: not upload_folder(storage, abandoned).exists())


async def test_jobs_are_kept_for_ever_unless_it_is_asked_for(
    new_frontend: NewFrontend, amqp_url: str, store: LocalImageStore, storage: Path
) -> None:
    record, abandoned = await stored_job(store, ago(days=900)), job_id_of(ago(hours=3))
    await end_job(store, record, ago(days=900))
    await (await store.receive(abandoned)).keep("a.png")
    age(storage, 3 * 3600)

    client = await new_frontend(amqp_url)
    await eventually(lambda: not upload_folder(storage, abandoned).exists())

    assert await status_of(client, record.job_id) == 200


async def test_with_keep_days_old_jobs_go_and_every_board_forgets_them(
    new_frontend: NewFrontend, amqp_url: str, store: LocalImageStore, tell: Tell
) -> None:
    record, young = await stored_job(store, ago(days=9)), await stored_job(store, ago(days=9))
    receipt = await end_job(store, record, ago(days=8))
    await end_job(store, young, ago(days=1))
    other = await when_ready(await new_frontend(amqp_url))
    await tell(event_of(receipt))
    assert await status_of(other, record.job_id) == 200

    sweeping = await new_frontend(amqp_url, keep_days=KEEP_DAYS)

    for client in (sweeping, other):
        await until_gone(client, record.job_id)
        assert await status_of(client, young.job_id) == 200


async def until_gone(client: Client, job_id: str) -> None:
    async def is_gone() -> bool:
        return await status_of(client, job_id) == 404

    await eventually(is_gone)


async def test_a_step_that_fails_keeps_no_other_from_being_taken(
    caplog: pytest.LogCaptureFixture,
) -> None:
    taken = asyncio.Event()

    async def fails() -> int:
        raise PermissionError("not for you")

    async def works() -> int:
        taken.set()
        return 1

    sweeper = Sweeper({"what cannot be": fails, "the rest": works}, every_s=60)
    sweeper.start()
    await asyncio.wait_for(taken.wait(), 10)

    was_running = sweeper.is_running
    await sweeper.close()
    assert was_running
    assert "not for you" in caplog.text
