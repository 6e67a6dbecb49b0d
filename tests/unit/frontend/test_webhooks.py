"""Whoever gave a callback_url is told how the job ended: signed, at least once, by a ladder in the broker.

There is no worker; what one does at the end of a job is done by the test, with the parts that a worker uses.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest
from pytest_aiohttp.plugin import AiohttpClient

from frontend.app import create_app
from frontend.keys import WEBHOOK_DISPATCH, WEBHOOK_SENDER
from frontend.outbox_entry import open_entry
from frontend.settings import FrontendSettings
from frontend.webhooks.__main__ import main
from frontend.webhooks.courier import AT_ONCE
from frontend.webhooks.delivery import EARLY_S
from frontend.webhooks.secrets import secrets_of, signature, webhook_secrets
from frontend.webhooks.sender import DAY_S, WebhookSender
from frontend.webhooks.turns import PER_HOST
from pipeline import topology
from pipeline.broker import Publisher
from pipeline.errors import InvalidSetting, QueueFull, UrlNotAllowed
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import DeliverWebhook, JobError, decode_webhook, encode, now
from pipeline.outbox import Outbox
from pipeline.records import Receipt, ReceiptStatus, command_of
from pipeline.reuse import Reuse
from pipeline.settings import read_settings
from pipeline.webhook_log import WebhookLog, WebhookLogs, end_to_tell
from tests.eventually import eventually
from tests.unit.frontend.conftest import (
    NOWHERE,
    Client,
    FrontendServer,
    Json,
    commands_in_queue,
    left_in,
    uploaded,
    when_ready,
)
from tests.unit.frontend.contract import CONTRACT
from tests.unit.frontend.key_files import key_file
from tests.unit.frontend.requests import FORM, PNG, field_part, file_part, form
from tests.unit.frontend.test_deduplication import work
from tests.unit.frontend.test_error_shape import check_problem
from tests.unit.frontend.tus import begun, id_of, sent
from tests.webhook_receiver import HOST, SECRET, SLOW_HOST, Receiver, receiving, sender_to

Start = Callable[..., Awaitable[Client]]
OTHER_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"  # of these tests
LADDER = (0.2, 0.3)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """Somebody who wants to be told."""
    async with receiving() as running:
        yield running


@pytest.fixture
def start(aiohttp_client: AiohttpClient, storage: Path, amqp_url: str, receiver: Receiver) -> Start:
    """Starts frontends that tell, with the one exemption for that receiver."""

    async def started(*, broker: str = amqp_url, **settings: Any) -> Client:
        given: Any = {
            "min_free_bytes": 0,
            "board_history_s": 1,
            "webhook_hosts": ("*.example.com",),
            "webhook_secret": (SECRET,),
            "webhook_delays_s": LADDER,
            "webhook_timeout_s": 10.0,
        } | settings
        app = create_app(FrontendSettings(amqp_url=broker, storage_dir=storage, **given))
        app[WEBHOOK_SENDER] = sender_to(
            receiver.port, hosts=given["webhook_hosts"], timeout_s=given["webhook_timeout_s"]
        )
        client: Client = await aiohttp_client(FrontendServer(app))  # type: ignore[assignment]  # it has an app
        return client if broker == NOWHERE else await when_ready(client)

    return started


class World:
    """A frontend and a store, and what a worker does to them."""

    def __init__(self, client: Client, store: LocalImageStore, receiver: Receiver) -> None:
        self.client = client
        self.store = store
        self.receiver = receiver

    async def job(self, path: str = "", **query: str) -> JobId:
        """A new job whose end is to be told at this path."""
        query = {"callback_url": self.receiver.url(path), "reuse": "no"} | query
        answer = await uploaded(self.client, PNG, **query)
        return JobId(answer["jobs"][0]["id"])

    async def end(self, job_id: JobId, status: ReceiptStatus = "failed", attempt: int = 1) -> Receipt:
        """Write down that the job has ended."""
        record = await self.store.load_job(job_id)
        receipt = Receipt(
            job_id=job_id,
            batch_id=record.batch_id,
            owner=record.owner,
            name=record.name,
            status=status,
            attempt=attempt,
            worker="worker-1",
            source=record.source,
            error=JobError(code="image_truncated", detail="The file ends too early.")
            if status == "failed"
            else None,
            started_at=now(),
            finished_at=now(),
        )
        return await self.store.save_receipt(receipt)

    async def ended(self, path: str = "", **query: str) -> JobId:
        """A new job that has ended, and whose end is being told."""
        job_id = await self.job(path, **query)
        await self.tell(await self.end(job_id))
        return job_id

    async def tell(self, receipt: Receipt, **more: int) -> None:
        """Send the webhook, as whoever ends a job does."""
        await self.client.app[WEBHOOK_DISPATCH].send(end_to_tell(receipt, **more))

    async def log(self, job_id: JobId) -> Json:
        """The last webhook in the log of the job."""
        async with self.client.get(f"/api/jobs/{job_id}/webhooks") as response:
            assert response.status == 200, await response.text()
            answer: Json = await response.json()
            last: Json = answer["webhooks"][-1]
            return last

    async def until(self, job_id: JobId, state: str, tries: int = 1) -> Json:
        """The last webhook of the job once it has this state, and so many tries are in its log."""

        async def found() -> Json | None:
            log = await self.log(job_id)
            return log if (log["state"], len(log["tries"])) == (state, tries) else None

        log = await eventually(found)
        assert log is not None
        return log


@pytest.fixture
async def world(start: Start, store: LocalImageStore, receiver: Receiver) -> World:
    return World(await start(), store, receiver)


async def test_the_end_of_a_job_is_told_once_signed_and_as_the_job_is_shown(world: World) -> None:
    job_id = await world.ended()

    log = await world.until(job_id, "delivered")
    [received] = world.receiver.received
    async with world.client.get(f"/api/jobs/{job_id}") as response:
        job = await response.json()
    assert job.pop("webhook") == "delivered"
    assert received.body == {"type": "job.failed", "timestamp": job["finished_at"], "data": job}
    CONTRACT.check_webhook(received.body)
    assert received.id == log["id"] == f"job_{job_id}_1"
    assert [(one["status"], one["error"]) for one in log["tries"]] == [(204, None)]


async def test_what_fails_is_tried_again_by_the_ladder_under_the_same_id(world: World) -> None:
    world.receiver.answers["flaky"] = [500, 503]
    job_id = await world.ended("flaky")

    log = await world.until(job_id, "delivered", tries=3)
    assert [(one["status"], one["error"]) for one in log["tries"]] == [
        (500, "bad_status"),
        (503, "bad_status"),
        (204, None),
    ]
    assert world.receiver.ids(job_id) == [log["id"]] * 3
    assert len({one.raw for one in world.receiver.received}) == 1
    assert log["next_try_at"] is None


async def test_a_receiver_that_asks_for_time_is_given_a_later_rung(
    start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    world = World(await start(webhook_delays_s=(0.2, 2.0, 60.0)), store, receiver)
    receiver.answers["busy"] = [(429, "1"), 204]
    job_id = await world.ended("busy")

    log = await world.until(job_id, "delivered", tries=2)

    first, second = (datetime.fromisoformat(tried["at"]) for tried in log["tries"])
    assert second - first >= timedelta(seconds=2)
    assert [tried["retry_after_s"] for tried in log["tries"]] == [1, None]


async def test_who_asks_for_more_time_than_there_is_gets_the_last_rung(world: World) -> None:
    world.receiver.answers["busy"] = [(503, "99999999999"), (503, "garbage"), (503, "0")]
    job_id = await world.ended("busy")

    log = await world.until(job_id, "given_up", tries=3)

    assert [tried["retry_after_s"] for tried in log["tries"]] == [DAY_S, None, 0]


@pytest.mark.parametrize(
    ("said", "low", "high"),
    [
        (lambda: format_datetime(now() + timedelta(seconds=30), usegmt=True), 28, 30),
        (lambda: "Wed, 01 Jan 2020 00:00:00 GMT", 0, 0),
        (lambda: "Wed, 01 Jan 2200 00:00:00 GMT", DAY_S, DAY_S),
        (lambda: "9" * 500, DAY_S, DAY_S),
    ],
    ids=["a date", "a date that is past", "in a hundred years", "without end"],
)
async def test_time_is_asked_for_by_a_number_or_a_date(
    world: World, said: Callable[[], str], low: float, high: float
) -> None:
    world.receiver.answers["busy"] = [(503, said())]
    job_id = await world.ended("busy")

    log = await world.until(job_id, "delivered", tries=2)

    assert low <= log["tries"][0]["retry_after_s"] <= high


@pytest.mark.parametrize(
    "said", ["-1", "soon", "١", "Wed, 01 Jan 2200 00:00:00", f"Wed, 01 Jan {'9' * 20} 00:00:00 GMT"]
)
async def test_what_is_neither_is_not_heard(world: World, said: str) -> None:
    world.receiver.answers["busy"] = [(503, said)]
    job_id = await world.ended("busy")

    log = await world.until(job_id, "delivered", tries=2)

    assert log["tries"][0]["retry_after_s"] is None


async def test_what_a_receiver_does_badly_is_a_failure_and_does_no_harm(world: World) -> None:
    """It leads elsewhere, speaks no HTTP, or says very much."""
    bad = {
        "leads": (world.receiver.url("inside"), 302, "redirected"),
        "garbage": ("garbage", None, "unreachable"),
        "endless": ("endless", 200, None),
    }
    for path, (answer, *_) in bad.items():
        world.receiver.answers[path] = [answer]
    jobs = {path: await world.ended(path) for path in bad}

    for path, (_, status, error) in bad.items():
        log = await world.until(jobs[path], "delivered", tries=1 if error is None else 2)
        assert (log["tries"][0]["status"], log["tries"][0]["error"]) == (status, error)
    assert "/inside" not in {one.path for one in world.receiver.received}, "no redirection is followed"


async def test_a_receiver_that_hangs_is_not_waited_for(
    start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    receiver.answers["hangs"] = ["hang"]
    world = World(await start(webhook_timeout_s=0.4), store, receiver)
    job_id = await world.ended("hangs")

    async def tries() -> list[Json]:
        made: list[Json] = (await world.log(job_id))["tries"]
        return made

    first, *_ = await eventually(tries)
    assert (first["status"], first["error"]) == (None, "timeout")


async def test_after_the_last_rung_it_is_given_up_and_a_replay_begins_anew_under_the_same_id(
    world: World,
) -> None:
    world.receiver.answers["bad"] = [500, 500, 500, 500]
    job_id = await world.ended("bad")
    given_up = await world.until(job_id, "given_up", tries=3)

    async with world.client.post(f"/api/jobs/{job_id}/webhooks/replay") as response:
        assert response.status == 202
        assert await response.json() == {"id": given_up["id"], "type": "job.failed", "run": 1}

    log = await world.until(job_id, "delivered", tries=5)
    assert log["run"] == 1
    assert set(world.receiver.ids(job_id)) == {given_up["id"]}


async def test_a_receiver_that_is_gone_is_asked_no_more(world: World) -> None:
    world.receiver.answers["gone"] = [410]

    await world.until(await world.ended("gone"), "given_up", tries=1)


async def test_a_command_that_comes_twice_is_carried_out_once(world: World) -> None:
    job_id = await world.job("flaky")
    world.receiver.answers["flaky"] = [500]
    receipt = await world.end(job_id)
    for _ in range(3):
        await world.tell(receipt)

    await world.until(job_id, "delivered", tries=2)
    await world.tell(receipt, tries=1)
    marker = await world.ended()
    await world.until(marker, "delivered")
    assert len(world.receiver.ids(job_id)) == 2


async def test_a_command_that_comes_before_its_time_waits_for_it_and_is_no_try(
    start: Start, store: LocalImageStore, receiver: Receiver, storage: Path
) -> None:
    """Each run of `reconcile` sends those that wait on the ladder, for the broker may have lost them."""
    world = World(await start(webhook_delays_s=(15.0, 60.0)), store, receiver)
    receiver.answers["bad"] = [500]
    job_id = await world.job("bad")
    receipt = await world.end(job_id)
    await world.tell(receipt)
    waiting = await world.until(job_id, "pending", tries=1)

    for _ in range(3):
        await world.tell(receipt, tries=1)
    await world.until(await world.ended(), "delivered")

    assert await world.log(job_id) == waiting
    log = await world.until(job_id, "delivered", tries=2)
    tried, due = (datetime.fromisoformat(at) for at in (log["tries"][1]["at"], waiting["next_try_at"]))
    assert tried >= due - timedelta(seconds=EARLY_S)


async def test_an_end_that_is_none_any_more_is_not_told(world: World, store: LocalImageStore) -> None:
    """The job was tried again before it could be told, and has ended otherwise."""
    job_id = await world.job()
    first = await world.end(job_id)
    await store.drop_receipt(job_id)
    second = await world.end(job_id, "cancelled", attempt=2)
    await world.tell(first)
    await world.tell(second)

    await world.until(job_id, "delivered")
    await world.until(await world.ended(), "delivered")
    assert world.receiver.ids(job_id) == [f"job_{job_id}_2"]


async def test_an_end_that_waits_on_the_ladder_is_superseded_when_the_job_is_tried_again(
    start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    world = World(await start(webhook_delays_s=(60.0,)), store, receiver)
    receiver.answers["bad"] = [500]
    job_id = await world.ended("bad")
    assert (await world.until(job_id, "pending"))["next_try_at"]

    async with world.client.post(f"/api/jobs/{job_id}/retry") as response:
        assert response.status == 202

    assert (await world.until(job_id, "superseded"))["next_try_at"] is None
    await world.tell(await world.end(job_id, "failed", attempt=2))
    await world.until(job_id, "delivered")


async def test_a_job_that_is_removed_takes_its_webhook_with_it(world: World, storage: Path) -> None:
    job_id = await world.job()
    receipt = await world.end(job_id)
    async with world.client.delete(f"/api/jobs/{job_id}") as response:
        assert response.status == 204
    await world.tell(receipt)

    await world.until(await world.ended(), "delivered")
    assert world.receiver.ids(job_id) == []
    await check_problem(
        await world.client.get(f"/api/jobs/{job_id}/webhooks"), status=404, code="job_not_found"
    )
    assert not [path for path in left_in(storage) if path.startswith("uploads/") and job_id in path]


async def test_a_job_that_is_called_off_is_told_at_once(world: World) -> None:
    job_id = await world.job()
    async with world.client.delete(f"/api/jobs/{job_id}") as response:
        assert response.status == 200

    await world.until(job_id, "delivered")
    [received] = world.receiver.received
    assert (received.body["type"], received.body["data"]["status"]) == ("job.cancelled", "cancelled")


async def test_a_job_that_is_called_off_where_nothing_is_known_of_a_retry_is_told_under_an_id_of_its_own(
    world: World, start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    """The news of the retry is too old for a frontend that has just started, or was never heard."""
    job_id = await world.ended()
    await world.until(job_id, "delivered")
    async with world.client.post(f"/api/jobs/{job_id}/retry") as response:
        assert response.status == 202
    unknowing = await start(broker=NOWHERE)

    async with unknowing.delete(f"/api/jobs/{job_id}") as response:
        assert response.status == 200

    await eventually(lambda: len(receiver.received) > 1)
    assert [(one.id, one.body["type"]) for one in receiver.received] == [
        (f"job_{job_id}_1", "job.failed"),
        (f"job_{job_id}_2", "job.cancelled"),
    ]


async def test_results_that_are_given_at_once_are_told_too(
    world: World, store: LocalImageStore, storage: Path
) -> None:
    first = (await uploaded(world.client, PNG))["jobs"][0]
    await work(store, Reuse(storage), first)

    answer = await uploaded(world.client, PNG, callback_url=world.receiver.url())

    job_id = JobId(answer["jobs"][0]["id"])
    await world.until(job_id, "delivered")
    assert world.receiver.received[0].body["data"]["reused"] is True


async def test_the_end_of_an_upload_that_came_in_pieces_is_told_too(world: World) -> None:
    path = await begun(world.client, callback_url=world.receiver.url())
    await sent(world.client, path, PNG[:9])
    await sent(world.client, path, PNG[9:], 9)

    await world.tell(await world.end(id_of(path)))

    await world.until(id_of(path), "delivered")
    assert world.receiver.received[0].body["data"]["id"] == id_of(path)


async def test_whoever_died_between_the_end_and_its_webhook_is_made_good_by_the_relay(
    world: World, store: LocalImageStore, storage: Path
) -> None:
    """The command is in the outbox of the jobs still, and the receipt is there."""
    job_id = await world.job()
    await world.end(job_id)
    outbox, webhooks = Outbox(storage), world.client.app[WEBHOOK_DISPATCH]
    await outbox.put(command_of(await store.load_job(job_id)))

    assert await open_entry(job_id, 0.0, outbox=outbox, store=store, webhooks=webhooks) is None

    await world.until(job_id, "delivered")
    assert not await outbox.holds(job_id)


async def test_while_the_broker_is_away_it_waits_in_the_outbox_and_any_frontend_sends_it(
    start: Start, store: LocalImageStore, receiver: Receiver, storage: Path
) -> None:
    lonely = World(await start(broker=NOWHERE), store, receiver)
    job_id = await lonely.job()
    async with lonely.client.delete(f"/api/jobs/{job_id}") as response:
        assert response.status == 200
    assert len(list((storage / "webhooks").iterdir())) == 1
    assert receiver.received == []

    world = World(await start(), store, receiver)

    await world.until(job_id, "delivered")
    await eventually(lambda: list((storage / "webhooks").iterdir()) == [])


async def test_while_the_broker_takes_none_only_the_first_of_those_that_wait_is_read(
    world: World, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be very many, and it is looked every second."""
    job_ids = [await world.job() for _ in range(5)]
    read: list[bytes] = []

    async def full(*_: object) -> None:
        raise QueueFull

    def decode(body: bytes) -> DeliverWebhook:
        read.append(body)
        return decode_webhook(body)

    with monkeypatch.context() as patch:
        patch.setattr(Publisher, "publish_webhook", full)
        patch.setattr("pipeline.webhook_outbox.decode_webhook", decode)
        for job_id in job_ids:
            await world.tell(await world.end(job_id))
        read.clear()
        await eventually(lambda: len(read) > 1)
        assert len(set(read)) == 1

    for job_id in job_ids:
        await world.until(job_id, "delivered")


