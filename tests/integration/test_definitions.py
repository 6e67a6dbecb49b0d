"""A broker that starts as the one of docker-compose.yml does: what its users may do there, and may not."""

import asyncio
import http
import json
import shutil
import urllib.error
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage
from aio_pika.exceptions import ChannelClosed, ProbableAuthenticationError

from deploy.definitions import (
    COMMITTED,
    DEFAULT_LADDER,
    DEFAULT_WEBHOOK_LADDER,
    FRONTEND,
    OPERATOR,
    WORKER,
    User,
)
from deploy.local.broker_node import BrokerNode
from pipeline import topology
from pipeline.broker import DeliverySlots, EventLog, Publisher, WebhookDeliveries, consumers_of
from pipeline.ids import new_job_id
from pipeline.messages import (
    AnyEvent,
    DeliverWebhook,
    ResizeImage,
    WorkerOnline,
    decode_command,
    decode_webhook,
)
from pipeline.topology import DEAD_IMAGES, EVENT_LOG, EVENTS, IMAGES, INTERACTIVE, RESIZE_DEAD, WEBHOOK_DEAD
from tests import management
from tests.links import opened

WITHIN_S = 10.0
IN_THE_CONTAINER = "/etc/rabbitmq/definitions.json"
CONSUMER, OTHER = consumers_of(["worker-1.slot-1"])
RUNG = DEFAULT_LADDER[-1]

Action = Callable[[AbstractChannel], Awaitable[object]]


class ComposedNode(BrokerNode):
    """A node of this machine with the rabbitmq.conf, and through it the definitions, of the containers."""

    def prepare(self) -> None:
        super().prepare()
        shipped = COMMITTED.with_name("rabbitmq.conf").read_text()
        assert IN_THE_CONTAINER in shipped
        own = self.folder / "rabbitmq.conf"
        # Its own folder is all that a node in a chroot sees of this machine.
        definitions = shutil.copy(COMMITTED, self.folder)
        shipped = shipped.replace(IN_THE_CONTAINER, str(definitions))
        # What is said last counts: this node's ports and files.
        own.write_text(shipped + own.read_text())


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerNode]:
    with ComposedNode(tmp_path_factory.mktemp("broker")) as started:
        yield started


@pytest.fixture
async def channel(node: BrokerNode, request: pytest.FixtureRequest) -> AsyncIterator[AbstractChannel]:
    """A channel of the user that the test's parameter names."""
    async with await aio_pika.connect(url(node, request.param)) as connection:
        yield await connection.channel(publisher_confirms=True, on_return_raises=True)


def url(node: BrokerNode, user: User) -> str:
    return f"amqp://{user.name}:{user.name}@127.0.0.1:{node.ports.amqp}/"


async def test_a_command_and_its_event_go_their_way(node: BrokerNode) -> None:
    events: asyncio.Queue[AnyEvent] = asyncio.Queue()
    log = EventLog(
        url(node, FRONTEND),
        service="frontend",
        history_s=60,
        on_event=lambda _, event: events.put_nowait(event),
    )
    command = ResizeImage(job_id=new_job_id(), source="uploads/a.jpg")
    online = WorkerOnline(worker="worker-1", slots=1)
    async with (
        opened(Publisher(url(node, FRONTEND), service="frontend")) as frontend,
        opened(log),
        opened(Publisher(url(node, WORKER), service="worker-1")) as worker,
        opened(DeliverySlots(url(node, WORKER), service="worker-1", consumers=[CONSUMER, OTHER])) as slots,
        asyncio.timeout(WITHIN_S),
    ):
        await frontend.publish_command(command)
        assert (await frontend.count_queue()).consumers == 1
        delivery = await slots.take(CONSUMER)
        assert decode_command(delivery.body) == command
        await delivery.acknowledge()
        assert await worker.publish_event(online)
        assert await events.get() == online


async def test_a_worker_can_give_a_command_up_in_both_ways(node: BrokerNode) -> None:
    async with (
        opened(Publisher(url(node, FRONTEND), service="frontend")) as frontend,
        opened(Publisher(url(node, WORKER), service="worker-1")) as worker,
        opened(DeliverySlots(url(node, WORKER), service="worker-1", consumers=[CONSUMER])) as slots,
        asyncio.timeout(WITHIN_S),
    ):
        await frontend.publish_command(ResizeImage(job_id=new_job_id(), source="uploads/a.jpg"))
        delivery = await slots.take(CONSUMER)
        await worker.publish_dead_letter(b"by the worker", lane="bulk", reason="of no use", headers={})
        await delivery.bury()
    bodies = [await dead_letter(node), await dead_letter(node)]
    assert b"by the worker" in bodies
    assert delivery.body in bodies


