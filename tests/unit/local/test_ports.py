"""Free ports: taken ones are passed over, and no two who ask get the same."""

import socket
from collections.abc import Iterator

import pytest

from deploy.local.broker_files import NodePorts
from deploy.local.ports import NoFreePort, Ports, is_free


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def test_a_free_port_is_taken_as_wanted(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()

    with Ports() as ports:
        assert ports.take(port) == port


def test_a_port_that_somebody_listens_on_is_passed_over(listener: socket.socket) -> None:
    with Ports() as ports:
        assert ports.take(port_of(listener)) > port_of(listener)


def test_a_port_taken_on_the_other_address_of_localhost_is_passed_over() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    with socket.create_server(("::1", 0), family=socket.AF_INET6) as server, Ports() as ports:
        assert ports.take(port_of(server)) > port_of(server)


def test_two_who_ask_for_the_same_port_before_they_listen_get_different_ones(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()

    with Ports() as ports, Ports() as others:
        assert ports.take(port) == port
        assert others.take(port) != port


def test_a_port_is_there_for_others_again_once_closed(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()

    with Ports() as ports:
        ports.take(port)
    with Ports() as others:
        assert others.take(port) == port


def test_a_connection_closed_a_moment_ago_does_not_make_a_port_taken(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        # The side that closes first keeps the address for a while (TIME_WAIT).
        accepted.close()
        client.recv(1)
    port = port_of(listener)
    listener.close()

    assert is_free(port)


def sharing(port: int) -> socket.socket:
    """What listens as a frontend does that shares its port."""
    return socket.create_server(("127.0.0.1", port), reuse_port=True)


def test_a_shared_port_is_for_all_who_share_it_and_taken_for_others(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()

    with Ports() as ports:
        assert ports.take_shared(port) == port
        assert not is_free(port), "also before the first of ours listens"
        with sharing(port), sharing(port):
            assert not is_free(port)
    assert is_free(port)


def test_a_port_that_somebody_else_shares_is_passed_over(listener: socket.socket) -> None:
    port = port_of(listener)
    listener.close()

    with sharing(port), Ports() as ports:
        assert ports.take_shared(port) > port


def test_when_there_is_none_left_it_says_so() -> None:
    with Ports() as ports, pytest.raises(NoFreePort, match="no free port from 70000"):
        ports.take(70_000)


def test_a_node_gets_four_different_ports() -> None:
    with Ports() as taken:
        ports = NodePorts.anywhere(taken)

    assert len({ports.amqp, ports.management, ports.distribution, ports.epmd}) == 4