async def test_what_a_frontend_was_at_when_it_stopped_is_delivered_by_another(
    start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    receiver.answers["slow"] = ["hang"]
    first = World(await start(webhook_timeout_s=30.0), store, receiver)
    job_id = await first.ended("slow")
    await eventually(lambda: receiver.hanging)
    second = World(await start(), store, receiver)

    await first.client.close()

    await second.until(job_id, "delivered")
    assert len(set(receiver.ids(job_id))) == 1


async def test_two_frontends_share_the_work_and_tell_each_end_once(
    start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    worlds = [World(await start(), store, receiver) for _ in range(2)]
    job_ids = [await worlds[number % 2].ended() for number in range(20)]

    for job_id in job_ids:
        await worlds[0].until(job_id, "delivered")
    assert sorted(one.job_id for one in receiver.received) == sorted(job_ids)


async def test_a_host_that_hangs_does_not_hold_up_those_for_others(
    start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    """There are more for it than a frontend has at a time."""
    world = World(await start(webhook_timeout_s=600.0), store, receiver)
    receiver.answers["hangs"] = ["hang"] * 1000
    for _ in range(AT_ONCE + 8):
        await world.ended(callback_url=f"http://{SLOW_HOST}/hangs")

    await world.until(await world.ended(), "delivered")
    assert receiver.hanging == PER_HOST


async def test_while_secrets_are_changed_each_of_them_verifies(
    start: Start, store: LocalImageStore, receiver: Receiver
) -> None:
    world = World(await start(webhook_secret=(SECRET, OTHER_SECRET)), store, receiver)
    await world.until(await world.ended(), "delivered")
    receiver.secret = OTHER_SECRET

    await world.until(await world.ended(), "delivered")
    assert all(one.signatures.count("v1,") == 2 for one in receiver.received)


async def test_a_key_has_a_callback_and_secrets_of_its_own_and_its_log_is_not_there_for_others(
    start: Start, store: LocalImageStore, receiver: Receiver, tmp_path: Path
) -> None:
    keys = key_file(
        tmp_path / "keys.toml", shop=f'callback_url = "{receiver.url("shop?token=hush")}"', rival=""
    )
    client = await start(api_keys=keys.path)
    [receiver.secret] = secrets_of("shop", (SECRET,))
    assert receiver.secret != SECRET
    async with client.put("/upload/a.png", data=PNG, headers=keys.bearer("shop")) as response:
        job_id = JobId((await response.json())["jobs"][0]["id"])
    world = World(client, store, receiver)
    await world.tell(await world.end(job_id))

    await eventually(lambda: receiver.received)
    assert receiver.received[0].path == "/shop?token=hush"
    path = f"/api/jobs/{job_id}/webhooks"
    async with client.get(path, headers=keys.bearer("shop")) as response:
        assert (response.status, (await response.json())["host"]) == (200, HOST)
        assert "hush" not in await response.text()
    for answer in (
        await client.get(path, headers=keys.bearer("rival")),
        await client.post(f"{path}/replay", headers=keys.bearer("rival")),
    ):
        await check_problem(answer, status=404, code="job_not_found")


async def test_the_address_is_nowhere_but_in_what_was_asked(
    world: World, storage: Path, amqp_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    world.receiver.answers["bad"] = [500]
    job_id = await world.ended("bad?token=hush")
    await world.until(job_id, "delivered", tries=2)
    async with world.client.post(f"/api/jobs/{job_id}/retry") as response:
        assert response.status == 202
    [command, again] = await commands_in_queue(amqp_url)

    assert again.webhook
    assert b"hush" not in encode(command)
    files = [storage / path for path in left_in(storage)]
    tell = [path.name for path in files if path.is_file() and b"hush" in path.read_bytes()]
    assert tell == ["job.json"]
    assert "hush" not in caplog.text
    for path in (f"/api/jobs/{job_id}", f"/api/jobs/{job_id}/webhooks", "/api/jobs"):
        async with world.client.get(path) as response:
            assert "hush" not in await response.text()


async def test_while_nothing_could_be_noted_nobody_is_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver would be asked every other second for as long as the disk is full."""
    monkeypatch.setattr("frontend.webhooks.courier.GIVE_BACK_AFTER_S", 0.01)
    looks = []

    def free_bytes(_: LocalImageStore) -> int:
        looks.append("full")
        return 0

    job_id = await world.job()
    receipt = await world.end(job_id)
    with monkeypatch.context() as patch:
        patch.setattr(LocalImageStore, "free_bytes", free_bytes)
        await world.tell(receipt)
        await eventually(lambda: len(looks) > 5)
        assert world.receiver.received == []

    await world.until(job_id, "delivered")
    assert world.receiver.ids(job_id) == [f"job_{job_id}_1"]


async def test_what_nobody_can_deliver_goes_to_the_dead_letters(
    world: World, storage: Path, amqp_url: str
) -> None:
    """What is no webhook, and that of a job whose log is damaged."""
    damaged = await world.job()
    receipt = await world.end(damaged)
    await WebhookLogs(storage).save(damaged, WebhookLog())
    [log] = [path for path in left_in(storage) if path.endswith("webhooks.json")]
    (storage / log).write_bytes(b"{")
    await world.tell(receipt)
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        exchange = await channel.get_exchange(topology.WEBHOOKS.name, ensure=False)
        await exchange.publish(aio_pika.Message(b"garbage"), "")
        queue = await channel.get_queue(topology.WEBHOOK_DEAD.name, ensure=False)
        letters = [await eventually(lambda: queue.get(fail=False)) for _ in range(2)]

    assert {letter.body for letter in letters if letter} == {b"garbage", encode(end_to_tell(receipt))}
    async with world.client.get(f"/api/jobs/{damaged}") as response:
        assert (response.status, (await response.json())["status"]) == (200, "failed")
    await check_problem(
        await world.client.get(f"/api/jobs/{damaged}/webhooks"), status=500, code="damaged_record"
    )
    await world.until(await world.ended(), "delivered")


async def test_tries_are_counted_for_prometheus(world: World) -> None:
    world.receiver.answers["flaky"] = [500]
    await world.until(await world.ended("flaky"), "delivered", tries=2)

    async with world.client.get("/metrics") as response:
        text = await response.text()
    for outcome in ("failed", "delivered"):
        assert f'image_resizer_webhook_tries_total{{frontend="frontend",outcome="{outcome}"}} 1.0' in text


REFUSED = {
    "ftp://hooks.example.com/": (422, "callback_invalid"),
    "http://user:hush@hooks.example.com/": (422, "callback_invalid"),
    "http://hooks.example.com:25/": (422, "callback_invalid"),
    "hooks.example.com": (422, "callback_invalid"),
    f"http://hooks.example.com/{'x' * 2048}": (422, "callback_invalid"),
    "http://elsewhere.example.org/": (403, "callback_not_allowed"),
    "http://127.0.0.1/": (403, "callback_not_allowed"),
}


async def test_an_address_that_may_not_be_called_refuses_the_upload(world: World, storage: Path) -> None:
    for url, (status, code) in REFUSED.items():
        for answer in (
            await world.client.put("/upload/a.png", data=PNG, params={"callback_url": url}),
            await world.client.post(
                "/upload", data=form(field_part("callback_url", url), file_part(PNG)), headers=FORM
            ),
        ):
            await check_problem(answer, status=status, code=code)
            assert "hush" not in await answer.text()
    assert left_in(storage) == []


async def test_of_two_addresses_neither_is_shown(world: World) -> None:
    twice = [("callback_url", world.receiver.url(f"?token=hush{number}")) for number in range(2)]
    answer = await world.client.put("/upload/a.png", data=PNG, params=twice)

    await check_problem(answer, status=422, code="invalid_option")
    assert "hush" not in await answer.text()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "10.0.0.1", "[::ffff:7f00:1]"])
def test_an_address_inside_is_never_called_though_all_hosts_are_allowed(host: str) -> None:
    with pytest.raises(UrlNotAllowed):
        WebhookSender(("*",), timeout_s=1).checked(f"http://{host}/")


async def test_a_name_that_leads_inside_is_never_connected_to(world: World) -> None:
    job_id = await world.ended(callback_url="http://inside.example.com/")

    log = await world.until(job_id, "given_up", tries=3)
    assert {one["error"] for one in log["tries"]} == {"not_allowed"}
    assert world.receiver.received == []


async def test_without_hosts_nobody_is_called(client: Client) -> None:
    url = "http://hooks.example.com/"
    answer = await client.put("/upload/a.png", data=PNG, params={"callback_url": url})
    await check_problem(answer, status=403, code="webhooks_off")
    job = (await uploaded(client, PNG))["jobs"][0]
    path = f"/api/jobs/{job['id']}/webhooks"
    await check_problem(await client.get(path), status=404, code="webhook_not_found")
    await check_problem(await client.post(f"{path}/replay"), status=403, code="webhooks_off")


async def test_what_cannot_be_replayed_says_why(world: World) -> None:
    waiting = await world.job()
    path = f"/api/jobs/{waiting}/webhooks/replay"
    await check_problem(await world.client.post(path), status=409, code="webhook_not_due")
    other = (await uploaded(world.client, PNG))["jobs"][0]["id"]
    path = f"/api/jobs/{other}/webhooks/replay"
    await check_problem(await world.client.post(path), status=404, code="webhook_not_found")


async def test_hosts_without_a_secret_end_the_start(storage: Path) -> None:
    app = create_app(FrontendSettings(storage_dir=storage, webhook_hosts=("*",)))

    with pytest.raises(InvalidSetting, match="WEBHOOK_SECRET is not set, and WEBHOOK_HOSTS is"):
        await FrontendServer(app).start_server()


@pytest.mark.parametrize(
    "text",
    [
        "hush",
        "whsec_",
        "whsec_aGk=",
        "whsec_!!!",
        SECRET[6:],
        f"{SECRET} hush",
        "whsec_" + "A" * 100,
        "whsec_ä",
    ],
)
def test_what_is_no_secret_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidSetting, match=r"WEBHOOK_SECRET has value \*\*\*: not whsec_"):
        read_settings(FrontendSettings, {"WEBHOOK_SECRET": text})


def test_the_signature_is_that_of_the_specification() -> None:
    """The example of Standard Webhooks 1.0."""
    signed = signature(
        b'{"test": 2432232314}',
        webhook_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
        secrets=(SECRET,),
    )

    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_the_command_prints_secrets(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([], {}) == 0
    new = capsys.readouterr().out.strip()
    assert webhook_secrets(new) == (new,)

    assert main(["shop"], {"WEBHOOK_SECRET": f"{new} {SECRET}"}) == 0
    assert tuple(capsys.readouterr().out.split()) == secrets_of("shop", (new, SECRET))
    assert len({*secrets_of("shop", (new,)), *secrets_of("rival", (new,)), new}) == 3
    assert main(["shop"], {}) == main(["shop"], {"WEBHOOK_SECRET": "hush"}) == 2
    assert "hush" not in capsys.readouterr().err
