"""A worker and its broker: outcomes are made true, and a worker that cannot work does not stay silent."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiormq
import pytest

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from pipeline.broker import Consumer, DeliverySlots, LaneDelivery, Publisher
from pipeline.delivery import GiveBack, RetryLater
from pipeline.ids import new_job_id
from pipeline.messages import ResizeImage, decode_command
from pipeline.topology import Rung
from tests import management
from tests.eventually import eventually
from tests.links import opened
from tests.rig import Service
from worker import settlement as settlement_module
from worker.occupancy import Occupancy
from worker.settlement import Settlement
from worker.watchdog import Watchdog

RUNGS = topology.ladder((0.5, 1.0))
CONSUMER = Consumer("worker-test.slot-1", "interactive")
COMMAND = ResizeImage(job_id=new_job_id(), source="uploads/x")
LATER = RetryLater(
    reason="the disk is full",
    delay_s=0.5,
    command=ResizeImage(job_id=COMMAND.job_id, source="uploads/x", attempt=2, retries=1),
)


@pytest.fixture
async def url(node: BrokerNode) -> AsyncIterator[str]:
    """A broker of one's own, in which things can be broken."""
    with management.virtual_host(node, "worker") as url:
        yield url


def take_rung_away(node: BrokerNode) -> None:
    """As an operator does on whose broker the services may make nothing."""
    management.call(node, "DELETE", f"/queues/worker/{RUNGS[0].name}")
    management.permit_to_configure(node, "worker", "^$")


@pytest.fixture
async def publisher(url: str) -> AsyncIterator[Publisher]:
    async with opened(Publisher(url, service="worker-test", rungs=RUNGS)) as publisher:
        yield publisher


@pytest.fixture
async def slots(url: str, publisher: Publisher) -> AsyncIterator[DeliverySlots]:
    async with opened(DeliverySlots(url, service="worker-test", consumers=[CONSUMER])) as slots:
        yield slots


@pytest.fixture
def settlement(publisher: Publisher) -> Settlement:
    return Settlement(publisher, worker="worker-test", stopping=asyncio.Event())


async def cancel_silently(slots: DeliverySlots) -> None:
    """Have the broker forget the consumer, of which nobody tells the worker."""
    transport = slots.link.open_connection().transport
    assert transport is not None
    for channel in transport.connection.channels.values():
        if isinstance(channel, aiormq.Channel) and CONSUMER.tag in channel.consumers:
            await channel.basic_cancel(CONSUMER.tag)


async def take(slots: DeliverySlots) -> LaneDelivery:
    async with asyncio.timeout(10):
        return await slots.take(CONSUMER)


def count_tries(publisher: Publisher) -> list[Rung]:
    """The rungs on which the publisher tries to put something, from now on."""
    tries: list[Rung] = []
    publish_retry = publisher.publish_retry

    async def publish_and_count(command: ResizeImage, rung: Rung) -> None:
        tries.append(rung)
        await publish_retry(command, rung)

    publisher.publish_retry = publish_and_count  # type: ignore[method-assign]  # of this one only
    return tries


async def test_what_is_to_be_tried_later_goes_round_its_rung(
    publisher: Publisher, slots: DeliverySlots, settlement: Settlement
) -> None:
    await publisher.publish_command(COMMAND)

    await settlement.settle(await take(slots), LATER)

    again = await take(slots)
    assert (decode_command(again.body), again.is_redelivered) == (LATER.command, False)


async def test_what_has_no_place_on_the_ladder_is_held_until_it_has(
    node: BrokerNode, publisher: Publisher, slots: DeliverySlots, settlement: Settlement
) -> None:
    await publisher.publish_command(COMMAND)
    take_rung_away(node)
    tries = count_tries(publisher)
    settling = asyncio.create_task(settlement.settle(await take(slots), LATER))
    await eventually(lambda: len(tries) > 2)
    assert not settling.done()

    management.permit_to_configure(node, "worker", ".*")
    await settling

    again = await take(slots)
    assert (decode_command(again.body), again.is_redelivered) == (LATER.command, False)


