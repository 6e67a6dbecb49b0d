"""Consuming from a real broker: one delivery a slot, settled by hand, given back when anything goes wrong."""

import asyncio

from deploy.local.broker_node import BrokerNode
from pipeline.broker import DeliverySlots, Publisher
from pipeline.ids import new_job_id
from pipeline.messages import ResizeImage, decode_command
from tests import management
from tests.eventually import eventually
from tests.links import opened

SERVICE = "slots-test"
TAGS = ("slots-test.slot-1", "slots-test.slot-2")


def slots_on(url: str) -> DeliverySlots:
    return DeliverySlots(url, service=SERVICE, tags=TAGS)


async def fill(url: str, count: int) -> list[str]:
    job_ids = [new_job_id() for _ in range(count)]
    async with opened(Publisher(url, service="filler")) as publisher:
        for job_id in job_ids:
            await publisher.publish_command(ResizeImage(job_id=job_id, source="uploads/x"))
    return [str(job_id) for job_id in job_ids]


def unacknowledged(node: BrokerNode) -> int:
    return int(management.queue(node, "resize").get("messages_unacknowledged", 0))


async def test_each_slot_has_one_command_at_a_time(node: BrokerNode, amqp_url: str) -> None:
    await fill(amqp_url, 5)
    async with opened(slots_on(amqp_url)) as slots:
        first, second = await slots.take(TAGS[0]), await slots.take(TAGS[1])

        assert first.body != second.body
        await eventually(lambda: unacknowledged(node) == 2)
        consumers = management.call(node, "GET", "/consumers")
        mine = {each["consumer_tag"]: each for each in consumers if each["consumer_tag"] in TAGS}
        assert set(mine) == set(TAGS)
        assert {(each["prefetch_count"], each["ack_required"]) for each in mine.values()} == {(1, True)}


async def test_an_acknowledged_command_makes_room_for_the_next(amqp_url: str) -> None:
    job_ids = await fill(amqp_url, 3)
    async with opened(slots_on(amqp_url)) as slots:
        taken = []
        other = await slots.take(TAGS[1])
        for _ in range(2):
            delivery = await slots.take(TAGS[0])
            taken.append(decode_command(delivery.body).job_id)
            await delivery.acknowledge()
        assert sorted([*taken, decode_command(other.body).job_id]) == sorted(job_ids)


async def test_a_lost_connection_gives_the_commands_back(node: BrokerNode, amqp_url: str) -> None:
    await fill(amqp_url, 1)
    async with opened(slots_on(amqp_url)) as slots:
        tasks = [asyncio.create_task(slots.take(tag)) for tag in TAGS]
        [done], [waiting] = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        lost = done.result()
        assert lost.returns == 0
        waiting.cancel()

        await eventually(lambda: management.close_connections(node, name_contains=SERVICE))
        await lost.acknowledge()  # too late, and no error

        tasks = [asyncio.create_task(slots.take(tag)) for tag in TAGS]
        [done], [waiting] = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=20)
        waiting.cancel()
        again = done.result()
        assert again.body == lost.body
        # It is more if the other slot of the dying connection was given it first.
        assert again.returns >= 1
        await again.acknowledge()


async def test_a_command_given_back_comes_again_and_is_counted(amqp_url: str) -> None:
    await fill(amqp_url, 1)
    async with opened(slots_on(amqp_url)) as slots:
        await slots.stop_taking()
    async with opened(slots_on(amqp_url)) as slots:
        returns = []
        for _ in range(3):
            tasks = [asyncio.create_task(slots.take(tag)) for tag in TAGS]
            [done], [waiting] = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            waiting.cancel()
            returns.append(done.result().returns)
            await done.result().give_back()
    assert returns == sorted(returns)
    assert returns[-1] >= 2


async def test_a_buried_command_is_among_the_dead(node: BrokerNode, amqp_url: str) -> None:
    await fill(amqp_url, 2)
    async with opened(slots_on(amqp_url)) as slots:
        for tag in TAGS:
            await (await slots.take(tag)).bury()

        await eventually(lambda: len(management.messages(node, "resize.dead")) == 2)


async def test_a_cancelled_consumer_takes_again_when_its_queue_is_back(node: BrokerNode) -> None:
    with management.virtual_host(node, "cancelled") as url:
        async with opened(slots_on(url)) as slots:
            management.call(node, "DELETE", "/queues/cancelled/resize")

            await eventually(lambda: slots.link.sessions == 2)
            await fill(url, 2)
            async with asyncio.timeout(10):
                for tag in TAGS:
                    await (await slots.take(tag)).acknowledge()


async def test_after_stop_taking_what_is_in_flight_can_still_be_acknowledged(
    node: BrokerNode, amqp_url: str
) -> None:
    await fill(amqp_url, 3)
    async with opened(slots_on(amqp_url)) as slots:
        deliveries = [await slots.take(tag) for tag in TAGS]
        await slots.stop_taking()
        for delivery in deliveries:
            await delivery.acknowledge()

    await eventually(lambda: len(management.messages(node, "resize")) == 1)
