"""Names that others send are looked up in threads for which nothing else waits."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from frontend.checked_resolver import CheckedResolver
from frontend.system_names import AT_ONCE, SystemNames
from pipeline.errors import UrlNotAllowed
from pipeline.public_addresses import AddressRule


class SilentServers:
    """Those of the names that begin with `silent` do not answer until they are `released`."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.asked: list[str] = []
        self._look_up = socket.getaddrinfo

    def look_up(self, host: str, *arguments: Any, **named: Any) -> Any:
        """Stands in for that of the system."""
        self.asked.append(host)
        if host.startswith("silent"):
            self.released.wait(20)
            raise socket.gaierror("no answer")
        return self._look_up(host, *arguments, **named)


@pytest.fixture
def servers(monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentServers]:
    """Stand in for the name servers of the system, and are released in any case."""
    servers = SilentServers()
    monkeypatch.setattr("socket.getaddrinfo", servers.look_up)
    yield servers
    servers.released.set()


async def test_names_whose_servers_keep_silent_hold_up_nothing_else(servers: SilentServers) -> None:
    """Neither what goes by the threads of the loop, as files do, nor the name of the broker."""
    resolver = CheckedResolver(AddressRule())
    lookups = [asyncio.create_task(resolver.resolve("silent.example.com")) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)

    async with asyncio.timeout(5):
        await asyncio.to_thread(servers.asked.append, "a file")
        await asyncio.get_running_loop().getaddrinfo("localhost", 5672)

    servers.released.set()
    assert {type(end) for end in await asyncio.gather(*lookups, return_exceptions=True)} == {socket.gaierror}
    await resolver.close()


async def test_a_look_up_that_nobody_waits_for_any_more_is_not_begun(servers: SilentServers) -> None:
    names = SystemNames()
    lookups = [asyncio.create_task(names.resolve("silent.example.com")) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await names.resolve("late.example.com")

    servers.released.set()
    await asyncio.gather(*lookups, return_exceptions=True)
    assert "late.example.com" not in servers.asked
    await names.close()


async def test_what_the_system_knows_is_found_and_checked() -> None:
    names = SystemNames()
    found = await names.resolve("localhost", 80, socket.AddressFamily.AF_INET)
    assert [(one["hostname"], one["host"], one["port"]) for one in found] == [("localhost", "127.0.0.1", 80)]

    with pytest.raises(UrlNotAllowed):
        await CheckedResolver(AddressRule(), names).resolve("localhost")
    await names.close()
