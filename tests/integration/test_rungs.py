"""What waits on a rung of a ladder, for a job or a webhook, is as safe as what is in the queue."""

from collections.abc import AsyncIterator, Iterator

import aio_pika
import pytest

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from pipeline.broker import Publisher
from pipeline.errors import QueueFull
from pipeline.ids import new_job_id
from pipeline.messages import DeliverWebhook, ResizeImage, encode
from tests import management
from tests.eventually import WITHIN_S, eventually
from tests.links import opened

SHORT, LONG = topology.ladder((0.5, 8.0))
[WEBHOOK_RUNG] = topology.webhook_ladder((8.0,))
RUNGS = (SHORT, LONG, WEBHOOK_RUNG)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerNode]:
    """One that may be restarted."""
    with BrokerNode(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
async def publisher(amqp_url: str) -> AsyncIterator[Publisher]:
    async with opened(Publisher(amqp_url, service="rung-test", rungs=RUNGS)) as publisher:
        yield publisher


def command() -> ResizeImage:
    return ResizeImage(job_id=new_job_id(), source="uploads/a.jpg", attempt=2, retries=1)


async def next_in_queue(
    amqp_url: str, name: str = topology.INTERACTIVE.name
) -> tuple[bytes, str | None] | None:
    """Body and routing key of the next command, taken away."""
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(name, ensure=False)
        message = await queue.get(fail=False)
        if message is None:
            return None
        await message.ack()
        return message.body, message.routing_key


async def test_it_waits_while_the_queue_is_full(
    node: BrokerNode, amqp_url: str, publisher: Publisher
) -> None:
    sent = command()
    with management.short_queue(node):
        in_front = await filled(publisher)
        await publisher.publish_retry(sent, SHORT)
        # Its time is over, and the queue has refused it. It is offered again: see advanced.config.
        await eventually(lambda: management.queue(node, SHORT.name).get("messages_dlx"), WITHIN_S)
        for _ in range(in_front):
            await next_in_queue(amqp_url)

        found = await eventually(lambda: next_in_queue(amqp_url), WITHIN_S)

    assert found == (encode(sent), topology.INTERACTIVE.name)


async def filled(publisher: Publisher) -> int:
    """How many commands the queue has taken until it took no more."""
    count = 0
    while True:
        try:
            await publisher.publish_command(command())
        except QueueFull:
            return count
        count += 1


async def test_it_outlives_a_restart_of_the_broker(
    node: BrokerNode, amqp_url: str, publisher: Publisher
) -> None:
    sent, webhook = command(), DeliverWebhook(job_id=new_job_id(), tries=1)
    await publisher.publish_retry(sent, LONG)
    await publisher.publish_webhook(webhook, WEBHOOK_RUNG)
    [message] = management.messages(node, LONG.name)
    assert sent.job_id in message["payload"]

    node.restart()

    assert await eventually(lambda: next_in_queue(amqp_url), WITHIN_S) == (
        encode(sent),
        topology.INTERACTIVE.name,
    )
    found = await eventually(lambda: next_in_queue(amqp_url, topology.WEBHOOK_QUEUE.name), WITHIN_S)
    assert found is not None
    assert found[0] == encode(webhook)
