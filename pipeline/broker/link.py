"""One named connection to the broker that is opened again whenever it ends.

Why not aio_pika's robust connection: it restores channels and consumers before anybody can look whether
the queues are still there, so a broker that came back empty is never mended (see docs/decisions/).
Here every session starts the same way (connect, declare, set up) and ends as a whole when a part of it ends.
"""

import asyncio
import itertools
import logging
import os
import random
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import CONNECTION_EXCEPTIONS
from yarl import URL

from pipeline import topology
from pipeline.errors import BrokerUnavailable
from pipeline.settings import amqp_addresses

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 10.0
IN_A_CLUSTER_TIMEOUT_S = 4.0
"""What a step of connecting may take where there is another node to go to: together less than 15 s."""
CLOSE_TIMEOUT_S = 3.0
CANCEL_AGAIN_S = 0.5
HEARTBEAT_S = 10
"""A dead peer is noticed after about three of these; the default of 60 s would take minutes."""
FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 1.0
TELLING_WITHIN_S = 2.0
"""So long it is waited for the link that tells what comes of what is taken on this one."""
TRIES_AT_START = 8
"""So often, within some seconds, a service tries to connect before it complains: both may have just begun."""

SetUp = Callable[[AbstractConnection], Awaitable[None]]


async def open_publishing_channel(connection: AbstractConnection) -> AbstractChannel:
    """A channel with confirms, on which what no queue takes is an error."""
    # Without on_return_raises an unroutable message would return as if it had arrived.
    channel = connection.channel(publisher_confirms=True, on_return_raises=True)
    await channel.initialize()
    return channel


def link_name(service: str, purpose: str) -> str:
    """The name of a connection in the console: `worker-2 host:4711 consume`."""
    return f"{service} {socket.gethostname()}:{os.getpid()} {purpose}"


