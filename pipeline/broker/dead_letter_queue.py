"""The queue of the dead letters: what is in it is looked at, and sent again, removed, or given back."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from typing import Any

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage, AbstractQueue
from aio_pika.exceptions import CONNECTION_EXCEPTIONS, ChannelClosed, DeliveryError, PublishError

from pipeline import topology
from pipeline.broker.link import Link, link_name, open_publishing_channel
from pipeline.errors import BrokerUnavailable, QueueFull

ANSWER_WITHIN_S = 10.0


class HeldLetter:
    """A dead letter that the broker has handed out. One that is not settled is a dead letter still."""

    def __init__(self, message: AbstractIncomingMessage, commands: AbstractChannel) -> None:
        self._message = message
        self._commands = commands
        self.is_settled = False
        self.body = message.body
        self.headers: Mapping[str, Any] = message.headers
        self.sent_at: datetime | None = message.timestamp

    async def send_again(self, headers: Mapping[str, Any]) -> None:
        """Publish it as a command with these headers, into the lane it died in, and only then remove it.

        Raises QueueFull or BrokerUnavailable: it is a dead letter still, even if it has arrived after all.
        """
        async with _answer():
            exchange = await self._commands.get_exchange(topology.IMAGES.name, ensure=False)
            await exchange.publish(self._command(headers), self._key, mandatory=True)
        await self.remove()

    async def remove(self) -> None:
        """Remove it from the queue. Raises BrokerUnavailable."""
        self.is_settled = True
        async with _answer():
            await self._message.ack()

    @property
    def _key(self) -> str:
        """The routing key with which it died; somebody may have put it here with one that leads nowhere."""
        key = self._message.routing_key
        return key if key in topology.COMMAND_KEYS else topology.RESIZE_KEY

    def _command(self, headers: Mapping[str, Any]) -> Message:
        # Without its message id, which somebody else may have, too, and without a time to live.
        return Message(
            self.body,
            headers=dict(headers),
            content_type=self._message.content_type,
            content_encoding=self._message.content_encoding,
            delivery_mode=DeliveryMode.PERSISTENT,
            type=self._message.type,
            app_id=self._message.app_id,
            correlation_id=self._message.correlation_id,
        )


class DeadLetterQueue:
    """A connection of its own to the dead letters."""

    def __init__(self, url: str, *, service: str) -> None:
        self.link = Link(url, name=link_name(service, "dead letters"), set_up=self._set_up)
        self._reading: AbstractChannel | None = None
        self._commands: AbstractChannel | None = None

    @asynccontextmanager
    async def letters(self) -> AsyncIterator[AsyncIterator[HeldLetter]]:
        """The letters, the next in line first. Those that are not settled go back, in this order.

        What comes meanwhile is not among them, nor what somebody else looks at. Raises BrokerUnavailable.
        """
        unsettled: list[int] = []
        handing_out = self._hand_out(unsettled)
        try:
            yield handing_out
        finally:
            await handing_out.aclose()
            with suppress(BrokerUnavailable):  # the broker takes them back by itself, in whatever order
                await self._give_back(unsettled)

    async def _hand_out(self, unsettled: list[int]) -> AsyncGenerator[HeldLetter, None]:
        if self._reading is None or self._commands is None or not self.link.is_open:
            raise BrokerUnavailable
        async with _answer():
            queue = await self._reading.declare_queue(topology.RESIZE_DEAD.name, passive=True)
        for _ in range(queue.declaration_result.message_count or 0):
            message = await _next_of(queue)
            if message is None:
                return
            letter = HeldLetter(message, self._commands)
            try:
                yield letter
            finally:
                # Only the number is kept: there may be very many letters, and long ones.
                if not letter.is_settled and message.delivery_tag is not None:
                    unsettled.append(message.delivery_tag)

    async def _give_back(self, delivery_tags: Sequence[int]) -> None:
        """One by one: nothing is promised about the order of what is given back together."""
        if self._reading is None:
            return
        async with _answer():
            channel = await self._reading.get_underlay_channel()
        for tag in delivery_tags:
            async with _answer():
                await channel.basic_nack(tag, requeue=True)

    async def _set_up(self, connection: AbstractConnection) -> None:
        self._commands = await open_publishing_channel(connection)
        self._reading = connection.channel(publisher_confirms=False)
        await self._reading.initialize()


async def _next_of(queue: AbstractQueue) -> AbstractIncomingMessage | None:
    async with _answer():
        return await queue.get(no_ack=False, fail=False)


@asynccontextmanager
async def _answer() -> AsyncIterator[None]:
    """Wait for an answer of the broker; raises QueueFull and BrokerUnavailable."""
    with _broker_errors():
        async with asyncio.timeout(ANSWER_WITHIN_S):
            yield


@contextmanager
def _broker_errors() -> Iterator[None]:
    try:
        yield
    except PublishError as error:
        raise BrokerUnavailable("No queue takes commands.") from error
    except DeliveryError as error:
        raise QueueFull from error
    except ChannelClosed as error:
        raise BrokerUnavailable(f"The broker refuses it: {error}") from error
    except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
        raise BrokerUnavailable from error
