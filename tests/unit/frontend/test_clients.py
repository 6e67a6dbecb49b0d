"""Who sends a request, and what is done about those who may not."""

import asyncio
import socket
import struct
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
import uvloop
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from frontend.client import Allowance
from frontend.clients import Clients
from frontend.errors import LocalOnly
from tests.eventually import eventually

ALLOWANCE = Allowance(requests=60, bytes=6000)
NO_HEADERS: Mapping[str, str] = {}
HERE = ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1", None]
NAMES_OF_HERE = ["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000", "my.localhost"]
ELSEWHERE = ["203.0.113.7", "192.168.1.2", "2001:db8::1", "::ffff:192.168.1.2", "fe80::1%eth0"]
NAMES_OF_OTHERS = ["rebound.example", "rebound.example:5000", "192.168.1.2", "localhost.example", ""]
NO_NAMES = ["localhost:99999", "localhost:x", "localhost:5000@rebound.example", "localhost/"]
AWAY = "203.0.113.7"


class Transport:
    """The connection of somebody at this address."""

    def __init__(self, address: str | None) -> None:
        family = socket.AF_INET if address else socket.AF_UNIX
        self._known = {
            "peername": (address, 40000) if address else "",
            "socket": SimpleNamespace(family=family),
        }

    def get_extra_info(self, name: str, default: object = None) -> object:
        return self._known.get(name, default)


def name_of(
    address: str | None,
    *,
    anyone: bool = False,
    host: str = "localhost:5000",
    headers: Mapping[str, str] = NO_HEADERS,
) -> str:
    """As whom somebody at this address is counted."""
    clients = Clients(None, serves_anyone=anyone, allowance=ALLOWANCE)
    request = make_mocked_request("GET", "/", {"Host": host, **headers}, transport=Transport(address))
    client = clients.of(request)
    assert client.sees_all
    assert client.owner is None
    assert client.allowance == ALLOWANCE
    return client.name


@pytest.mark.parametrize("address", HERE)
@pytest.mark.parametrize("host", NAMES_OF_HERE)
def test_without_keys_this_machine_is_served(address: str | None, host: str) -> None:
    assert name_of(address, host=host)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_without_keys_no_other_machine_is_served(address: str) -> None:
    with pytest.raises(LocalOnly):
        name_of(address)
    assert name_of(address, anyone=True)


@pytest.mark.parametrize("header", ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP"])
def test_without_keys_nobody_is_served_on_behalf_of_whom_a_proxy_asks(header: str) -> None:
    with pytest.raises(LocalOnly):
        name_of("127.0.0.1", headers={header: AWAY})


@pytest.mark.parametrize("host", NAMES_OF_OTHERS + NO_NAMES)
def test_without_keys_nobody_is_served_under_a_name_that_may_be_led_here(host: str) -> None:
    with pytest.raises(LocalOnly):
        name_of("127.0.0.1", host=host)


def test_without_keys_nobody_is_served_who_resets_the_connection_to_have_no_address() -> None:
    clients = Clients(None, serves_anyone=False, allowance=ALLOWANCE)
    served: list[bool] = []

    async def handler(request: web.Request) -> web.Response:
        assert request.remote is None
        try:
            clients.of(request)
            served.append(True)
        except LocalOnly:
            served.append(False)
        return web.Response()

    async def send_and_reset() -> None:
        app = web.Application()
        app.router.add_post("/", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        with socket.create_connection(runner.addresses[0]) as sender:
            sender.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        await eventually(lambda: served)
        await runner.cleanup()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        loop.run(send_and_reset())
    assert served == [False]


def test_addresses_of_one_network_of_ipv6_are_one_client() -> None:
    here, there = (name_of(f"2001:db8:0:1::{end}", anyone=True) for end in ("1", "ffff"))

    assert here == there
    assert name_of("2001:db8:0:2::1", anyone=True) != here
    assert name_of(AWAY, anyone=True) == f"address {AWAY}"
