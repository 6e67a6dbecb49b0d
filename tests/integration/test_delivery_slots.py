"""Consuming from a real broker: one delivery a slot, settled by hand, given back when anything goes wrong."""

import asyncio
from collections.abc import Callable
from typing import Any

from deploy.local.broker_node import BrokerNode
from pipeline.broker import DeliverySlots, LaneDelivery, Publisher, consumers_of
from pipeline.broker.link import TELLING_WITHIN_S
from pipeline.ids import new_job_id
from pipeline.messages import LANES, Lane, ResizeImage, decode_command
from tests import management
from tests.eventually import eventually
from tests.lanes import INTERACTIVE
from tests.links import opened

SERVICE = "slots-test"
ALL = consumers_of(("slots-test.slot-1", "slots-test.slot-2"))
CONSUMERS = tuple(consumer for consumer in ALL if consumer.lane == "interactive")


def slots_on(url: str, on_lost: Callable[[], None] = lambda: None) -> DeliverySlots:
    return DeliverySlots(url, service=SERVICE, consumers=ALL, on_lost=on_lost)


async def take_any(slots: DeliverySlots) -> LaneDelivery:
    """The next delivery, whichever slot gets it."""
    tasks = [asyncio.create_task(slots.take(consumer)) for consumer in ALL]
    [done], waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    for task in waiting:
        task.cancel()
    return done.result()


async def fill(url: str, count: int, lane: Lane = "interactive") -> list[str]:
    job_ids = [new_job_id() for _ in range(count)]
    async with opened(Publisher(url, service="filler")) as publisher:
        for job_id in job_ids:
            await publisher.publish_command(ResizeImage(job_id=job_id, source="uploads/x", lane=lane))
    return [str(job_id) for job_id in job_ids]


def unacknowledged(node: BrokerNode) -> int:
    return int(management.queue(node, INTERACTIVE).get("messages_unacknowledged", 0))


def shown_consumers(node: BrokerNode) -> list[Any]:
    """The consumers that the console shows, once it shows all of them."""
    tags = {consumer.tag for consumer in ALL}
    shown = [each for each in management.call(node, "GET", "/consumers") if each["consumer_tag"] in tags]
    return shown if len(shown) == len(tags) else []


async def test_each_slot_has_one_command_at_a_time(node: BrokerNode, amqp_url: str) -> None:
    await fill(amqp_url, 5)
    async with opened(slots_on(amqp_url)) as slots:
        first, second = await slots.take(CONSUMERS[0]), await slots.take(CONSUMERS[1])

        assert first.body != second.body
        await eventually(lambda: unacknowledged(node) == 2)
        # The console is told of consumers when it suits the broker.
        shown = await eventually(lambda: shown_consumers(node))
        assert {(each["prefetch_count"], each["ack_required"]) for each in shown} == {(1, True)}


async def test_each_slot_has_one_command_of_each_lane_at_a_time(amqp_url: str) -> None:
    for lane in LANES:
        await fill(amqp_url, 4, lane)
    async with opened(slots_on(amqp_url)) as slots, opened(Publisher(amqp_url, service="counter")) as counter:
        held = {consumer: await slots.take(consumer) for consumer in ALL}

        assert {consumer: delivery.lane for consumer, delivery in held.items()} == {
            consumer: consumer.lane for consumer in ALL
        }
        counts = await counter.count_queue()
        assert {lane: (counts.lanes[lane].ready, counts.lanes[lane].consumers) for lane in LANES} == {
            "interactive": (2, 2),
            "bulk": (2, 2),
        }
        await held[ALL[1]].acknowledge()
        assert (await slots.take(ALL[1])).lane == "bulk"


async def test_what_a_lane_is_given_back_stays_in_it(amqp_url: str) -> None:
    (sent,) = await fill(amqp_url, 1, "bulk")
    async with opened(slots_on(amqp_url)) as slots:
        held = await take_any(slots)
        await held.give_back()
        again = await take_any(slots)

        assert (held.lane, again.lane, again.is_redelivered) == ("bulk", "bulk", True)
        assert decode_command(again.body).job_id == sent


async def test_an_acknowledged_command_makes_room_for_the_next(amqp_url: str) -> None:
    job_ids = await fill(amqp_url, 3)
    async with opened(slots_on(amqp_url)) as slots:
        taken = []
        other = await slots.take(CONSUMERS[1])
        for _ in range(2):
            delivery = await slots.take(CONSUMERS[0])
            taken.append(decode_command(delivery.body).job_id)
            await delivery.acknowledge()
        assert sorted([*taken, decode_command(other.body).job_id]) == sorted(job_ids)