class Link:
    """A connection kept open from `start` to `close`.

    `url` may hold several addresses, separated by commas: the nodes of one cluster. Every try takes the next
    one; the first is any of them, so that not all services sit on the same node.

    `set_up` is called with each new connection once the topology is there; the link counts as open when it
    has returned. Whatever `set_up` makes belongs to that connection and ends with it.

    `telling` is the link that tells what comes of what is taken on this one. It may open first, for a moment:
    what is taken before could not be dealt with.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        set_up: SetUp,
        rungs: Sequence[topology.Rung] = (),
        telling: "Link | None" = None,
    ) -> None:
        addresses = amqp_addresses(url)
        self._addresses = _in_turn(addresses)
        self._has_choice = len(addresses) > 1
        self._name = name
        self._set_up = set_up
        self._rungs = tuple(rungs)
        self._telling = telling
        self._open = asyncio.Event()
        self._broken = asyncio.Event()
        self._connection: AbstractConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self.sessions = 0
        """How often this link has been opened: it tells one session from the next."""

    @property
    def is_open(self) -> bool:
        """Whether there is a connection just now, with everything set up on it."""
        return self._open.is_set() and not self._broken.is_set()

    def start(self) -> None:
        """Begin to connect, in a task of this link's own."""
        self._task = asyncio.create_task(self._run(), name=f"link {self._name}")

    async def wait_open(self, timeout_s: float | None = None) -> None:
        """Return when the link is open; raises BrokerUnavailable after `timeout_s`, if that is given."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._open.wait()
        except TimeoutError as error:
            raise BrokerUnavailable from error

    def open_connection(self) -> AbstractConnection:
        """The connection of the present session; raises BrokerUnavailable when there is none."""
        if self._connection is None or not self.is_open:
            raise BrokerUnavailable
        return self._connection

    async def open_consuming_channel(
        self, connection: AbstractConnection, *, prefetch: int, consumer: str
    ) -> AbstractChannel:
        """A channel to consume on, without confirms. The session ends when it does, or a consumer on it.

        `prefetch` is for each consumer; `consumer` is what the log calls them.
        """
        channel = connection.channel(publisher_confirms=False)
        await channel.initialize()
        self.watch(channel)
        underlay = await channel.get_underlay_channel()
        underlay.on_consumer_cancel_callbacks.add(lambda _: self.restart(f"{consumer} was cancelled"))
        await channel.set_qos(prefetch_count=prefetch)
        return channel

    async def make_topology(self) -> None:
        """Make what is missing of the topology, the bindings too. Raises BrokerUnavailable.

        Each session looks whether the queues are there, but nobody can see so whether they are bound: a
        service may have been killed in between, and in the console anybody may unbind them.
        """
        try:
            await topology.make(self.open_connection(), self._rungs)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            raise BrokerUnavailable from error

    def watch(self, channel: AbstractChannel) -> None:
        """End the session when this channel of it ends, so that the next one sets everything up anew."""
        channel.close_callbacks.add(self._on_channel_closed)

    def restart(self, reason: str) -> None:
        """End the session, because something in it no longer works."""
        if not self._broken.is_set():
            log.warning("%s: connection given up: %s", self._name, reason)
            self._broken.set()

    def leave_node(self, reason: str) -> None:
        """End the session if there is another node to go to: this one answers and yet does no work."""
        if self._has_choice:
            self.restart(reason)

    async def close(self) -> None:
        """Close the connection and end the task. Safe to call twice."""
        task, self._task = self._task, None
        while task is not None and not task.done():
            # More than once: aio_pika, while it opens a channel, may turn a cancellation into another error.
            task.cancel()
            await asyncio.wait({task}, timeout=CANCEL_AGAIN_S)

    async def _run(self) -> None:
        pause_s, failures = FIRST_PAUSE_S, 0
        while True:
            try:
                await self._session()
                pause_s, failures = FIRST_PAUSE_S, 0
            # TimeoutError covers a broker that accepts connections and then says nothing.
            except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
                # Once is enough: that it is there again will be told, too.
                failures += 1
                is_news = failures == (1 if self.sessions else TRIES_AT_START)
                level = logging.WARNING if is_news else logging.DEBUG
                log.log(level, "%s: not connected, trying on: %s", self._name, _brief(error))
            except Exception:
                # Nobody waits for this task: what it cannot handle shows as a link that is not open.
                log.exception("%s: the connection failed in an unexpected way", self._name)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _session(self) -> None:
        # A node that is booting, or cut off from the others, may let us in and then keep us waiting.
        patience_s = IN_A_CLUSTER_TIMEOUT_S if self._has_choice else CONNECT_TIMEOUT_S
        connection = await aio_pika.connect(
            next(self._addresses),
            timeout=patience_s,
            client_properties={"connection_name": self._name},
        )
        self._connection = connection
        self._broken.clear()
        connection.close_callbacks.add(self._on_connection_closed)
        try:
            async with asyncio.timeout(patience_s if self._has_choice else None):
                await topology.declare(connection, self._rungs)
            if self._telling is not None:
                with suppress(BrokerUnavailable):
                    await self._telling.wait_open(TELLING_WITHIN_S)
            async with asyncio.timeout(patience_s):
                await self._set_up(connection)
            log.info("%s: connected", self._name)
            self.sessions += 1
            self._open.set()
            await self._broken.wait()
        finally:
            self._open.clear()
            self._broken.set()  # so that our own closing is not taken for the other side's
            self._connection = None
            await self._close_quietly(connection)

    async def _close_quietly(self, connection: AbstractConnection) -> None:
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await connection.close()
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.debug("%s: while closing: %s", self._name, error)

    def _on_connection_closed(self, _: object, error: BaseException | None) -> None:
        self.restart(f"closed by the other side ({_brief(error)})")

    def _on_channel_closed(self, _: object, error: BaseException | None) -> None:
        self.restart(f"a channel was closed ({_brief(error)})")


def _in_turn(addresses: Sequence[str]) -> Iterator[URL]:
    """The addresses one after another, for ever, beginning at any of them."""
    first = random.randrange(len(addresses))  # noqa: S311  # not for a secret
    return itertools.cycle(_with_heartbeat(URL(url)) for url in (*addresses[first:], *addresses[:first]))


def _with_heartbeat(url: URL) -> URL:
    return url if "heartbeat" in url.query else url.update_query(heartbeat=HEARTBEAT_S)


def _brief(error: BaseException | None) -> str:
    return str(error).splitlines()[0] if str(error or "") else type(error).__name__
