"""Whatever ends a connection, a channel or a consumer: the parts of a service come back by themselves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

import pytest

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from tests import management
from tests.broker_cluster import has_saved
from tests.eventually import eventually
from tests.integration.trio import Trio

BACK_WITHIN_S = 15.0
SERVICE = "back-test"

Fault = Callable[[BrokerNode, Trio], Awaitable[object]]


@pytest.fixture(scope="module")
def own_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerNode]:
    """A node that tests may stop and kill, as long as they leave it running."""
    with BrokerNode(tmp_path_factory.mktemp("own")) as running:
        yield running


@pytest.fixture
async def trio(own_node: BrokerNode) -> AsyncIterator[Trio]:
    """All three parts, at work."""
    async with Trio(own_node.amqp_url, service=SERVICE) as trio:
        await trio.works()
        yield trio


async def close_connections(node: BrokerNode, trio: Trio) -> None:
    """An operator closes them in the console, which shows them a moment late."""
    closed = 0
    while closed < len(trio.links):
        closed += await asyncio.to_thread(management.close_connections, node, name_contains=SERVICE)


async def break_the_protocol(_: BrokerNode, trio: Trio) -> None:
    """Acknowledge what has never been delivered: the broker closes the channel with 406."""
    for link in trio.links:
        transport = link.open_connection().transport
        assert transport is not None
        for channel in list(transport.connection.channels.values()):
            if channel is not None:
                await channel.basic_ack(4711)


async def restart(node: BrokerNode, _: Trio) -> None:
    await asyncio.to_thread(node.restart)


async def kill_and_start(node: BrokerNode, _: Trio) -> None:
    await eventually(lambda: has_saved(node, topology.INTERACTIVE.name))
    await asyncio.to_thread(node.kill)
    await asyncio.to_thread(node.start)


@pytest.mark.parametrize(
    "fault",
    [close_connections, break_the_protocol, restart, kill_and_start],
    ids=lambda fault: fault.__name__,
)
async def test_after_a_fault_all_three_are_back_with_their_consumers(
    own_node: BrokerNode, trio: Trio, fault: Fault
) -> None:
    await fault(own_node, trio)

    async with asyncio.timeout(BACK_WITHIN_S):
        await eventually(lambda: all(link.sessions >= 2 for link in trio.links), BACK_WITHIN_S)
        await trio.works()


async def test_those_whose_consumer_was_cancelled_take_again_from_the_new_queue(
    own_node: BrokerNode, trio: Trio
) -> None:
    for queue in (topology.INTERACTIVE, topology.EVENT_LOG):
        management.call(own_node, "DELETE", f"/queues/%2F/{queue.name}")

    async with asyncio.timeout(BACK_WITHIN_S):
        await eventually(lambda: trio.slots.link.sessions == trio.log.link.sessions == 2, BACK_WITHIN_S)
        trio.log.rewind()
        await trio.works()


async def test_while_the_broker_is_away_no_part_counts_as_open(own_node: BrokerNode, trio: Trio) -> None:
    await asyncio.to_thread(own_node.stop)
    try:
        await eventually(lambda: not any(link.is_open for link in trio.links), 1.0)
    finally:
        await asyncio.to_thread(own_node.start)
