"""The relay by itself: what it sends, what it leaves alone, and what it makes good."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

from deploy.local.broker_node import BrokerNode
from frontend.dispatch import Dispatch
from frontend.keys import RELAY
from frontend.outbox_entry import open_entry
from frontend.relay import ABANDONED_AFTER_S, Relay
from pipeline.broker import EventLog, Publisher
from pipeline.errors import QueueFull
from pipeline.ids import BatchId, JobId, new_batch_id, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import AnyEvent, DeliverWebhook, JobQueued, Lane, ResizeImage, Source, now
from pipeline.outbox import DAMAGED_SUFFIX, Outbox
from pipeline.records import JobRecord, Receipt, ReceiptStatus, command_of
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_outbox import WebhookOutbox
from tests import management
from tests.eventually import eventually
from tests.links import opened
from tests.unit.frontend.conftest import NOWHERE, Client, commands_in_queue
from tests.unit.frontend.requests import PNG

LONG_AGO_S = 2 * ABANDONED_AFTER_S


@dataclass
class Workshop:
    """A store in which jobs wait, and relays for it."""

    storage: Path
    store: LocalImageStore
    outbox: Outbox
    amqp_url: str
    relays: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def waiting(
        self, *, since_s: float = LONG_AGO_S, attempt: int = 1, lane: Lane = "interactive"
    ) -> JobRecord:
        """A job that some frontend has accepted and left in the outbox so long ago."""
        record = replace(await self.accepted(), lane=lane)
        await self.outbox.put(command_of(record, attempt=attempt))
        self.put_back(record, since_s)
        return record

    async def accepted(self) -> JobRecord:
        """A job with its image."""
        job_id = new_job_id()
        incoming = await self.store.receive(job_id)
        await incoming.write(PNG)
        record = JobRecord(
            job_id=job_id,
            batch_id=new_batch_id(),
            name="a.png",
            source_path=await incoming.keep("a.png"),
            source=Source(media_type="image/png", bytes=len(PNG)),
            renditions=ResizeImage(job_id=job_id, source="").renditions,
            created_at=now(),
        )
        await self.store.save_job(record)
        return record

    async def end(self, record: JobRecord, status: ReceiptStatus, *, ago_s: float, attempt: int = 1) -> None:
        """Have the job ended, so long ago."""
        moment = datetime.now(UTC) - timedelta(seconds=ago_s)
        receipt = Receipt(
            job_id=record.job_id,
            batch_id=record.batch_id,
            name=record.name,
            status=status,
            attempt=attempt,
            source=record.source,
            started_at=moment,
            finished_at=moment,
        )
        assert await self.store.save_receipt(receipt) == receipt

    def put_back(self, record: JobRecord, since_s: float) -> None:
        """Have the entry of the job wait for so long already."""
        moment = time.time() - since_s
        os.utime(self.storage / "outbox" / record.job_id, (moment, moment))

    async def relay(self, *, put_off: Sequence[JobRecord] = ()) -> Relay:
        """A relay at work, as another frontend has it, which has put off these itself."""
        publisher = await self.relays.enter_async_context(
            opened(Publisher(self.amqp_url, service="relay-test"))
        )
        dispatch = Dispatch(outbox=self.outbox, publisher=publisher)
        for record in put_off:
            dispatch.leave_to_relay(command_of(record))
        relay = Relay(
            outbox=self.outbox,
            store=self.store,
            dispatch=dispatch,
            webhooks=self.webhooks(publisher),
            link=publisher.link,
        )
        relay.start()
        self.relays.push_async_callback(relay.close)
        return relay

    def webhooks(self, publisher: Publisher) -> WebhookDispatch:
        """The way of webhooks."""
        return WebhookDispatch(outbox=WebhookOutbox(self.storage), publisher=publisher)

    async def until_empty(self) -> None:
        """Return when nothing waits any more."""

        async def is_empty() -> bool:
            return await self.outbox.count() == 0

        await eventually(is_empty)

    async def sent(self) -> list[str]:
        """The jobs whose commands are in the queue, in its order."""
        return [command.job_id for command in await commands_in_queue(self.amqp_url)]


@pytest.fixture
async def workshop(storage: Path, store: LocalImageStore, amqp_url: str) -> AsyncIterator[Workshop]:
    workshop = Workshop(storage, store, Outbox(storage), amqp_url)
    async with workshop.relays:
        yield workshop


@asynccontextmanager
async def told(amqp_url: str) -> AsyncIterator[list[AnyEvent]]:
    """The events of the log, as they come."""
    events: list[AnyEvent] = []
    log = EventLog(
        amqp_url, service="relay-test", history_s=1, on_event=lambda _, event: events.append(event)
    )
    async with opened(log):
        yield events


async def test_what_others_have_left_is_sent_and_told(workshop: Workshop) -> None:
    record = await workshop.waiting()

    async with told(workshop.amqp_url) as events:
        await workshop.relay()
        await workshop.until_empty()
        await eventually(lambda: events)

    assert await workshop.sent() == [record.job_id]
    [event] = events
    assert isinstance(event, JobQueued)
    assert (event.job_id, event.name, event.source) == (record.job_id, "a.png", record.source)


async def test_the_oldest_goes_first(workshop: Workshop) -> None:
    records = [await workshop.waiting() for _ in range(10)]

    await workshop.relay()
    await workshop.until_empty()

    assert (await workshop.sent())[0] == records[0].job_id


async def test_what_another_frontend_is_about_to_send_is_left_to_it(workshop: Workshop) -> None:
    young = await workshop.waiting(since_s=0)
    old = await workshop.waiting()

    await workshop.relay()
    await eventually(lambda: not (workshop.storage / "outbox" / old.job_id).exists())

    assert list(await workshop.outbox.entries()) == [young.job_id]
    assert await workshop.sent() == [old.job_id]


async def test_two_relays_share_the_work(workshop: Workshop) -> None:
    records = [await workshop.waiting() for _ in range(200)]

    await asyncio.gather(workshop.relay(), workshop.relay())
    await workshop.until_empty()

    assert sorted(await workshop.sent()) == [record.job_id for record in records]


async def test_a_command_whose_job_has_ended_is_not_sent(workshop: Workshop) -> None:
    record = await workshop.waiting()
    await workshop.end(record, "done", ago_s=1)

    await workshop.relay()
    await workshop.until_empty()

    assert await workshop.sent() == []


async def test_a_retry_whose_frontend_died_half_way_is_carried_through(workshop: Workshop) -> None:
    record = await workshop.waiting(attempt=2)
    await workshop.end(record, "failed", ago_s=LONG_AGO_S + 60)

    await workshop.relay()
    await workshop.until_empty()

    assert await workshop.sent() == [record.job_id]
    assert await workshop.store.load_receipt(JobId(record.job_id)) is None


@pytest.mark.parametrize(("status", "ago_s"), [("cancelled", 1), ("removed", LONG_AGO_S + 60)])
async def test_a_retry_that_was_called_off_is_not(
    workshop: Workshop, status: ReceiptStatus, ago_s: float
) -> None:
    record = await workshop.waiting(attempt=2)
    await workshop.end(record, status, ago_s=ago_s)

    await workshop.relay()
    await workshop.until_empty()

    assert await workshop.sent() == []
    assert await workshop.store.load_receipt(JobId(record.job_id)) is not None


async def test_a_damaged_entry_is_made_again_of_what_was_asked(workshop: Workshop) -> None:
    record = await workshop.waiting()
    (workshop.storage / "outbox" / record.job_id).write_bytes(b"{")
    workshop.put_back(record, LONG_AGO_S)

    await workshop.relay()
    await workshop.until_empty()

    assert await commands_in_queue(workshop.amqp_url) == [command_of(record)]


async def test_an_entry_that_nobody_can_read_is_put_aside_and_the_others_go_on(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    hopeless = await workshop.waiting()
    (workshop.storage / "outbox" / hopeless.job_id).write_bytes(b"{")
    workshop.put_back(hopeless, LONG_AGO_S)
    await workshop.store.discard(JobId(hopeless.job_id), BatchId(hopeless.batch_id))
    other = await workshop.waiting()

    await workshop.relay()
    await workshop.until_empty()

    assert await workshop.sent() == [other.job_id]
    names = [path.name for path in (workshop.storage / "outbox").iterdir()]
    assert names == [hopeless.job_id + DAMAGED_SUFFIX]
    assert hopeless.job_id in caplog.text


async def test_a_command_without_its_record_is_sent_as_it_is(workshop: Workshop) -> None:
    record = await workshop.waiting()
    [path] = workshop.storage.glob(f"uploads/*/{record.job_id}/job.json")
    path.write_bytes(b"{")

    await workshop.relay()
    await workshop.until_empty()

    assert await workshop.sent() == [record.job_id]


async def test_a_command_whose_image_is_gone_is_not_sent(workshop: Workshop) -> None:
    record = await workshop.waiting()
    await workshop.store.discard(JobId(record.job_id), BatchId(record.batch_id))

    await workshop.relay()
    await workshop.until_empty()

    assert await workshop.sent() == []


async def test_a_damaged_entry_is_made_again_before_it_is_sent(workshop: Workshop) -> None:
    record = await workshop.waiting()
    job_id = JobId(record.job_id)
    (workshop.storage / "outbox" / job_id).write_bytes(b"{")

    await open_entry(
        job_id,
        0.0,
        outbox=workshop.outbox,
        store=workshop.store,
        webhooks=workshop.webhooks(Publisher(NOWHERE, service="relay-test")),
    )

    assert await workshop.outbox.load(job_id) == command_of(record), "the broker may yet refuse it"


async def test_a_retry_that_is_kept_while_the_end_before_it_is_told_is_not_removed_with_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = replace(await workshop.waiting(), callback_url="https://example.com/")
    job_id, first = JobId(record.job_id), command_of(record)
    await workshop.outbox.put(first)
    await workshop.end(record, "cancelled", ago_s=1)
    webhooks = workshop.webhooks(Publisher(NOWHERE, service="relay-test"))

    async def send_and_retry(_: DeliverWebhook) -> None:
        """It takes seconds if the broker is silent. So a retry may be asked for, and put off, meanwhile."""
        await workshop.outbox.put(replace(first, attempt=2))
        await workshop.store.drop_receipt(job_id)

    monkeypatch.setattr(webhooks, "send", send_and_retry)
    entry = await open_entry(
        job_id, time.time(), outbox=workshop.outbox, store=workshop.store, webhooks=webhooks
    )

    assert entry is None
    assert await workshop.outbox.load(job_id) == replace(first, attempt=2)


async def test_a_retry_that_is_kept_while_the_command_before_it_is_sent_is_not_removed_with_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = await workshop.waiting()
    job_id, first = JobId(record.job_id), command_of(record)
    publisher = Publisher(NOWHERE, service="relay-test")

    async def publish_and_retry(_: ResizeImage) -> None:
        await workshop.outbox.put(replace(first, attempt=2))

    monkeypatch.setattr(publisher, "publish_command", publish_and_retry)

    assert await Dispatch(outbox=workshop.outbox, publisher=publisher).publish(first, None)

    assert await workshop.outbox.load(job_id) == replace(first, attempt=2)


async def test_an_entry_that_cannot_be_dealt_with_does_not_hold_up_the_others(
    workshop: Workshop, caplog: pytest.LogCaptureFixture
) -> None:
    obstacle, other = await workshop.waiting(), await workshop.waiting()
    [path] = workshop.storage.glob(f"uploads/*/{obstacle.job_id}/job.json")
    path.unlink()
    path.mkdir()  # reading it is an error that nobody has thought of

    relay = await workshop.relay()
    await eventually(lambda: not (workshop.storage / "outbox" / other.job_id).exists())

    assert list(await workshop.outbox.entries()) == [obstacle.job_id]
    assert f"job {obstacle.job_id} stays in the outbox" in caplog.text
    assert relay.is_running


@pytest.fixture
def short_queue(node: BrokerNode, amqp_url: str) -> Iterator[None]:
    """The queue takes one command, or a few, and no more until this is taken away."""
    with management.short_queue(node):
        yield


@pytest.mark.usefixtures("short_queue")
async def test_what_a_full_queue_does_not_take_waits_on(workshop: Workshop) -> None:
    records = [await workshop.waiting() for _ in range(120)]

    await workshop.relay()

    async def has_begun() -> bool:
        return await workshop.outbox.count() < len(records)

    await eventually(has_begun)
    taken: list[str] = []

    async def all_are_taken() -> bool:
        taken.extend(await workshop.sent())
        return set(taken) == {record.job_id for record in records}

    await eventually(all_are_taken)
    await workshop.until_empty()


@pytest.fixture
async def full_bulk(node: BrokerNode, amqp_url: str) -> AsyncIterator[None]:
    """The bulk lane takes nothing more until this is taken away; the other one does."""
    with management.short_queue(node, lanes=["bulk"]):
        async with opened(Publisher(amqp_url, service="relay-test")) as publisher:

            async def is_full() -> bool:
                try:
                    await publisher.publish_command(
                        ResizeImage(job_id=new_job_id(), source="uploads/x", lane="bulk")
                    )
                except QueueFull:
                    return True
                return False

            await eventually(is_full)
        yield


@pytest.mark.usefixtures("full_bulk")
@pytest.mark.parametrize("since_s", [LONG_AGO_S, 0.0], ids=["left by others", "its own"])
async def test_a_full_lane_does_not_hold_up_what_is_behind_it_in_the_other_lane(
    workshop: Workshop, since_s: float
) -> None:
    many = [await workshop.waiting(since_s=since_s, lane="bulk") for _ in range(10)]
    behind = [await workshop.waiting(since_s=since_s) for _ in range(3)]

    await workshop.relay(put_off=[] if since_s else [*many, *behind])

    async def only_bulk_waits() -> bool:
        return set(await workshop.outbox.entries()) == {record.job_id for record in many}

    await eventually(only_bulk_waits)

    async def all_are_taken() -> bool:
        sent.update(await workshop.sent())
        return sent >= {record.job_id for record in (*many, *behind)}

    sent: set[str] = set()
    await eventually(all_are_taken)


@pytest.mark.usefixtures("full_bulk")
async def test_a_full_lane_is_asked_again_for_one_of_all_that_wait_for_it(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    publish = Dispatch.publish

    async def publish_and_count(self: Dispatch, command: ResizeImage, record: JobRecord | None) -> bool:
        asked.append(command.job_id)
        return await publish(self, command, record)

    monkeypatch.setattr(Dispatch, "publish", publish_and_count)
    records = [await workshop.waiting(lane="bulk") for _ in range(60)]
    await workshop.relay()

    await eventually(lambda: asked.count(records[0].job_id) == 3)

    assert set(asked) == {records[0].job_id}


async def test_a_frontend_whose_relay_has_died_is_not_ready(client: Client) -> None:
    app = client.app
    assert app is not None

    await app[RELAY].close()

    async with client.get("/health/ready") as response:
        assert (response.status, (await response.json())["checks"]["outbox"]) == (503, False)
