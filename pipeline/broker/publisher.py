"""Publishing: commands that must arrive, events that may be late, dead letters with their reason."""

import asyncio
import contextlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from aio_pika import DeliveryMode, Message
from aio_pika.abc import AbstractChannel, AbstractConnection, HeadersType
from aio_pika.exceptions import (
    CONNECTION_EXCEPTIONS,
    AMQPError,
    DeliveryError,
    PublishError,
)

from pipeline import topology
from pipeline.broker.link import Link, link_name, open_publishing_channel
from pipeline.errors import BrokerUnavailable, PipelineError, QueueFull
from pipeline.messages import AnyEvent, DeliverWebhook, JobEvent, Lane, ResizeImage, encode, event_type

log = logging.getLogger(__name__)

COMMAND_TIMEOUT_S = 5.0
EVENT_TIMEOUT_S = 1.0
COUNT_TIMEOUT_S = 3.0


class PublishUncertain(PipelineError):
    """The queue went away before it had confirmed the job. The image is kept, and may be resized or not."""


@dataclass(frozen=True)
class LaneCounts:
    """How many commands wait in a lane, and how many consumers it has."""

    ready: int
    consumers: int


@dataclass(frozen=True)
class QueueCounts:
    """How full the lanes are."""

    lanes: Mapping[Lane, LaneCounts]

    @property
    def ready(self) -> int:
        """How many commands wait."""
        return sum(lane.ready for lane in self.lanes.values())

    @property
    def consumers(self) -> int:
        """How many slots take from every lane: each has a consumer in each."""
        return min(lane.consumers for lane in self.lanes.values())


