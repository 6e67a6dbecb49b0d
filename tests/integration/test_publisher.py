"""Publishing to a real broker: what is confirmed is there, and what is not there is an error."""

import asyncio
import json

import aio_pika
import pytest

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from pipeline.broker import Publisher
from pipeline.broker import publisher as publisher_module
from pipeline.broker.publisher import EVENT_TIMEOUT_S
from pipeline.errors import BrokerUnavailable, QueueFull
from pipeline.ids import new_job_id
from pipeline.messages import ResizeImage, WorkerOffline
from tests import management
from tests.eventually import WITHIN_S, eventually
from tests.lanes import INTERACTIVE
from tests.links import opened

SERVICE = "publisher-test"


def command() -> ResizeImage:
    job_id = new_job_id()
    return ResizeImage(job_id=job_id, source=f"uploads/2026-11-24/{job_id}/a.jpg")


async def test_a_command_is_in_the_queue_when_publishing_returns(node: BrokerNode, amqp_url: str) -> None:
    sent = command()
    async with opened(Publisher(amqp_url, service=SERVICE)) as publisher:
        await publisher.publish_command(sent)
        counts = await publisher.count_queue()

    [message] = management.messages(node, INTERACTIVE)
    assert counts.ready == 1
    assert json.loads(message["payload"])["job_id"] == sent.job_id
    assert message["properties"]["delivery_mode"] == 2
    assert message["properties"]["content_type"] == "application/json"
    assert message["properties"]["correlation_id"] == sent.job_id
    # Two in flight with the same one would get each other's confirm, so it is never the job's.
    assert message["properties"].get("message_id") != sent.job_id


async def test_commands_in_flight_together_are_all_stored(amqp_url: str) -> None:
    async with opened(Publisher(amqp_url, service=SERVICE)) as publisher:
        await asyncio.gather(*(publisher.publish_command(command()) for _ in range(200)))

        assert (await publisher.count_queue()).ready == 200


async def test_an_event_waits_for_a_link_that_is_just_opening(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "EVENT_TIMEOUT_S", WITHIN_S)
    publisher = Publisher(amqp_url, service=SERVICE)
    publisher.link.start()
    try:
        assert await publisher.publish_event(WorkerOffline(worker="a"))
    finally:
        await publisher.link.close()


async def test_a_dead_letter_waits_for_a_link_that_takes_long_to_open(
    node: BrokerNode, amqp_url: str
) -> None:
    publisher = Publisher(amqp_url, service=SERVICE)
    publishing = asyncio.create_task(
        publisher.publish_dead_letter(b"garbage", lane="bulk", reason="no command", headers={})
    )
    await asyncio.wait([publishing], timeout=1.1 * EVENT_TIMEOUT_S)
    publisher.link.start()
    try:
        await publishing
    finally:
        await publisher.link.close()

    [message] = management.messages(node, "resize.dead")
    assert message["properties"]["headers"]["reason"] == "no command"


@pytest.mark.parametrize("lost", ["binding", "queue"])
async def test_a_command_that_no_queue_takes_has_its_queue_bound_anew(node: BrokerNode, lost: str) -> None:
    with management.virtual_host(node, "unbound") as url:
        async with opened(Publisher(url, service=SERVICE)) as publisher:
            queue = f"/queues/unbound/{INTERACTIVE}"
            binding = f"/bindings/unbound/e/images/q/{INTERACTIVE}/{INTERACTIVE}"
            management.call(node, "DELETE", queue if lost == "queue" else binding)

            await asyncio.gather(*(publisher.publish_command(command()) for _ in range(5)))

            assert (await publisher.count_queue()).ready == 5


async def test_a_queue_that_was_made_and_never_bound_is_bound_with_the_first_command(
    node: BrokerNode,
) -> None:
    with management.virtual_host(node, "half-made") as url:
        async with await aio_pika.connect(url) as connection, connection.channel() as channel:
            for exchange in topology.EXCHANGES:
                await channel.declare_exchange(exchange.name, exchange.kind, durable=True)
            for queue in topology.QUEUES:
                await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))

        async with opened(Publisher(url, service=SERVICE)) as publisher:
            await publisher.publish_command(command())

            assert (await publisher.count_queue()).ready == 1


