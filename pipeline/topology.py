"""The exchanges and queues, as data, and the one function that declares them.

An argument of a queue is what would lose jobs if it were missing. What an operator tunes is a policy.

If the services log PRECONDITION_FAILED, the broker has a queue of this name with other arguments than the
ones here: let the workers empty it and delete it in the console. The services then make it by themselves.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity

from pipeline.messages import LANES, Lane

DECLARE_TIMEOUT_S = 20.0

Argument = str | int


@dataclass(frozen=True)
class Exchange:
    """A durable exchange."""

    name: str
    kind: Literal["direct", "topic", "fanout"]


@dataclass(frozen=True)
class Binding:
    """Messages of `exchange` with this routing key go into the queue."""

    exchange: str
    routing_key: str


@dataclass(frozen=True)
class Queue:
    """A durable queue with its arguments and what it is bound to."""

    name: str
    arguments: Mapping[str, Argument]
    bindings: tuple[Binding, ...] = field(default=())


IMAGES = Exchange("images", "direct")
DEAD_IMAGES = Exchange("images.dead", "direct")
EVENTS = Exchange("events", "topic")

RESIZE_KEY = "resize"
"""What people type, who need not know of lanes: it leads into the interactive one."""


def lane_key(lane: Lane) -> str:
    """The routing key of this lane, which is the name of its queue as well: `resize.bulk`."""
    return f"resize.{lane}"


def _lane_queue(lane: Lane, *typed: str) -> Queue:
    """The queue of a lane; it takes what has its key, and these that people type."""
    return Queue(
        lane_key(lane),
        {
            "x-queue-type": "quorum",
            "x-dead-letter-exchange": DEAD_IMAGES.name,
            "x-dead-letter-routing-key": lane_key(lane),
            # At-least-once needs reject-publish on the same queue, or it silently becomes at-most-once.
            "x-dead-letter-strategy": "at-least-once",
            "x-overflow": "reject-publish",
            # None up to RabbitMQ 3.13: a message that kills its worker would go round for ever. It is high,
            # since one death counts more than once: what a dying connection gives back from one of its slots
            # is delivered to the next one of the same connection, until the last of them is gone.
            "x-delivery-limit": 100,
        },
        tuple(Binding(IMAGES.name, key) for key in (lane_key(lane), *typed)),
    )


INTERACTIVE = _lane_queue("interactive", RESIZE_KEY)
BULK = _lane_queue("bulk")
LANE_QUEUES: Mapping[Lane, Queue] = {"interactive": INTERACTIVE, "bulk": BULK}
COMMAND_KEYS = (RESIZE_KEY, *(lane_key(lane) for lane in LANES))
"""The routing keys that a command may have."""

RESIZE_DEAD = Queue(
    "resize.dead",
    {
        "x-queue-type": "quorum",
        "x-overflow": "reject-publish",
        # From RabbitMQ 4.0 on the default is 20, and it drops: each look in the console counts.
        "x-delivery-limit": 1_000_000,
    },
    tuple(Binding(DEAD_IMAGES.name, key) for key in COMMAND_KEYS),
)

EVENT_LOG = Queue(
    "events.log",
    {
        "x-queue-type": "stream",
        # Upper bounds, so that a broker without policies is never filled; a policy may set less.
        # Retention drops whole segments, which are 500 MB unless told otherwise.
        "x-max-age": "7D",
        "x-max-length-bytes": 1_000_000_000,
        "x-stream-max-segment-size-bytes": 20_000_000,
    },
    (Binding(EVENTS.name, "#"),),
)

# Fanouts, so that whatever comes off a rung of a ladder needs no key.
WEBHOOKS = Exchange("webhooks.due", "fanout")
DEAD_WEBHOOKS = Exchange("webhooks.dead", "fanout")

WEBHOOK_QUEUE = Queue(
    "webhooks",
    {
        "x-queue-type": "quorum",
        "x-dead-letter-exchange": DEAD_WEBHOOKS.name,
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",
        # As with the dead letters. What cannot be done just now comes back every few seconds, and no message
        # takes a frontend down.
        "x-delivery-limit": 1_000_000,
    },
    (Binding(WEBHOOKS.name, ""),),
)

WEBHOOK_DEAD = Queue(
    DEAD_WEBHOOKS.name,
    {"x-queue-type": "quorum", "x-overflow": "reject-publish", "x-delivery-limit": 1_000_000},
    (Binding(DEAD_WEBHOOKS.name, ""),),
)

EXCHANGES = (IMAGES, DEAD_IMAGES, EVENTS, WEBHOOKS, DEAD_WEBHOOKS)
QUEUES = (RESIZE_DEAD, INTERACTIVE, BULK, EVENT_LOG, WEBHOOK_DEAD, WEBHOOK_QUEUE)

DEFAULT_RETRY_DELAYS_S = (2.0, 10.0, 60.0, 300.0, 1800.0)
DEFAULT_WEBHOOK_DELAYS_S = (5.0, 60.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0)


@dataclass(frozen=True)
class Rung:
    """A rung of the retry ladder: what is published to its exchange waits `delay_s` seconds in its queue.

    Then the broker moves it back into the exchange of the commands. The exchange is a fanout, so that a
    message keeps its routing key, and with it its lane. A delay is part of the name, since the arguments of
    a queue never change.
    """

    delay_s: float

    @property
    def name(self) -> str:
        """The name of the exchange and of the queue: `resize.retry.10s`."""
        return f"resize.retry.{self.delay_s:g}s"

    @property
    def exchange(self) -> Exchange:
        """What workers publish to."""
        return Exchange(self.name, "fanout")

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        return Queue(
            self.name,
            {
                "x-queue-type": "quorum",
                "x-message-ttl": round(1000 * self.delay_s),
                "x-dead-letter-exchange": IMAGES.name,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
                # As with the dead letters: a look in the console counts.
                "x-delivery-limit": 1_000_000,
            },
            (Binding(self.name, RESIZE_KEY),),
        )


def ladder(delays_s: Sequence[float]) -> tuple[Rung, ...]:
    """The rungs of a retry ladder, in the order in which a job goes round them."""
    return tuple(Rung(delay_s) for delay_s in delays_s)


@dataclass(frozen=True)
class WebhookRung(Rung):
    """A rung of the ladder of the webhooks: what waits there goes back to those who deliver them."""

    @property
    def name(self) -> str:
        """The name of the exchange and of the queue: `webhooks.retry.5s`."""
        return f"{WEBHOOK_QUEUE.name}.retry.{self.delay_s:g}s"

    @property
    def queue(self) -> Queue:
        """Where it waits."""
        waiting = super().queue
        return replace(waiting, arguments={**waiting.arguments, "x-dead-letter-exchange": WEBHOOKS.name})


def webhook_ladder(delays_s: Sequence[float]) -> tuple[WebhookRung, ...]:
    """The rungs of the ladder of the webhooks, in their order."""
    return tuple(WebhookRung(delay_s) for delay_s in delays_s)


async def declare(connection: AbstractConnection, rungs: Sequence[Rung] = ()) -> None:
    """See to it that everything above is there, and these rungs of the ladder.

    It looks first and makes only what is missing, so that a service whose user may not configure
    anything runs on a broker that an operator has prepared. Raises aio_pika's channel exceptions.
    """
    async with asyncio.timeout(DECLARE_TIMEOUT_S):
        try:
            async with connection.channel() as channel:
                await _look(channel, rungs)
        except ChannelNotFoundEntity:
            await make(connection, rungs)


async def make(connection: AbstractConnection, rungs: Sequence[Rung] = ()) -> None:
    """As `declare`, without looking first: a look does not show that a queue is bound to nothing."""
    async with asyncio.timeout(DECLARE_TIMEOUT_S), connection.channel() as channel:
        for exchange in _exchanges(rungs):
            await channel.declare_exchange(exchange.name, exchange.kind, durable=True)
        for queue in _queues(rungs):
            declared = await channel.declare_queue(queue.name, durable=True, arguments=dict(queue.arguments))
            for binding in queue.bindings:
                await declared.bind(binding.exchange, binding.routing_key)


async def _look(channel: AbstractChannel, rungs: Sequence[Rung]) -> None:
    for exchange in _exchanges(rungs):
        await channel.declare_exchange(exchange.name, passive=True)
    for queue in _queues(rungs):
        await channel.declare_queue(queue.name, passive=True)


def _exchanges(rungs: Sequence[Rung]) -> tuple[Exchange, ...]:
    return (*EXCHANGES, *(rung.exchange for rung in rungs))


def _queues(rungs: Sequence[Rung]) -> tuple[Queue, ...]:
    return (*QUEUES, *(rung.queue for rung in rungs))
