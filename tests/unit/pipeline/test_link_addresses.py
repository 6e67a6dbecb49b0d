"""A link with several addresses: where it begins, and where it goes when a node does not serve it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial

import pytest

from pipeline.broker import Publisher
from pipeline.broker import link as link_module
from tests.eventually import WITHIN_S, eventually

NODES = 3


class Doors:
    """Ports at which somebody takes connections and does not serve them; who came where is kept."""

    def __init__(self) -> None:
        self.visits: list[int] = []
        self.urls: list[str] = []

    async def open(self, number: int, stack: AsyncExitStack) -> None:
        server = await stack.enter_async_context(
            await asyncio.start_server(partial(self._turn_away, number), "127.0.0.1", 0)
        )
        port = server.sockets[0].getsockname()[1]
        self.urls.append(f"amqp://guest:guest@127.0.0.1:{port}/")

    async def _turn_away(self, number: int, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits.append(number)
        writer.close()


@pytest.fixture
async def doors(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Doors]:
    monkeypatch.setattr(link_module, "FIRST_PAUSE_S", 0.001)
    monkeypatch.setattr(link_module, "LONGEST_PAUSE_S", 0.001)
    doors = Doors()
    async with AsyncExitStack() as stack:
        for number in range(NODES):
            await doors.open(number, stack)
        yield doors


async def visits_of_one(doors: Doors, count: int) -> list[int]:
    """Where a new link goes, so many times."""
    doors.visits.clear()
    link = Publisher(", ".join(doors.urls), service="visitor").link
    link.start()
    try:
        await eventually(lambda: len(doors.visits) >= count)
        return doors.visits[:count]
    finally:
        await link.close()


async def test_every_try_takes_the_next_address_and_after_the_last_the_first(doors: Doors) -> None:
    visits = await visits_of_one(doors, 2 * NODES + 1)

    steps = [(later - earlier) % NODES for earlier, later in itertools.pairwise(visits)]
    assert steps == [1] * (2 * NODES)


async def test_not_all_links_begin_at_the_same_address(doors: Doors) -> None:
    begun: set[int] = set()

    for _ in range(50):
        begun.update(await visits_of_one(doors, 1))

    assert begun == set(range(NODES))


async def test_the_one_node_that_serves_is_found(amqp_url: str, doors: Doors) -> None:
    for _ in range(NODES):
        link = Publisher(",".join([*doors.urls, amqp_url]), service="visitor").link
        link.start()
        try:
            await link.wait_open(WITHIN_S)
        finally:
            await link.close()