async def test_a_command_is_an_error_that_no_queue_takes_and_none_may_be_bound(node: BrokerNode) -> None:
    with management.virtual_host(node, "unroutable") as url:
        async with opened(Publisher(url, service=SERVICE)) as publisher:
            management.call(node, "DELETE", f"/queues/unroutable/{INTERACTIVE}")
            management.permit_to_configure(node, "unroutable", "^$")

            with pytest.raises(BrokerUnavailable, match=r"No queue takes 'resize\.interactive'"):
                await publisher.publish_command(command())

            assert publisher.link.is_open


async def test_a_full_queue_is_an_error_and_drops_nothing(node: BrokerNode) -> None:
    with management.virtual_host(node, "full") as url:
        async with opened(Publisher(url, service=SERVICE)) as publisher:
            policy = {"pattern": f"^{INTERACTIVE}$", "definition": {"max-length": 1}, "apply-to": "queues"}
            management.call(node, "PUT", "/policies/full/short", policy)
            await eventually(
                lambda: management.queue(node, INTERACTIVE, vhost="full").get("policy") == "short"
            )

            async def is_refused() -> bool:
                try:
                    await publisher.publish_command(command())
                except QueueFull:
                    return True
                return False

            await eventually(is_refused)
            assert (await publisher.count_queue()).ready >= 1


async def test_without_a_broker_a_command_fails_at_once_and_an_event_soon(unused_tcp_port: int) -> None:
    publisher = Publisher(f"amqp://guest:guest@127.0.0.1:{unused_tcp_port}/", service=SERVICE)
    publisher.link.start()
    try:
        async with asyncio.timeout(1):
            with pytest.raises(BrokerUnavailable):
                await publisher.publish_command(command())
        async with asyncio.timeout(2 * EVENT_TIMEOUT_S):
            assert not await publisher.publish_event(WorkerOffline(worker="w"))
    finally:
        await publisher.link.close()


async def test_a_closed_connection_is_opened_again(node: BrokerNode, amqp_url: str) -> None:
    async with opened(Publisher(amqp_url, service=SERVICE)) as publisher:
        await eventually(lambda: management.close_connections(node, name_contains=SERVICE))

        await eventually(lambda: publisher.link.sessions == 2)
        await publisher.publish_command(command())


async def test_a_broker_that_came_back_empty_is_given_its_queues_again(node: BrokerNode) -> None:
    with management.virtual_host(node, "wiped") as url:
        async with opened(Publisher(url, service=SERVICE)) as publisher:
            for queue in topology.QUEUES:
                management.call(node, "DELETE", f"/queues/wiped/{queue.name}")
            await eventually(lambda: management.close_connections(node, name_contains=SERVICE))

            await eventually(lambda: publisher.link.sessions == 2)
            await publisher.publish_command(command())
            assert (await publisher.count_queue()).ready == 1


async def test_a_dead_letter_carries_its_reason(node: BrokerNode, amqp_url: str) -> None:
    async with opened(Publisher(amqp_url, service=SERVICE)) as publisher:
        await publisher.publish_dead_letter(
            b"\x00garbage", lane="interactive", reason="not JSON", headers={"worker": "w"}
        )

    [message] = management.messages(node, "resize.dead")
    headers = message["properties"]["headers"]
    assert (headers["reason"], headers["worker"]) == ("not JSON", "w")


async def test_the_connection_is_found_by_its_name_in_the_console(node: BrokerNode, amqp_url: str) -> None:
    def names() -> list[str]:
        connections = management.call(node, "GET", "/connections")
        return [connection["client_properties"].get("connection_name", "") for connection in connections]

    async with opened(Publisher(amqp_url, service=SERVICE)):
        assert await eventually(lambda: [name for name in names() if name.startswith(f"{SERVICE} ")])


async def test_a_publisher_that_is_closed_leaves_no_connection(node: BrokerNode, amqp_url: str) -> None:
    async with opened(Publisher(amqp_url, service=SERVICE)) as publisher:
        connection = publisher.link.open_connection()
        assert isinstance(connection, aio_pika.abc.AbstractConnection)

    assert connection.is_closed