async def test_a_worker_can_put_a_command_on_every_rung_of_the_ladder(node: BrokerNode) -> None:
    sent = ResizeImage(job_id=new_job_id(), source="uploads/a.jpg")
    async with (
        opened(Publisher(url(node, WORKER), service="worker-1", rungs=DEFAULT_LADDER)) as worker,
        opened(DeliverySlots(url(node, WORKER), service="worker-1", consumers=[CONSUMER])) as slots,
        asyncio.timeout(WITHIN_S),
    ):
        for rung in DEFAULT_LADDER:
            await worker.publish_retry(sent, rung)
        delivery = await slots.take(CONSUMER)  # from the first of them, after 2 seconds
        await delivery.acknowledge()
    assert decode_command(delivery.body) == sent


async def test_a_worker_sends_a_webhook_that_a_frontend_takes_puts_on_every_rung_or_gives_up(
    node: BrokerNode,
) -> None:
    sent = DeliverWebhook(job_id=new_job_id())
    async with (
        opened(Publisher(url(node, WORKER), service="worker-1")) as worker,
        opened(Publisher(url(node, FRONTEND), service="frontend", rungs=DEFAULT_WEBHOOK_LADDER)) as frontend,
        opened(WebhookDeliveries(url(node, FRONTEND), service="frontend", prefetch=1)) as deliveries,
        asyncio.timeout(WITHIN_S),
    ):
        await worker.publish_webhook(sent)
        delivery = await deliveries.take()
        for rung in DEFAULT_WEBHOOK_LADDER:
            await frontend.publish_webhook(sent, rung)
        await delivery.bury()
    assert decode_webhook(delivery.body) == sent
    assert await dead_letter(node, WEBHOOK_DEAD) == delivery.body


async def dead_letter(node: BrokerNode, of: topology.Queue = RESIZE_DEAD) -> bytes:
    """The next dead letter, taken away by the operator."""
    async with await aio_pika.connect(url(node, OPERATOR)) as connection:
        queue = await (await connection.channel()).declare_queue(of.name, passive=True)
        async with asyncio.timeout(WITHIN_S), queue.iterator() as messages:
            message = await anext(messages)
            await message.ack()
            return message.body


async def consume(queue: topology.Queue, channel: AbstractChannel) -> None:
    await channel.set_qos(prefetch_count=1)
    asked = await channel.get_queue(queue.name, ensure=False)
    await asked.consume(ignore)


async def ignore(_: AbstractIncomingMessage) -> None:
    """For a consumer that is not to be."""


async def purge(queue: topology.Queue, channel: AbstractChannel) -> None:
    await (await channel.get_queue(queue.name, ensure=False)).purge()


async def publish(exchange: topology.Exchange, channel: AbstractChannel) -> None:
    asked = await channel.get_exchange(exchange.name, ensure=False)
    await asked.publish(aio_pika.Message(b"{}"), topology.RESIZE_KEY)


async def publish_past_the_exchanges(channel: AbstractChannel) -> None:
    await channel.default_exchange.publish(aio_pika.Message(b"{}"), INTERACTIVE.name)


async def bind(queue: topology.Queue, exchange: topology.Exchange, channel: AbstractChannel) -> None:
    await (await channel.get_queue(queue.name, ensure=False)).bind(exchange.name, "#")


async def unbind(queue: topology.Queue, exchange: topology.Exchange, channel: AbstractChannel) -> None:
    await (await channel.get_queue(queue.name, ensure=False)).unbind(exchange.name, topology.RESIZE_KEY)


async def declare_a_queue(channel: AbstractChannel) -> None:
    await channel.declare_queue("one-more", durable=True, arguments={"x-queue-type": "quorum"})


async def delete_queue(queue: topology.Queue, channel: AbstractChannel) -> None:
    await (await channel.get_queue(queue.name, ensure=False)).delete(if_unused=False, if_empty=False)


async def delete_exchange(exchange: topology.Exchange, channel: AbstractChannel) -> None:
    await channel.exchange_delete(exchange.name)