async def test_the_link_that_tells_of_what_is_taken_may_open_first(amqp_url: str) -> None:
    await fill(amqp_url, 1)
    publisher = Publisher(amqp_url, service=SERVICE)
    telling = publisher.link
    slots = DeliverySlots(amqp_url, service=SERVICE, consumers=ALL, telling=telling)
    slots.link.start()
    taking = asyncio.create_task(take_any(slots))
    await asyncio.wait({taking}, timeout=0.2 * TELLING_WITHIN_S)
    telling.start()
    try:
        await taking
        assert telling.is_open
    finally:
        await slots.link.close()
        await telling.close()


async def test_a_link_that_cannot_tell_is_not_waited_for_without_end(amqp_url: str) -> None:
    await fill(amqp_url, 1)
    away = Publisher(amqp_url, service=SERVICE).link
    async with opened(DeliverySlots(amqp_url, service=SERVICE, consumers=ALL, telling=away)) as slots:
        await take_any(slots)


async def test_a_lost_connection_gives_the_commands_back(node: BrokerNode, amqp_url: str) -> None:
    await fill(amqp_url, 1)
    async with opened(slots_on(amqp_url)) as slots:
        lost = await take_any(slots)
        assert (lost.returns, lost.is_redelivered, lost.is_lost) == (0, False, False)

        await eventually(lambda: management.close_connections(node, name_contains=SERVICE))
        await eventually(lambda: lost.is_lost)
        await lost.acknowledge()  # too late, and no error

        again = await take_any(slots)
        assert again.body == lost.body
        # It is more if the other slot of the dying connection was given it first.
        assert again.returns >= 1
        assert (again.is_redelivered, again.is_lost) == (True, False)
        await again.acknowledge()


async def test_who_has_a_delivery_is_told_that_it_is_lost_before_it_comes_again(
    node: BrokerNode, amqp_url: str
) -> None:
    await fill(amqp_url, 1)
    story: list[str] = []
    async with opened(slots_on(amqp_url, on_lost=lambda: story.append("lost"))) as slots:
        await take_any(slots)
        assert story == []

        await eventually(lambda: management.close_connections(node, name_contains=SERVICE))
        again = await take_any(slots)
        story.append("again")
        await again.acknowledge()

        assert (story[0], story[-1]) == ("lost", "again")


async def test_a_command_given_back_comes_again_and_is_known_to(amqp_url: str) -> None:
    await fill(amqp_url, 1)
    async with opened(slots_on(amqp_url)) as slots:
        seen = []
        for _ in range(3):
            delivery = await take_any(slots)
            seen.append(delivery.is_redelivered)
            await delivery.give_back()
    assert seen == [False, True, True]


async def test_a_buried_command_is_among_the_dead(node: BrokerNode, amqp_url: str) -> None:
    await fill(amqp_url, 2)
    async with opened(slots_on(amqp_url)) as slots:
        for consumer in CONSUMERS:
            await (await slots.take(consumer)).bury()

        await eventually(lambda: len(management.messages(node, "resize.dead")) == 2)


async def test_a_cancelled_consumer_takes_again_when_its_queue_is_back(node: BrokerNode) -> None:
    with management.virtual_host(node, "cancelled") as url:
        async with opened(slots_on(url)) as slots:
            management.call(node, "DELETE", f"/queues/cancelled/{INTERACTIVE}")

            await eventually(lambda: slots.link.sessions == 2)
            await fill(url, 2)
            async with asyncio.timeout(10):
                for consumer in CONSUMERS:
                    await (await slots.take(consumer)).acknowledge()


async def test_after_stop_taking_what_is_in_flight_can_still_be_acknowledged(
    node: BrokerNode, amqp_url: str
) -> None:
    await fill(amqp_url, 3)
    async with opened(slots_on(amqp_url)) as slots:
        deliveries = [await slots.take(consumer) for consumer in CONSUMERS]
        await slots.stop_taking()
        for delivery in deliveries:
            await delivery.acknowledge()

    await eventually(lambda: len(management.messages(node, INTERACTIVE)) == 1)


async def test_what_nobody_has_taken_goes_back_when_the_slots_stop(amqp_url: str) -> None:
    await fill(amqp_url, 3)
    async with opened(slots_on(amqp_url)) as slots, opened(Publisher(amqp_url, service="counter")) as counter:

        async def ready_are(count: int) -> bool:
            return (await counter.count_queue()).ready == count

        await eventually(lambda: ready_are(1))

        await slots.stop_taking()

        await eventually(lambda: ready_are(3))
        assert slots.link.is_open
