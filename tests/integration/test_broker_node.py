"""The private RabbitMQ node: up, only on this machine, gone when stopped, and its data outlives a kill."""

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import aio_pika
import psutil
import pytest

from deploy.local import leftover_node
from deploy.local.broker_files import NodePorts
from deploy.local.broker_node import BrokerNode, NodeFailed
from deploy.local.ports import Ports
from tests.broker_cluster import has_saved
from tests.eventually import eventually
from tests.management import call


@pytest.fixture(scope="module")
def own_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerNode]:
    """A node that tests may stop and kill, as long as they leave it running."""
    with BrokerNode(tmp_path_factory.mktemp("own")) as running:
        yield running


def family(node: BrokerNode) -> list[psutil.Process]:
    """The node, what it has started, and its port mapper."""
    process = psutil.Process(node.pid)
    mappers = [
        child
        for child in psutil.Process().children()
        if child.name() == "epmd" and str(node.ports.epmd) in child.cmdline()
    ]
    return [process, *process.children(recursive=True), *mappers]


async def messages_in(node: BrokerNode, queue: str) -> int | None:
    async with await aio_pika.connect(node.amqp_url) as connection, connection.channel() as channel:
        declared = await channel.declare_queue(queue, passive=True)
        return declared.declaration_result.message_count


async def test_clients_are_served(node: BrokerNode) -> None:
    async with await aio_pika.connect(node.amqp_url) as connection:
        assert connection.connected.is_set()


def test_the_console_is_served_with_its_login(node: BrokerNode) -> None:
    with urllib.request.urlopen(node.management_url, timeout=10) as page:
        assert b"RabbitMQ Management" in page.read()
    assert call(node, "GET", "/whoami")["name"] == "guest"


def test_nothing_of_it_can_be_reached_from_another_machine(node: BrokerNode) -> None:
    listening = [
        connection.laddr
        for process in family(node)
        for connection in process.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    ]

    ports = {node.ports.amqp, node.ports.management, node.ports.distribution, node.ports.epmd}
    assert {port for _, port in listening} == ports
    assert {address for address, _ in listening} <= {"127.0.0.1", "::1"}


def test_all_its_files_are_in_its_folder_and_nobody_else_reads_its_cookie(own_node: BrokerNode) -> None:
    cookie = own_node.folder / ".erlang.cookie"

    assert cookie.stat().st_mode & 0o077 == 0
    assert (own_node.folder / "data").is_dir()


async def test_a_message_outlives_a_kill_of_the_node(own_node: BrokerNode) -> None:
    async with await aio_pika.connect(own_node.amqp_url) as connection, connection.channel() as channel:
        await channel.declare_queue("kept", durable=True, arguments={"x-queue-type": "quorum"})
        await channel.default_exchange.publish(aio_pika.Message(b"work"), "kept")

    await eventually(lambda: has_saved(own_node, "kept"))
    own_node.kill()
    own_node.start()

    assert await eventually(lambda: messages_in(own_node, "kept")) == 1


def test_a_node_that_was_left_behind_is_ended_before_its_data_is_used(
    own_node: BrokerNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It does not stop by itself, since we who own it are still there.
    monkeypatch.setattr(leftover_node, "STOP_WITHIN_S", 0.2)
    left_behind = psutil.Process(own_node.pid)
    next_one = BrokerNode(own_node.folder, own_node.ports)
    try:
        next_one.start()

        assert not left_behind.is_running() or left_behind.status() == psutil.STATUS_ZOMBIE
        assert next_one.is_up()
    finally:
        next_one.stop()
        own_node.kill()
        own_node.start()


def test_a_stopped_node_leaves_no_process(own_node: BrokerNode) -> None:
    processes = family(own_node)
    assert len(processes) > 2

    own_node.stop()

    gone, alive = psutil.wait_procs(processes, timeout=3)
    own_node.start()
    assert not alive, gone


def test_the_ports_of_a_node_are_nobody_elses_until_it_ends_for_good(own_node: BrokerNode) -> None:
    own_node.stop()
    with Ports() as others:
        assert others.take(own_node.ports.amqp) != own_node.ports.amqp

    own_node.start()


def test_a_node_that_cannot_start_says_why_and_leaves_no_process(tmp_path: Path) -> None:
    with (
        Ports() as ports,
        socket.create_server(("127.0.0.1", (taken := NodePorts.anywhere(ports)).amqp)),
        pytest.raises(NodeFailed, match="eaddrinuse") as error,
    ):
        BrokerNode(tmp_path, taken).start()

    assert str(tmp_path / "log") in str(error.value)
    assert not [
        child for child in psutil.Process().children() if str(tmp_path) in child.environ().get("HOME", "")
    ]
