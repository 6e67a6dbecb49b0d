"""The retry ladder on a real broker: what is put on a rung comes back when its time is over, as if new."""

import time
from collections.abc import AsyncIterator

import pytest

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from pipeline.broker import Consumer, DeliverySlots, LaneDelivery, Publisher
from pipeline.ids import new_job_id
from pipeline.messages import ResizeImage, decode_command
from tests import management
from tests.eventually import eventually
from tests.links import opened

RUNGS = topology.ladder((0.5, 4.0))
FIRST, SECOND = RUNGS
CONSUMER = Consumer("ladder-test.slot-1", "interactive")


@pytest.fixture
async def publisher(amqp_url: str) -> AsyncIterator[Publisher]:
    """Whoever puts commands on the ladder."""
    async with opened(Publisher(amqp_url, service="ladder-test", rungs=RUNGS)) as publisher:
        yield publisher


def command(retries: int = 1) -> ResizeImage:
    return ResizeImage(job_id=new_job_id(), source="uploads/x", attempt=retries + 1, retries=retries)


async def taken(url: str, count: int = 1) -> list[LaneDelivery]:
    deliveries = []
    async with opened(DeliverySlots(url, service="ladder-test", consumers=[CONSUMER])) as slots:
        for _ in range(count):
            deliveries.append(await slots.take(CONSUMER))
            await deliveries[-1].acknowledge()
    return deliveries


async def test_a_command_comes_back_after_the_delay_of_its_rung(publisher: Publisher, amqp_url: str) -> None:
    sent, begin = command(), time.monotonic()

    await publisher.publish_retry(sent, SECOND)
    [delivery] = await taken(amqp_url)

    assert decode_command(delivery.body) == sent
    assert SECOND.delay_s - 0.1 < time.monotonic() - begin < SECOND.delay_s + 5


async def test_it_is_delivered_as_if_it_had_never_been_before(publisher: Publisher, amqp_url: str) -> None:
    await publisher.publish_retry(command(), FIRST)

    [delivery] = await taken(amqp_url)

    assert (delivery.returns, delivery.is_redelivered) == (0, False)


async def test_a_rung_does_not_hold_up_the_one_before_it(publisher: Publisher, amqp_url: str) -> None:
    late, early = command(2), command(1)

    await publisher.publish_retry(late, SECOND)
    await publisher.publish_retry(early, FIRST)
    deliveries = await taken(amqp_url, 2)

    assert [decode_command(delivery.body) for delivery in deliveries] == [early, late]


async def test_while_it_waits_an_operator_sees_it_on_its_rung(node: BrokerNode, publisher: Publisher) -> None:
    sent = command()

    await publisher.publish_retry(sent, SECOND)

    [message] = management.messages(node, SECOND.name)
    assert sent.job_id in message["payload"]
    await eventually(lambda: management.messages(node, topology.INTERACTIVE.name))
    assert management.messages(node, SECOND.name) == []


async def test_a_rung_that_was_deleted_is_made_anew(node: BrokerNode) -> None:
    with management.virtual_host(node, "rungs") as url:
        async with opened(Publisher(url, service="ladder-test", rungs=RUNGS)) as publisher:
            management.call(node, "DELETE", f"/queues/rungs/{FIRST.name}")

            await publisher.publish_retry(command(), FIRST)

            async def has_come_back() -> bool:
                return (await publisher.count_queue()).ready == 1

            await eventually(has_come_back)
