"""Consuming commands: one channel for each slot, on it one consumer for each lane, acknowledged by hand.

Each consumer has prefetch 1: what it is given is begun at once, and nothing waits here that another worker
could begin.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from pipeline import topology
from pipeline.broker.link import Link, link_name
from pipeline.messages import LANES, Lane

log = logging.getLogger(__name__)

SETTLE_TIMEOUT_S = 5.0
CANCEL_TIMEOUT_S = 3.0


@dataclass(frozen=True)
class Consumer:
    """What a slot takes from one lane, one command at a time."""

    slot: str
    lane: Lane

    @property
    def tag(self) -> str:
        """Its name in the console: `worker-2.slot-1.bulk`."""
        return f"{self.slot}.{self.lane}"


def consumers_of(slots: Iterable[str]) -> tuple[Consumer, ...]:
    """A consumer in each lane for each of these slots."""
    return tuple(Consumer(slot, lane) for slot in slots for lane in LANES)


class Delivery:
    """One command as the broker hands it over. It has to be settled once, by one of the three methods.

    Settling never raises for a connection that has ended in the meantime: the broker then delivers again.
    """

    def __init__(self, message: AbstractIncomingMessage, channel: AbstractChannel) -> None:
        self._message = message
        self._channel = channel
        self.body = message.body

    @property
    def returns(self) -> int:
        """How often this command has come back to the queue before, as a quorum queue counts it."""
        count = self._message.headers.get("x-delivery-count", 0)
        return count if isinstance(count, int) else 0

    @property
    def is_redelivered(self) -> bool:
        """Whether it may have been delivered before, to this worker or to another one."""
        return bool(self._message.redelivered) or self.returns > 0

    @property
    def is_lost(self) -> bool:
        """Whether it can be settled no more: its channel has ended, and the broker delivers it again."""
        return self._channel.is_closed

    @property
    def origin(self) -> str:
        """Where it was published, for whoever finds it among the dead letters."""
        return f"{self._message.exchange}/{self._message.routing_key}"

    async def acknowledge(self) -> None:
        """It is done with: the broker may forget it."""
        await self._settle("acknowledge")

    async def give_back(self) -> None:
        """Put it back into the queue."""
        await self._settle("give back")

    async def bury(self) -> None:
        """Let the broker move it to the dead letters by itself, without a reason of ours."""
        await self._settle("bury")

    async def _settle(self, how: str) -> None:
        try:
            async with asyncio.timeout(SETTLE_TIMEOUT_S):
                if how == "acknowledge":
                    await self._message.ack()
                else:
                    # Not `reject`, which from RabbitMQ 4.3 on counts as a try that has failed.
                    await self._message.nack(requeue=how == "give back")
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.warning("could not %s a delivery, so it will come again: %r", how, error)


class LaneDelivery(Delivery):
    """One command as it is taken from this lane."""

    def __init__(self, message: AbstractIncomingMessage, channel: AbstractChannel, lane: Lane) -> None:
        super().__init__(message, channel)
        self.lane = lane


class DeliverySlots:
    """The consuming connection of a worker, with one queue of deliveries for each consumer.

    Handlers that run inside aio_pika's callback are cancelled when the connection is lost, so the callback
    only puts the delivery where the slot's own task finds it.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str,
        consumers: Sequence[Consumer],
        telling: Link | None = None,
        on_lost: Callable[[], None] = lambda: None,
    ) -> None:
        """`telling` is the link that tells what comes of the deliveries.

        `on_lost` is called when the channel of a slot ends: what it had delivered is lost to us.
        """
        self.link = Link(url, name=link_name(service, "consume"), set_up=self._set_up, telling=telling)
        self._queues: dict[Consumer, asyncio.Queue[LaneDelivery]] = {
            each: asyncio.Queue() for each in consumers
        }
        self._channels: dict[Consumer, AbstractChannel] = {}
        self._on_lost = on_lost
        self._stopping = False

    async def take(self, consumer: Consumer) -> LaneDelivery:
        """The next delivery for this consumer, whenever it comes."""
        return await self._queues[consumer].get()

    async def stop_taking(self) -> None:
        """Cancel the consumers and give back what nobody has taken.

        What has been taken can still be settled until the link is closed.
        """
        self._stopping = True
        await asyncio.gather(
            *(self._cancel(consumer, channel) for consumer, channel in self._channels.items())
        )
        for deliveries in self._queues.values():
            while not deliveries.empty():
                await deliveries.get_nowait().give_back()

    async def _cancel(self, consumer: Consumer, channel: AbstractChannel) -> None:
        try:
            async with asyncio.timeout(CANCEL_TIMEOUT_S):
                queue = await channel.get_queue(topology.lane_key(consumer.lane), ensure=False)
                await queue.cancel(consumer.tag)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.debug("%s: consumer not cancelled: %r", consumer.tag, error)

    async def _set_up(self, connection: AbstractConnection) -> None:
        self._channels.clear()
        if self._stopping:
            return
        for slot, consumers in groupby(self._queues, lambda consumer: consumer.slot):
            # A prefetch is each consumer's own, though they share the channel (`basic.qos`, not global).
            channel = await self.link.open_consuming_channel(connection, prefetch=1, consumer=slot)
            channel.close_callbacks.add(lambda *_: self._on_lost())
            for consumer in consumers:
                await self._consume(channel, consumer)

    async def _consume(self, channel: AbstractChannel, consumer: Consumer) -> None:
        deliveries = self._queues[consumer]
        # What an earlier connection delivered cannot be acknowledged any more and comes again.
        while not deliveries.empty():
            deliveries.get_nowait()
        queue = await channel.get_queue(topology.lane_key(consumer.lane), ensure=False)
        await queue.consume(partial(self._hand_over, consumer, channel), consumer_tag=consumer.tag)
        self._channels[consumer] = channel

    async def _hand_over(
        self, consumer: Consumer, channel: AbstractChannel, message: AbstractIncomingMessage
    ) -> None:
        delivery = LaneDelivery(message, channel, consumer.lane)
        if self._stopping:
            await delivery.give_back()
        else:
            self._queues[consumer].put_nowait(delivery)
