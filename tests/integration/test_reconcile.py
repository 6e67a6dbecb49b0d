"""`python -m pipeline.reconcile`: what the broker has lost comes back, and nobody notices when it has not."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from deploy.local.broker_node import BrokerNode
from pipeline.broker import Consumer, DeliverySlots, Publisher
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import decode_command, decode_webhook, now
from pipeline.outbox import Outbox
from pipeline.reconcile.lookout import Lookout, Standing
from pipeline.reconcile.reconciliation import Reconciliation
from pipeline.records import command_of
from pipeline.webhook_log import WebhookLog, WebhookLogs
from tests import management
from tests.checked_session import checked_session
from tests.e2e.images import small_photograph
from tests.e2e.uploads import get_job, job_with, until_all_done, upload, upload_many
from tests.eventually import eventually
from tests.lanes import INTERACTIVE
from tests.links import opened
from tests.programs import Ended, run, start
from tests.rig import Rig
from tests.unit.pipeline.aged import age, ago, end_job, job_id_of, result_folder, stored_job, upload_folder

MODULE = "pipeline.reconcile"
VHOST = "reconcile"
CONSUMER = Consumer("worker-1.slot-1", "interactive")
LONG_AGO_S = 3600.0


@pytest.fixture
async def publisher(amqp_url: str) -> AsyncIterator[Publisher]:
    async with opened(Publisher(amqp_url, service="reconcile-test")) as publisher:
        yield publisher


async def reconcile(amqp_url: str, root: Path, *arguments: str) -> Ended:
    return await run(MODULE, *arguments, AMQP_URL=amqp_url, STORAGE_DIR=str(root))


async def waiting_jobs(store: LocalImageStore, root: Path, count: int) -> list[str]:
    """Jobs that were accepted a while ago; their ids."""
    job_ids = [(await stored_job(store, ago(hours=2))).job_id for _ in range(count)]
    age(root, LONG_AGO_S)
    return job_ids


async def queued_ids(node: BrokerNode) -> list[str]:
    """The jobs whose commands are in the queue; at most 50."""
    return [message["properties"]["correlation_id"] for message in management.messages(node, INTERACTIVE)]


async def test_a_broker_that_has_lost_everything_gets_every_job_back(
    node: BrokerNode, tmp_path: Path
) -> None:
    with management.virtual_host(node, VHOST) as url:
        async with Rig(url, tmp_path) as rig, checked_session(rig.url) as http:
            await rig.start(workers=0)
            job_ids = await upload_many(http, [small_photograph(seed) for seed in range(20)])
            for queue in management.call(node, "GET", f"/queues/{VHOST}"):
                management.call(node, "DELETE", f"/queues/{VHOST}/{queue['name']}")
            age(rig.storage / "uploads", LONG_AGO_S)

            ended = await reconcile(url, rig.storage)

            assert (ended.code, ended.output) == (0, "20 jobs put back into the queue.\n")
            rig.add_worker("worker-1")
            await until_all_done(http, job_ids)
            assert {(await get_job(http, job_id))["attempt"] for job_id in job_ids} == {1}


async def test_on_a_healthy_system_nobody_sees_a_difference(amqp_url: str, tmp_path: Path) -> None:
    async with Rig(amqp_url, tmp_path) as rig, checked_session(rig.url) as http:
        await rig.start(workers=1)
        ended = [
            (await upload(http, data))["id"] for data in (small_photograph(1), small_photograph(2)[:5_000])
        ]
        for job_id in ended:
            await job_with(http, job_id, "done", "failed")
        rig.workers["worker-1"].stop()
        waiting = await upload_many(http, [small_photograph(seed) for seed in range(3, 13)])
        called_off = waiting.pop()
        await http.delete(f"/api/jobs/{called_off}")
        age(rig.storage / "uploads", LONG_AGO_S)
        all_of_them = [*ended, called_off, *waiting]
        jobs, files = [await get_job(http, job_id) for job_id in all_of_them], times_below(rig.storage)

        assert (await reconcile(amqp_url, rig.storage)).code == 0

        assert [await get_job(http, job_id) for job_id in all_of_them] == jobs
        assert times_below(rig.storage) == files
        rig.add_worker("worker-2")
        await until_all_done(http, waiting)
        async with opened(Publisher(amqp_url, service="reconcile-test")) as publisher:
            await eventually(lambda: is_empty(publisher))
        assert [await get_job(http, job_id) for job_id in [*ended, called_off]] == jobs[:3]
        assert {(await get_job(http, job_id))["attempt"] for job_id in waiting} == {1}
        after = times_below(rig.storage)
        assert {path: after[path] for path in files} == files


async def is_empty(publisher: Publisher) -> bool:
    return (await publisher.count_queue()).ready == 0


def times_below(root: Path) -> dict[str, int]:
    """Every file, and when it was last written; the entries of the index move about by themselves."""
    parts = [part for part in root.iterdir() if part.name != "index"]
    files = [path for part in parts for path in part.rglob("*") if path.is_file()]
    return {str(path): path.stat().st_mtime_ns for path in files}


async def test_a_dry_run_only_says_which_jobs_wait(
    node: BrokerNode, amqp_url: str, root: Path, store: LocalImageStore
) -> None:
    job_ids = await waiting_jobs(store, root, 3)

    ended = await reconcile(amqp_url, root, "--dry-run")

    assert (ended.code, ended.output.split()) == (0, sorted(job_ids))
    assert await queued_ids(node) == []


async def test_jobs_that_need_no_help_are_left_alone(
    node: BrokerNode, amqp_url: str, root: Path, store: LocalImageStore
) -> None:
    waiting, ended, sent_by_others = [await stored_job(store, ago(hours=2)) for _ in range(3)]
    await end_job(store, ended, ago(hours=1))
    await Outbox(root).put(command_of(sent_by_others))
    await store.begin(job_id_of(ago(hours=2)))  # typed in by hand: there is no job.json
    age(root, LONG_AGO_S)

    run_of_it = await reconcile(amqp_url, root)

    assert await queued_ids(node) == [waiting.job_id]
    assert run_of_it.output == (
        "1 jobs put back into the queue, 1 have ended, 1 wait in the outbox, 1 came without a frontend.\n"
    )


async def test_a_job_that_cannot_be_read_is_named_and_keeps_no_other(
    node: BrokerNode, amqp_url: str, root: Path, store: LocalImageStore
) -> None:
    damaged, good = await waiting_jobs(store, root, 2)
    (upload_folder(root, damaged) / "job.json").write_text("{")

    ended = await reconcile(amqp_url, root)

    assert ended.code == 1
    assert damaged in ended.errors
    assert await queued_ids(node) == [good]


async def test_an_end_that_nobody_was_told_of_is_told_once_more_from_where_it_was(
    node: BrokerNode, amqp_url: str, root: Path, store: LocalImageStore
) -> None:
    url, logs = "https://hooks.example.com/", WebhookLogs(root)
    untold, begun, told, of_nobody = [
        await stored_job(store, ago(hours=2), callback_url=callback_url)
        for callback_url in (url, url, url, None)
    ]
    for record in (untold, begun, told, of_nobody):
        receipt = await end_job(store, record, ago(hours=1))
        webhook = WebhookLog().of(receipt)
        if record is begun:
            await logs.save(JobId(record.job_id), WebhookLog(webhooks=(replace(webhook, tries=3, run=1),)))
        if record is told:
            await logs.save(JobId(record.job_id), WebhookLog(webhooks=(replace(webhook, state="delivered"),)))

    ended = await reconcile(amqp_url, root)

    assert (ended.code, ended.output) == (
        0,
        "0 jobs put back into the queue, 2 have ended and are told once more, 2 have ended.\n",
    )
    commands = [decode_webhook(one["payload"].encode()) for one in management.messages(node, "webhooks")]
    assert {(one.job_id, one.run, one.tries) for one in commands} == {
        (untold.job_id, 0, 0),
        (begun.job_id, 1, 3),
    }


async def test_a_job_that_was_asked_for_again_ends_with_another_attempt_than_the_one_that_was_told(
    node: BrokerNode, amqp_url: str, root: Path, store: LocalImageStore
) -> None:
    """Its receipt is gone. Under the id of the first end, the next one would never be told."""
    record = await stored_job(store, ago(hours=2), callback_url="https://hooks.example.com/")
    job_id = JobId(record.job_id)
    webhook = WebhookLog().of(await end_job(store, record, ago(hours=1)))
    await WebhookLogs(root).save(job_id, WebhookLog(webhooks=(replace(webhook, state="delivered"),)))
    await store.drop_receipt(job_id)
    age(root, LONG_AGO_S)

    await reconcile(amqp_url, root)

    [message] = management.messages(node, INTERACTIVE)
    assert decode_command(message["payload"].encode()).attempt == webhook.attempt + 1


async def test_a_job_that_a_worker_is_at_is_waited_for(
    root: Path, store: LocalImageStore, publisher: Publisher
) -> None:
    record = await stored_job(store, ago(hours=2))
    age(root, LONG_AGO_S)
    await store.begin(JobId(record.job_id))
    told: list[str] = []
    reconciliation = Reconciliation(
        store=store,
        lookout=Lookout(store=store, outbox=Outbox(root), webhooks=WebhookLogs(root), patience_s=60),
        publisher=publisher,
        tell=told.append,
    )

    running = asyncio.create_task(reconciliation.run())
    await eventually(lambda: any("waiting for 1 jobs" in text for text in told))
    await end_job(store, record, now())
    await running

    assert +reconciliation.counts == {Standing.ENDED: 1}
    assert await is_empty(publisher)


async def test_a_job_whose_worker_has_died_is_put_back(
    node: BrokerNode, amqp_url: str, root: Path, store: LocalImageStore
) -> None:
    [job_id] = await waiting_jobs(store, root, 1)
    await store.begin(JobId(job_id))
    [mark] = result_folder(root, job_id).iterdir()
    os.utime(mark, (time.time() - 100, time.time() - 100))

    await reconcile(amqp_url, root, "--patience", "90")

    assert await queued_ids(node) == [job_id]


async def test_it_waits_for_room_in_a_full_queue(
    node: BrokerNode, amqp_url: str, root: Path, store: LocalImageStore, publisher: Publisher
) -> None:
    job_ids = await waiting_jobs(store, root, 200)  # a queue that gets many at once notices late
    with management.short_queue(node, most=2):
        process = await start(MODULE, AMQP_URL=amqp_url, STORAGE_DIR=str(root))
        await eventually(lambda: has_some(publisher))
        taken = await taken_until_ended(amqp_url, process, len(job_ids))

    assert await process.wait() == 0
    assert sorted(taken) == sorted(job_ids)


async def taken_until_ended(amqp_url: str, process: asyncio.subprocess.Process, count: int) -> list[str]:
    """The jobs whose commands a worker would have got by the time that the process has ended."""
    async with opened(DeliverySlots(amqp_url, service="worker-1", consumers=[CONSUMER])) as slots:
        taken = []

        async def take() -> None:
            while True:
                delivery = await slots.take(CONSUMER)
                taken.append(decode_command(delivery.body).job_id)
                await delivery.acknowledge()

        working = asyncio.create_task(take())
        await asyncio.wait_for(process.wait(), 30)
        await eventually(lambda: len(taken) == count)
        working.cancel()
    return taken


async def has_some(publisher: Publisher) -> bool:
    return (await publisher.count_queue()).ready >= 2


async def test_it_can_be_broken_off_and_run_again(
    amqp_url: str, root: Path, store: LocalImageStore, publisher: Publisher
) -> None:
    await waiting_jobs(store, root, 600)
    process = await start(MODULE, AMQP_URL=amqp_url, STORAGE_DIR=str(root))
    await eventually(lambda: has_some(publisher))
    process.send_signal(signal.SIGINT)
    _, errors = await asyncio.wait_for(process.communicate(), 30)
    assert await process.wait() == 1
    assert b"run it again" in errors
    assert b"Traceback" not in errors
    in_queue = (await publisher.count_queue()).ready
    assert in_queue < 600

    assert (await reconcile(amqp_url, root)).output == "600 jobs put back into the queue.\n"
    # What was on its way when it was broken off may have come since.
    assert in_queue + 600 <= (await publisher.count_queue()).ready < 1200


async def test_without_a_broker_it_says_so(root: Path, store: LocalImageStore) -> None:
    await waiting_jobs(store, root, 1)

    ended = await reconcile("amqp://guest:guest@127.0.0.1:1/", root)

    assert ended.code == 1
    assert "cannot be reached" in ended.errors
    assert "Traceback" not in ended.errors


@pytest.mark.parametrize(
    ("settings", "named"), [({"STORAGE_DIR": "/nowhere"}, "STORAGE_DIR"), ({"AMQP_URL": "x"}, "AMQP_URL")]
)
async def test_settings_that_will_not_do_are_named(settings: dict[str, Any], named: str) -> None:
    ended = await run(MODULE, **settings)

    assert ended.code == 2
    assert named in ended.errors
    assert "Traceback" not in ended.errors