REFUSED_TO_THE_FRONTEND: dict[str, Action] = {
    "takes commands": partial(consume, INTERACTIVE),
    "takes dead letters": partial(consume, RESIZE_DEAD),
    "empties the queue": partial(purge, INTERACTIVE),
    "puts commands on the ladder": partial(publish, RUNG.exchange),
}
REFUSED_TO_WORKERS: dict[str, Action] = {
    "publishes commands": partial(publish, IMAGES),
    "takes dead letters": partial(consume, RESIZE_DEAD),
    "empties the dead letters": partial(purge, RESIZE_DEAD),
}
REFUSED_TO_BOTH: dict[str, Action] = {
    "publishes past the exchanges": publish_past_the_exchanges,
    "makes a queue": declare_a_queue,
    "deletes the queue": partial(delete_queue, INTERACTIVE),
    "deletes the dead letters": partial(delete_queue, RESIZE_DEAD),
    "deletes the log": partial(delete_queue, EVENT_LOG),
    "takes commands from the ladder": partial(consume, RUNG.queue),
    "empties a rung": partial(purge, RUNG.queue),
    "deletes a rung": partial(delete_queue, RUNG.queue),
    "unbinds a rung": partial(unbind, RUNG.queue, RUNG.exchange),
    "deletes an exchange": partial(delete_exchange, IMAGES),
    "binds events to the queue": partial(bind, INTERACTIVE, EVENTS),
    "unbinds the queue": partial(unbind, INTERACTIVE, IMAGES),
    "unbinds the dead letters": partial(unbind, RESIZE_DEAD, DEAD_IMAGES),
    "unbinds the log": partial(unbind, EVENT_LOG, EVENTS),
}
REFUSALS = [
    pytest.param(user, action, id=f"{user.name} {what}")
    for user, special in ((FRONTEND, REFUSED_TO_THE_FRONTEND), (WORKER, REFUSED_TO_WORKERS))
    for what, action in (special | REFUSED_TO_BOTH).items()
]


@pytest.mark.parametrize(("channel", "action"), REFUSALS, indirect=["channel"])
async def test_what_is_not_a_users_work_is_refused(channel: AbstractChannel, action: Action) -> None:
    with pytest.raises(ChannelClosed, match="ACCESS_REFUSED"):
        async with asyncio.timeout(WITHIN_S):
            await action(channel)


@pytest.mark.parametrize("channel", [OPERATOR], indirect=True)
async def test_the_topology_that_is_imported_is_the_one_that_is_declared(channel: AbstractChannel) -> None:
    # Declaring something that is there with other properties is a PRECONDITION_FAILED.
    for exchange in (*topology.EXCHANGES, *(rung.exchange for rung in DEFAULT_LADDER)):
        await channel.declare_exchange(exchange.name, exchange.kind, durable=True)
    for queue in (*topology.QUEUES, *(rung.queue for rung in DEFAULT_LADDER)):
        await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))


async def test_the_broker_starts_again_with_what_it_has(node: BrokerNode) -> None:
    async with opened(Publisher(url(node, FRONTEND), service="frontend")) as frontend:
        await frontend.publish_command(ResizeImage(job_id=new_job_id(), source="uploads/a.jpg"))
    node.restart()
    async with (
        opened(DeliverySlots(url(node, WORKER), service="worker-1", consumers=[CONSUMER])) as slots,
        asyncio.timeout(WITHIN_S),
    ):
        await (await slots.take(CONSUMER)).acknowledge()


async def test_nobody_comes_in_as_guest(node: BrokerNode) -> None:
    with pytest.raises(ProbableAuthenticationError):
        await aio_pika.connect(node.amqp_url)


def test_the_operator_finds_the_policies_in_the_console(node: BrokerNode) -> None:
    shown = {
        policy["name"]: policy for policy in management.call(node, "GET", "/policies/%2F", user=OPERATOR.name)
    }
    assert shown == {policy["name"]: policy for policy in json.loads(COMMITTED.read_text())["policies"]}


@pytest.mark.parametrize("user", [FRONTEND, WORKER])
def test_services_do_not_get_into_the_console(node: BrokerNode, user: User) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        management.call(node, "GET", "/queues", user=user.name)
    assert refused.value.code == http.HTTPStatus.UNAUTHORIZED
    refused.value.close()
