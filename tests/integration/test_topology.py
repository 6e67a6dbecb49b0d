"""Declaring what the pipeline needs."""

import aio_pika
import pytest
from aio_pika.exceptions import ChannelPreconditionFailed

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from tests import management

RUNGS = topology.ladder((0.5, 7.0))


async def test_an_empty_broker_gets_everything_with_its_arguments(node: BrokerNode) -> None:
    with management.virtual_host(node, "empty") as url:
        async with await aio_pika.connect(url) as connection:
            await topology.declare(connection, RUNGS)

        for queue in (*topology.QUEUES, *(rung.queue for rung in RUNGS)):
            shown = management.queue(node, queue.name, vhost="empty")
            assert shown["durable"]
            assert shown["arguments"] == dict(queue.arguments)
            bindings = management.call(node, "GET", f"/queues/empty/{queue.name}/bindings")
            assert {
                (binding["source"], binding["routing_key"]) for binding in bindings if binding["source"]
            } == {(binding.exchange, binding.routing_key) for binding in queue.bindings}


async def test_declaring_again_changes_nothing(node: BrokerNode) -> None:
    with management.virtual_host(node, "again") as url:
        async with await aio_pika.connect(url) as connection:
            await topology.declare(connection)
            await topology.declare(connection)

        assert len(management.call(node, "GET", "/queues/again")) == len(topology.QUEUES)


async def test_a_service_that_may_configure_nothing_runs_on_a_prepared_broker(node: BrokerNode) -> None:
    with management.virtual_host(node, "prepared") as url:
        async with await aio_pika.connect(url) as connection:
            await topology.declare(connection)
        management.permit_to_configure(node, "prepared", "^$")

        async with await aio_pika.connect(url) as connection:
            await topology.declare(connection)


async def test_a_queue_with_other_arguments_is_an_error_that_says_so(node: BrokerNode) -> None:
    with management.virtual_host(node, "other") as url:
        async with await aio_pika.connect(url) as connection:
            async with connection.channel() as channel:
                await channel.declare_queue("resize.bulk", durable=True)

            with pytest.raises(ChannelPreconditionFailed, match=r"resize\.bulk"):
                await topology.declare(connection)
