"""What differs between the lines of RabbitMQ, as docs/operations.md tells it."""

from collections.abc import AsyncIterator
from typing import cast

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import ChannelClosed, QueueEmpty

from deploy.local.broker_node import BrokerNode
from pipeline.broker import Consumer, DeliverySlots, Publisher
from pipeline.ids import new_job_id
from pipeline.messages import ResizeImage
from tests import management
from tests.eventually import eventually
from tests.links import opened

CONSUMER = Consumer("lines-test.slot-1", "interactive")
DEFAULT_LIMIT = 20
QUORUM = {"x-queue-type": "quorum"}


@pytest.fixture
def version(node: BrokerNode) -> tuple[int, ...]:
    return management.version(node)


@pytest.fixture
async def channel(amqp_url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(amqp_url) as connection:
        yield await connection.channel()


async def queue_with_a_message(
    channel: AbstractChannel, name: str, **arguments: str | int
) -> AsyncIterator[AbstractQueue]:
    """A quorum queue that is gone afterwards."""
    queue = await channel.declare_queue(name, durable=True, arguments={**QUORUM, **arguments})
    await channel.default_exchange.publish(aio_pika.Message(b"x"), name)
    yield queue
    await queue.delete(if_unused=False, if_empty=False)


async def next_of(queue: AbstractQueue) -> AbstractIncomingMessage:
    async def found() -> AbstractIncomingMessage | None:
        return await queue.get(fail=False)

    message = await eventually(found)
    assert message is not None
    return message


async def test_what_a_worker_gives_back_counts_as_a_failed_try_only_before_4_3(
    amqp_url: str, version: tuple[int, ...]
) -> None:
    async with (
        opened(Publisher(amqp_url, service="lines-test")) as publisher,
        opened(DeliverySlots(amqp_url, service="lines-test", consumers=[CONSUMER])) as slots,
    ):
        await publisher.publish_command(ResizeImage(job_id=new_job_id(), source="uploads/x"))
        await (await slots.take(CONSUMER)).give_back()

        again = await slots.take(CONSUMER)

        assert again.is_redelivered
        assert again.returns == (0 if version >= (4, 3) else 1)
        await again.acknowledge()


async def test_a_queue_without_a_limit_of_its_own_drops_what_was_rejected_20_times_from_4_0_on(
    channel: AbstractChannel, version: tuple[int, ...]
) -> None:
    async for queue in queue_with_a_message(channel, "unlimited"):
        for _ in range(DEFAULT_LIMIT + 1):
            await (await next_of(queue)).reject(requeue=True)

        if version >= (4, 0):
            with pytest.raises(QueueEmpty):
                await queue.get()
        else:
            assert (await next_of(queue)).body == b"x"


async def test_a_look_in_the_console_counts_as_a_try_only_before_4_3(
    node: BrokerNode, channel: AbstractChannel, version: tuple[int, ...]
) -> None:
    async for _ in queue_with_a_message(channel, "looked-at", **{"x-delivery-limit": 1}):
        looks = [len(management.messages(node, "looked-at")) for _ in range(3)]

    assert looks == ([1, 1, 1] if version >= (4, 3) else [1, 1, 0])


async def test_who_has_no_permission_may_still_look_whether_a_queue_is_there_before_4_3(
    node: BrokerNode, amqp_url: str, version: tuple[int, ...]
) -> None:
    management.call(node, "PUT", "/users/stranger", {"password": "stranger", "tags": ""})
    nothing = {"configure": "^$", "write": "^$", "read": "^$"}
    management.call(node, "PUT", "/permissions/%2F/stranger", nothing)
    try:
        async with await aio_pika.connect(amqp_url.replace("guest:guest", "stranger:stranger")) as connection:
            channel = await connection.channel()
            if version >= (4, 3):
                with pytest.raises(ChannelClosed, match="ACCESS_REFUSED"):
                    await channel.declare_queue("resize.bulk", passive=True)
            else:
                await channel.declare_queue("resize.bulk", passive=True)
    finally:
        management.call(node, "DELETE", "/users/stranger")


async def test_deaths_told_by_a_publisher_are_believed_only_before_4_0(
    channel: AbstractChannel, version: tuple[int, ...]
) -> None:
    dead = {"x-dead-letter-exchange": "", "x-dead-letter-routing-key": "grave"}
    async for grave in queue_with_a_message(channel, "grave"):
        await (await next_of(grave)).ack()
        async for queue in queue_with_a_message(channel, "dying", **dead):
            await (await next_of(queue)).reject(requeue=False)
            first = await next_of(grave)
            await first.ack()

            again = aio_pika.Message(b"x", headers=first.headers)
            await channel.default_exchange.publish(again, "dying")
            await (await next_of(queue)).reject(requeue=False)

            second = await next_of(grave)
            await second.ack()
            assert deaths(first) == 1
            assert deaths(second) == (1 if version >= (4, 0) else 2)


def deaths(message: AbstractIncomingMessage) -> int:
    """How often it has died, as the broker tells it."""
    [told] = cast("list[dict[str, int]]", message.headers["x-death"])
    return told["count"]