class Publisher:
    """The publishing connection of a service.

    It is a connection of its own because a broker under an alarm stops reading those that publish, and the
    acknowledgements of the other one must not wait with it.
    """

    def __init__(self, url: str, *, service: str, rungs: Sequence[topology.Rung] = ()) -> None:
        self.link = Link(url, name=link_name(service, "publish"), set_up=self._set_up, rungs=rungs)
        self._service = service
        self._commands: AbstractChannel | None = None
        self._events: AbstractChannel | None = None
        self._anew = asyncio.Lock()

    async def check_open(self) -> None:
        """Raise BrokerUnavailable if a command would not be taken just now, as far as that is known."""
        if await self._is_blocked():
            raise BrokerUnavailable("The queue takes nothing just now: its disk or memory is nearly full.")

    async def publish_command(self, command: ResizeImage) -> None:
        """Return when the broker has stored the command.

        Raises BrokerUnavailable or QueueFull when it certainly has not, PublishUncertain when nobody knows.
        """
        await self._publish_to(topology.IMAGES, topology.LANE_QUEUES[command.lane], command)

    async def publish_retry(self, command: ResizeImage, rung: topology.Rung) -> None:
        """Return when the broker has stored the command, to be delivered after the delay of this rung.

        It comes back into its lane. Raises as above; a link that is just opening is waited for.
        """
        await self.link.wait_open(EVENT_TIMEOUT_S)
        await self._publish_to(rung.exchange, rung.queue, command)

    async def publish_dead_letter(
        self, body: bytes, *, lane: Lane, reason: str, headers: Mapping[str, str]
    ) -> None:
        """Return when the body is in the queue of the dead, with `reason` as a header. Raises as above.

        Its routing key says which lane it was taken from. A link that is just opening is waited for, and
        longer than with events: the reason would be lost for good.
        """
        await self.link.wait_open(COMMAND_TIMEOUT_S)
        message = self._message(body, "dead_letter", None, {**headers, "reason": reason})
        address = _Address(topology.DEAD_IMAGES, topology.lane_key(lane), topology.RESIZE_DEAD)
        await self._publish_confirmed(address, message)

    async def publish_webhook(
        self, command: DeliverWebhook, rung: topology.WebhookRung | None = None
    ) -> None:
        """Return when the broker has stored the command; with a rung, to be delivered after its delay.

        Raises as above.
        """
        await self.check_open()
        headers: HeadersType = {"job_id": command.job_id}
        message = self._message(encode(command), "deliver_webhook", command.job_id, headers)
        exchange, queue = (rung.exchange, rung.queue) if rung else (topology.WEBHOOKS, topology.WEBHOOK_QUEUE)
        await self._publish_confirmed(_Address(exchange, topology.WEBHOOKS.name, queue), message)

    async def publish_event(self, event: AnyEvent) -> bool:
        """Publish an event and wait for it, but never long; whether it was confirmed.

        Events are news: what they tell is in the store as well, so a lost one is logged and no more.
        A link that is just opening is waited for: the connection that consumes may be the faster one.
        """
        job_id = event.job_id if isinstance(event, JobEvent) else None
        message = self._message(encode(event), event_type(event), job_id, {})
        try:
            async with asyncio.timeout(EVENT_TIMEOUT_S):
                await self.link.wait_open()
                if await self._is_blocked():
                    return False  # work goes on without news: it is what makes room again
                address = _Address(topology.EVENTS, event_type(event), topology.EVENT_LOG)
                await self._publish_bound(self._channel(self._events), address, message)
        except (PipelineError, *CONNECTION_EXCEPTIONS, TimeoutError) as error:
            log.warning("event %s of %s not published: %r", event_type(event), job_id or self._service, error)
            return False
        return True

    async def count_queue(self) -> QueueCounts:
        """How full the queue is, each lane of it; raises BrokerUnavailable."""
        return QueueCounts({lane: await self._count(queue) for lane, queue in topology.LANE_QUEUES.items()})

    async def _set_up(self, connection: AbstractConnection) -> None:
        self._commands = await self._open_channel(connection)
        self._events = await self._open_channel(connection)

    async def _open_channel(self, connection: AbstractConnection) -> AbstractChannel:
        channel = await open_publishing_channel(connection)
        self.link.watch(channel)
        return channel

    async def _is_blocked(self) -> bool:
        """Whether the broker has said that it does not read this connection, because of an alarm.

        It says so only to those who publish, so the first one to meet an alarm waits for a confirm in vain.
        """
        transport = self.link.open_connection().transport
        if transport is None:
            raise BrokerUnavailable
        try:
            async with asyncio.timeout(0):
                await transport.ready()
        except TimeoutError:
            return True
        return False

    def _channel(self, channel: AbstractChannel | None) -> AbstractChannel:
        if channel is None or channel.is_closed or not self.link.is_open:
            raise BrokerUnavailable
        return channel

    async def _count(self, queue: topology.Queue) -> LaneCounts:
        try:
            async with asyncio.timeout(COUNT_TIMEOUT_S):
                found = await self._channel(self._events).declare_queue(queue.name, passive=True)
        except (*CONNECTION_EXCEPTIONS, TimeoutError) as error:
            raise BrokerUnavailable from error
        result = found.declaration_result
        return LaneCounts(ready=result.message_count or 0, consumers=result.consumer_count or 0)

    async def _publish_to(
        self, exchange: topology.Exchange, queue: topology.Queue, command: ResizeImage
    ) -> None:
        await self.check_open()
        headers: HeadersType = {"job_id": command.job_id}
        message = self._message(encode(command), "resize_image", command.job_id, headers)
        await self._publish_confirmed(_Address(exchange, topology.lane_key(command.lane), queue), message)

    async def _publish_confirmed(self, address: "_Address", message: Message) -> None:
        channel = self._channel(self._commands)
        try:
            async with asyncio.timeout(COMMAND_TIMEOUT_S):
                try:
                    await self._publish_bound(channel, address, message)
                except DeliveryError:
                    await self._publish_anew(channel, address, message)
        except TimeoutError as error:
            await self._leave_silent_node()
            raise PublishUncertain from error
        except (AMQPError, *CONNECTION_EXCEPTIONS) as error:
            raise PublishUncertain from error

    async def _publish_bound(self, channel: AbstractChannel, address: "_Address", message: Message) -> None:
        """Return when it is confirmed; what no queue takes is published again once its queue is bound.

        Raises BrokerUnavailable if that cannot be done, DeliveryError if a queue refuses it.
        """
        try:
            await _publish_on(channel, address, message)
        except PublishError as error:
            try:
                await self._bind_and_publish(channel, address, message)
            except (PublishError, BrokerUnavailable):
                raise _no_queue_takes(address) from error

    async def _bind_and_publish(
        self, channel: AbstractChannel, address: "_Address", message: Message
    ) -> None:
        async with self._anew:
            try:
                await _publish_on(channel, address, message)  # it may have been bound while we waited
            except PublishError:
                await self.link.make_topology()
                await _publish_on(channel, address, message)
                log.warning("no queue took %r from %r: it is bound again", address.key, address.exchange.name)

    async def _publish_anew(self, refused: AbstractChannel, address: "_Address", message: Message) -> None:
        """Publish on another channel what this one was refused. Raises QueueFull or BrokerUnavailable.

        Not only a full queue refuses. On RabbitMQ 3.10 a channel that first meets a queue while the node of
        its leader is dead is refused at once, and ever after, though there soon is a new leader. A new
        channel finds that one if the queue has been counted before; one without a leader counts as empty.
        """
        async with self._anew:
            waiting = (await self._count(address.queue)).ready
            is_new = self._commands is refused
            channel = (
                await open_publishing_channel(self.link.open_connection())
                if is_new
                else self._channel(self._commands)
            )
            try:
                await _publish_on(channel, address, message)
            except DeliveryError as error:
                if is_new:
                    await channel.close()
                if isinstance(error, PublishError):
                    raise _no_queue_takes(address) from error
                if waiting:
                    raise QueueFull from error
                raise BrokerUnavailable(
                    f"The queue {address.queue.name!r} has no leader just now."
                ) from error
            if is_new:
                # The refused one stays open until the session ends: others may wait for its confirms.
                self.link.watch(channel)
                self._commands = channel

    async def _leave_silent_node(self) -> None:
        """Go to another node, if there is one, unless this one has said why it does not confirm."""
        with contextlib.suppress(BrokerUnavailable):
            if not await self._is_blocked():
                self.link.leave_node("a command was not confirmed in time")

    def _message(self, body: bytes, kind: str, job_id: str | None, headers: HeadersType) -> Message:
        # No message_id of ours: two messages in flight with the same one would get each other's confirm.
        return Message(
            body,
            content_type="application/json",
            delivery_mode=DeliveryMode.PERSISTENT,
            type=kind,
            app_id=self._service,
            correlation_id=job_id,
            timestamp=datetime.now(UTC),
            headers=headers,
        )


@dataclass(frozen=True)
class _Address:
    """Where to publish, with which routing key, and which queue it leads into."""

    exchange: topology.Exchange
    key: str
    queue: topology.Queue


async def _publish_on(channel: AbstractChannel, address: _Address, message: Message) -> None:
    """Return when it is confirmed.

    Raises PublishError if no queue takes it, another DeliveryError if one refuses it.
    """
    target = await channel.get_exchange(address.exchange.name, ensure=False)
    await target.publish(message, address.key, mandatory=True)


def _no_queue_takes(address: _Address) -> BrokerUnavailable:
    return BrokerUnavailable(f"No queue takes {address.key!r} from {address.exchange.name!r}.")
