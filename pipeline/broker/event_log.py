"""Reading the event log: a stream, from some time ago, then on and on, in order and with offsets."""

import logging
from collections.abc import Callable
from functools import partial

from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractIncomingMessage
from aio_pika.exceptions import CONNECTION_EXCEPTIONS

from pipeline import topology
from pipeline.broker.link import Link, link_name
from pipeline.errors import InvalidMessage
from pipeline.log_id import LogId, log_id_of
from pipeline.messages import AnyEvent, decode_event

log = logging.getLogger(__name__)

PREFETCH = 500
ACKNOWLEDGE_EVERY = 50

OnEvent = Callable[[LogId, AnyEvent], None]


class EventLog:
    """The reading connection of a frontend. `on_event(place, event)` is called for every event, in order.

    It starts `history_s` seconds back (the broker rounds down to a whole chunk, so a little earlier) and,
    after every reconnect, behind the last event that it has seen. If that is another one there than it was,
    the log is another one, and it begins anew.
    """

    def __init__(self, url: str, *, service: str, history_s: int, on_event: OnEvent) -> None:
        self.link = Link(url, name=link_name(service, "events"), set_up=self._set_up)
        self._history = f"{history_s}s"
        self._last: LogId | None = None
        self._channel: AbstractChannel | None = None
        self._on_event = on_event

    def rewind(self) -> None:
        """Begin anew: the log is not the one that was read before, so its offsets mean nothing here."""
        self._last = self._channel = None
        self.link.restart("the log has to be read again from its beginning")

    async def _set_up(self, connection: AbstractConnection) -> None:
        channel = await self.link.open_consuming_channel(
            connection, prefetch=PREFETCH, consumer="the reader of the log"
        )
        self._channel = channel
        queue = await channel.get_queue(topology.EVENT_LOG.name, ensure=False)
        start = self._history if self._last is None else self._last.offset
        await queue.consume(partial(self._receive, channel), arguments={"x-stream-offset": start})

    async def _receive(self, channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
        if channel is not self._channel:
            return  # an earlier connection has left some of its messages on their way to us
        offset = message.headers.get("x-stream-offset")
        if not isinstance(offset, int):
            raise TypeError(f"a message of the log has no offset: {message.headers!r}")
        place = log_id_of(offset, message.body)
        if self._last is None or offset > self._last.offset:
            self._last = place
            self._tell(place, message.body)
        elif offset == self._last.offset and place != self._last:
            self.rewind()
            return
        if offset % ACKNOWLEDGE_EVERY == 0:
            await self._acknowledge(message)

    def _tell(self, place: LogId, body: bytes) -> None:
        try:
            event = decode_event(body)
        except InvalidMessage as error:
            # Anybody may publish to the exchange, and a newer version may know more events.
            log.debug("event at offset %d skipped: %s", place.offset, error)
            return
        try:
            self._on_event(place, event)
        except Exception:
            # One event that cannot be shown must not stop those behind it.
            log.exception("event at offset %d could not be taken: %r", place.offset, event)

    async def _acknowledge(self, message: AbstractIncomingMessage) -> None:
        try:
            await message.ack(multiple=True)
        except CONNECTION_EXCEPTIONS as error:
            log.debug("log credit not given: %r", error)
