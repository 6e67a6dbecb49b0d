"""The broker of a run, which faults may stop, kill and start without holding up the event loop."""

import asyncio
import http.client
import subprocess
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Any
from urllib.parse import quote

from deploy.local.broker_node import BrokerNode
from tests import management
from tests.rabbitmqctl import rabbitmqctl

# Erlang that runs in the node: a line for each queue, and `ok`. It is no answer if a queue has no leader.
COUNT = """
[begin
     {Name, _} = amqqueue:get_pid(Queue),
     {ok, Count, _} = ra:consistent_query({Name, node()}, {rabbit_fifo, query_messages_total, []}),
     io:format("~s ~b~n", [element(4, amqqueue:get_name(Queue)), Count])
 end || Queue <- rabbit_amqqueue:list(%s), amqqueue:get_type(Queue) =:= rabbit_quorum_queue], ok.
"""


class Broker:
    """One node, or several that are a cluster, as clients and as an operator see them."""

    def __init__(
        self,
        nodes: Sequence[BrokerNode],
        *,
        amqp_url: str,
        vhost: str = "/",
        until_whole: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`until_whole` returns when no node lags behind the others any more."""
        self.nodes = tuple(nodes)
        self.amqp_url = amqp_url
        self.vhost = vhost
        self._until_whole = until_whole
        self.down: set[int] = set()
        self._under_way: set[asyncio.Future[None]] = set()

    async def stop(self, number: int = 0) -> None:
        """Stop a node in order."""
        self.down.add(number)
        await self._do(self.nodes[number].stop)

    async def kill(self, number: int = 0) -> None:
        """Kill -9 a node."""
        self.down.add(number)
        await self._do(self.nodes[number].kill)

    async def start(self, number: int = 0) -> None:
        """Start a node again; it serves clients on return."""
        await self._do(self.nodes[number].start)
        self.down.discard(number)
        if self._until_whole is not None:
            await self._until_whole()

    async def mend(self) -> None:
        """Start what is down, unless the other nodes are enough."""
        await self.settle()
        if 2 * len(self.down) < len(self.nodes):
            return
        for number in sorted(self.down):
            await self.start(number)

    async def settle(self) -> None:
        """Return when nothing that was begun with a node is under way: a thread cannot be cancelled."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def ask(self, method: str, path: str, body: object = None) -> Any:
        """The answer of the management API of a node that is up. Raises OSError."""
        try:
            return await asyncio.to_thread(management.call, self._node(), method, path, body)
        except http.client.HTTPException as error:
            raise ConnectionResetError(str(error)) from error

    async def close_a_connection(self, dice: Random) -> str:
        """Close one of the connections, as an operator may; its name. Raises OSError."""
        found = await self.ask("GET", f"/vhosts/{quote(self.vhost, safe='')}/connections")
        if not found:
            return "none"
        chosen = dice.choice(found)
        await self.ask("DELETE", f"/connections/{quote(chosen['name'], safe='')}")
        return str(chosen.get("client_properties", {}).get("connection_name", chosen["name"]))

    async def messages(self) -> dict[str, int]:
        """How many messages each quorum queue has at this moment, whoever holds them. Raises OSError.

        The management API would tell how it was five seconds ago, and AMQP only those that nobody holds.
        """
        code = COUNT % f'<<"{self.vhost}">>'
        try:
            lines = (await asyncio.to_thread(rabbitmqctl, self._node(), "eval", code)).splitlines()
        except subprocess.SubprocessError as error:
            raise ConnectionResetError(str(error)) from error
        *counts, _ = (line.split() for line in lines)
        return {name: int(count) for name, count in counts}

    async def publish(self, payload: str) -> None:
        """Type a message into the console, as a resize command. Raises OSError."""
        words = {"routing_key": "resize", "payload": payload, "payload_encoding": "string"}
        path = f"/exchanges/{quote(self.vhost, safe='')}/images/publish"
        await self.ask("POST", path, {"properties": {}, **words})

    async def _do(self, what: Callable[[], None]) -> None:
        doing = asyncio.ensure_future(asyncio.to_thread(what))
        self._under_way.add(doing)
        doing.add_done_callback(self._under_way.discard)
        await asyncio.shield(doing)

    def _node(self) -> BrokerNode:
        """One that is up."""
        for number, node in enumerate(self.nodes):
            if number not in self.down:
                return node
        raise ConnectionRefusedError("no node is up")