async def test_a_worker_that_stops_holds_nothing_for_the_ladder(
    node: BrokerNode, publisher: Publisher, slots: DeliverySlots
) -> None:
    stopping = asyncio.Event()
    settlement = Settlement(publisher, worker="worker-test", stopping=stopping)
    await publisher.publish_command(COMMAND)
    take_rung_away(node)
    tries = count_tries(publisher)
    settling = asyncio.create_task(settlement.settle(await take(slots), LATER))
    await eventually(lambda: tries)

    stopping.set()
    async with asyncio.timeout(5):
        await settling

    assert decode_command((await take(slots)).body) == COMMAND


async def test_what_finds_no_place_on_the_ladder_goes_back_as_it_was(
    node: BrokerNode,
    publisher: Publisher,
    slots: DeliverySlots,
    settlement: Settlement,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settlement_module, "LONGEST_HOLD_S", 0.0)
    await publisher.publish_command(COMMAND)
    take_rung_away(node)

    await settlement.settle(await take(slots), LATER)

    again = await take(slots)
    assert (decode_command(again.body), again.is_redelivered) == (COMMAND, True)


async def test_what_was_not_tried_goes_back_as_it_was(
    publisher: Publisher, slots: DeliverySlots, settlement: Settlement
) -> None:
    await publisher.publish_command(COMMAND)

    await settlement.settle(await take(slots), GiveBack("The worker is stopping."))

    assert decode_command((await take(slots)).body) == COMMAND


async def test_of_a_delivery_that_was_lost_there_is_no_second_copy(
    publisher: Publisher, slots: DeliverySlots, settlement: Settlement
) -> None:
    await publisher.publish_command(COMMAND)
    lost = await take(slots)
    slots.link.restart("a test wants it")
    await eventually(lambda: slots.link.sessions == 2)

    await settlement.settle(lost, LATER)

    again = await take(slots)
    assert decode_command(again.body) == COMMAND
    await again.acknowledge()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3 * LATER.delay_s):
            await slots.take(CONSUMER)


async def test_a_consumer_that_was_lost_in_silence_is_missed_and_replaced(
    publisher: Publisher, slots: DeliverySlots, caplog: pytest.LogCaptureFixture
) -> None:
    watchdog = Watchdog(slots.link, Occupancy([CONSUMER]), publisher.count_queue)
    await cancel_silently(slots)
    await publisher.publish_command(COMMAND)
    await watchdog.look()
    assert slots.link.is_open

    await watchdog.look()

    assert decode_command((await take(slots)).body) == COMMAND
    assert f"got nothing while so many jobs waited: {CONSUMER.tag} (1)" in caplog.text


async def test_a_worker_that_just_has_nothing_to_do_is_left_alone(
    publisher: Publisher, slots: DeliverySlots
) -> None:
    watchdog = Watchdog(slots.link, Occupancy([CONSUMER]), publisher.count_queue)
    for _ in range(3):
        await watchdog.look()

    assert (slots.link.is_open, slots.link.sessions) == (True, 1)


async def test_a_watchdog_that_cannot_ask_says_nothing(unused_tcp_port: int) -> None:
    url = f"amqp://guest:guest@127.0.0.1:{unused_tcp_port}/"
    slots = DeliverySlots(url, service="worker-test", consumers=[CONSUMER])
    watchdog = Watchdog(slots.link, Occupancy([CONSUMER]), Publisher(url, service="worker-test").count_queue)

    for _ in range(2):
        await watchdog.look()


async def test_a_worker_one_of_whose_slots_dies_ends_with_an_error(amqp_url: str, tmp_path: Path) -> None:
    settings = {"AMQP_URL": amqp_url, "STORAGE_DIR": str(tmp_path / "storage"), "SLOTS": "2"}
    worker = Service("worker-1", "tests.integration.broken_worker", settings, tmp_path)
    worker.start()
    async with opened(Publisher(amqp_url, service="worker-test")) as publisher:
        await publisher.publish_command(COMMAND)

        await eventually(lambda: not worker.is_running)

        async def is_in_the_queue_again() -> bool:
            counts = await publisher.count_queue()
            return (counts.ready, counts.consumers) == (1, 0)

        await eventually(is_in_the_queue_again)

    assert worker.stop() == 1
    assert "LookupError: a mistake" in worker.output
