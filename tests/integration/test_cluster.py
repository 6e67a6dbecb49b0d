"""Three nodes, of which one after another dies: nothing is lost, and nobody is away for long."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator

import pytest

from pipeline import topology
from pipeline.broker import DeliverySlots, Publisher, PublishUncertain, consumers_of
from pipeline.broker import link as link_module
from pipeline.errors import BrokerUnavailable
from pipeline.ids import JobId, new_job_id
from pipeline.messages import ResizeImage
from tests import management
from tests.broker_cluster import SIZE, BrokerCluster, ClusterNode
from tests.eventually import WITHIN_S, eventually
from tests.integration.trio import Trio
from tests.links import opened

SERVICE = "cluster-test"
BACK_WITHIN_S = 20.0
AT_REST = 50
UNLED = (BrokerUnavailable, PublishUncertain)
"""A queue without a leader refuses on RabbitMQ 3.10; later ones say nothing."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerCluster]:
    with BrokerCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture
async def cluster(running: BrokerCluster) -> AsyncIterator[BrokerCluster]:
    """Three nodes, all up, with every queue on each of them."""
    async with opened(Publisher(running.amqp_url, service="first")):
        await running.replicated()
    yield running
    for number, node in enumerate(running.nodes):
        if not node.is_running:
            await asyncio.to_thread(running.start_node, number)


async def test_every_queue_and_the_log_are_on_all_nodes(cluster: BrokerCluster) -> None:
    names = {node.name for node in cluster.nodes}

    for queue in topology.QUEUES:
        shown = management.queue(cluster.nodes[0], queue.name)
        assert (shown["name"], set(shown["members"])) == (queue.name, names)


async def publish_for(trio: Trio, stop: asyncio.Event) -> set[JobId]:
    """Publish one command after another; those that were confirmed."""
    confirmed = set()
    while not stop.is_set():
        confirmed.add(await trio.publish())
    return confirmed


async def test_what_is_confirmed_while_one_node_after_another_dies_is_all_consumed(
    cluster: BrokerCluster,
) -> None:
    confirmed: set[JobId] = set()
    async with Trio(cluster.amqp_url, service=SERVICE) as trio:
        for _ in range(AT_REST):
            await trio.publisher.publish_dead_letter(
                b"nobody takes this", lane="bulk", reason="a test", headers={}
            )
        for number in range(SIZE):
            stop = asyncio.Event()
            publishing = asyncio.create_task(publish_for(trio, stop))
            await cluster.replicated()

            killed = time.monotonic()
            await asyncio.to_thread(cluster.kill, number)
            await trio.works()
            away_s = time.monotonic() - killed
            await asyncio.to_thread(cluster.start_node, number)
            stop.set()

            confirmed |= await publishing
            assert away_s < BACK_WITHIN_S
        for job_id in confirmed:
            await trio.comes(job_id)
    await eventually(lambda: management.queue(cluster.nodes[0], "resize.dead").get("messages") == AT_REST)


async def test_a_queue_without_a_leader_is_not_a_full_one_and_is_used_as_soon_as_it_has_one(
    cluster: BrokerCluster,
) -> None:
    leader = management.queue(cluster.nodes[0], topology.INTERACTIVE.name)["leader"]
    dead = next(number for number, node in enumerate(cluster.nodes) if node.name == leader)
    alone, helper = (number for number in range(SIZE) if number != dead)
    for number in (dead, helper):
        await asyncio.to_thread(cluster.kill, number)
    command = ResizeImage(job_id=new_job_id(), source="uploads/x")

    async with opened(Publisher(cluster.nodes[alone].amqp_url, service=SERVICE)) as publisher:
        # Twice: what the first one leaves behind is what the channel remembers.
        for _ in range(2):
            with pytest.raises(UNLED):
                await publisher.publish_command(command)

        await asyncio.to_thread(cluster.start_node, helper)

        async def is_confirmed() -> bool:
            try:
                await publisher.publish_command(command)
            except UNLED:
                return False
            return True

        await eventually(is_confirmed)
        assert publisher.link.sessions == 1


def connections_to(node: ClusterNode) -> set[str]:
    """The names, each with a port of its own, of this test's connections to a node."""
    return {
        connection["name"]
        for connection in management.call(node, "GET", "/connections")
        if connection.get("client_properties", {}).get("connection_name", "").startswith(SERVICE)
    }


async def test_a_node_whose_queues_have_no_leader_is_tried_again_and_again(
    cluster: BrokerCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_module, "CONNECT_TIMEOUT_S", 1.5)
    monkeypatch.setattr(link_module, "CLOSE_TIMEOUT_S", 1.0)
    alone, others = cluster.nodes[0], range(1, SIZE)
    for number in others:
        await asyncio.to_thread(cluster.kill, number)
    slots = DeliverySlots(alone.amqp_url, service=SERVICE, consumers=consumers_of([f"{SERVICE}.slot-1"]))
    slots.link.start()
    try:
        first = await eventually(lambda: connections_to(alone))
        await eventually(lambda: connections_to(alone) - first)
        assert not slots.link.is_open

        # Together: with one of two others there is a majority, and the second then finds its place.
        await asyncio.gather(*(asyncio.to_thread(cluster.start_node, number) for number in others))

        await slots.link.wait_open(WITHIN_S)
        await eventually(lambda: len(connections_to(alone)) == 1)
    finally:
        await slots.link.close()
