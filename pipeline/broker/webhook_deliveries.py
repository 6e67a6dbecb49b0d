"""Consuming the commands to deliver webhooks: one channel, several at a time, acknowledged by hand."""

import asyncio
import logging
from functools import partial

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from pipeline import topology
from pipeline.broker.delivery_slots import CANCEL_TIMEOUT_S, Delivery
from pipeline.broker.link import Link, link_name

log = logging.getLogger(__name__)


class WebhookDeliveries:
    """A connection of a frontend of its own, so that nothing that it publishes waits for what it consumes."""

    def __init__(self, url: str, *, service: str, prefetch: int, telling: Link | None = None) -> None:
        """`prefetch` are held at a time and not settled; `telling` is the link that puts them off."""
        self.link = Link(url, name=link_name(service, "webhooks"), set_up=self._set_up, telling=telling)
        self._tag = f"{service}.webhooks"
        self._prefetch = prefetch
        self._waiting: asyncio.Queue[Delivery] = asyncio.Queue()
        self._channel: AbstractChannel | None = None
        self._stopping = False

    async def take(self) -> Delivery:
        """The next delivery, whenever it comes."""
        return await self._waiting.get()

    async def stop_taking(self) -> None:
        """Cancel the consumer. What has been taken can still be settled until the link is closed."""
        self._stopping = True
        if self._channel is None:
            return
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT_S):
                queue = await self._channel.get_queue(topology.WEBHOOK_QUEUE.name, ensure=False)
                await queue.cancel(self._tag)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.debug("%s: consumer not cancelled: %r", self._tag, error)

    async def _set_up(self, connection: AbstractConnection) -> None:
        self._channel = None
        # What an earlier connection delivered cannot be acknowledged any more and comes again.
        while not self._waiting.empty():
            self._waiting.get_nowait()
        if self._stopping:
            return
        channel = await self.link.open_consuming_channel(
            connection, prefetch=self._prefetch, consumer=self._tag
        )
        queue = await channel.get_queue(topology.WEBHOOK_QUEUE.name, ensure=False)
        await queue.consume(partial(self._hand_over, channel), consumer_tag=self._tag)
        self._channel = channel

    async def _hand_over(self, channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
        self._waiting.put_nowait(Delivery(message, channel))
