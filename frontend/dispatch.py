"""Sending commands so that none is lost: into the outbox, to the broker, out of the outbox again.

What the broker has not confirmed stays in the outbox, and the relay sends it once that is possible.
"""

import logging
from collections.abc import Iterable
from contextlib import suppress

from msgspec.structs import replace

from pipeline.broker import Publisher, PublishUncertain
from pipeline.errors import BrokerUnavailable, QueueFull
from pipeline.ids import JobId, parse_job_id
from pipeline.messages import JobEnd, Lane, ResizeImage
from pipeline.outbox import Outbox
from pipeline.records import JobRecord, queued_of

log = logging.getLogger(__name__)


class Dispatch:
    """The way of a command from this frontend to the queue."""

    def __init__(self, *, outbox: Outbox, publisher: Publisher) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._put_off: dict[JobId, Lane] = {}
        self._without_room: set[JobId] = set()
        self._hung_session: int | None = None

    @property
    def put_off(self) -> frozenset[JobId]:
        """The jobs whose commands this frontend could not send: nobody else sends them for a while."""
        return frozenset(self._put_off)

    @property
    def without_room(self) -> int:
        """How many of these wait because their lane is full, and not because the broker is away."""
        return len(self._without_room)

    def lane_of(self, job_id: JobId) -> Lane | None:
        """The lane of a command that was put off; None of any other."""
        return self._put_off.get(job_id)

    async def keep(self, command: ResizeImage) -> None:
        """Put the command into the outbox: from here on it will be sent, by whoever. Raises StorageFull."""
        await self._outbox.put(command)

    async def send(self, command: ResizeImage, record: JobRecord | None) -> bool:
        """Send a command that is kept, and tell the event log; whether that was possible just now.

        If it was not, the relay does it later. Raises QueueFull; the command is still kept then, and it is
        for the caller to `forget` it, unless the relay shall try again.
        A broker that has once left a command without an answer is not asked again here, since each asking
        would take seconds: the relay finds out when it answers.
        """
        if self._is_hung:
            self.leave_to_relay(command)
            return False
        return await self.publish(command, record)

    async def send_or_leave(self, command: ResizeImage, record: JobRecord | None) -> None:
        """As `send`; what a full queue has no room for stays, and the relay sends it when there is some."""
        with suppress(QueueFull):
            await self.send(command, record)

    async def publish(self, command: ResizeImage, record: JobRecord | None) -> bool:
        """As `send`, and ask the broker in any case. Without a record the event log is not told."""
        session = self._publisher.link.sessions
        try:
            await self._publisher.publish_command(command)
        except (BrokerUnavailable, PublishUncertain) as error:
            self._hung_session = session if isinstance(error, PublishUncertain) else self._hung_session
            self.leave_to_relay(command)
            log.debug("job %s waits in the outbox: %s", command.job_id, error)
            return False
        except QueueFull:
            self._hung_session = None
            self.leave_to_relay(command, is_lane_full=True)
            raise
        self._hung_session = None
        self.let_go([parse_job_id(command.job_id)])
        await self._outbox.remove_done(command)
        if record is not None:
            # Who is asked for once more may go another way than the record says, which tells of the first.
            told = replace(record, lane=command.lane)
            await self._publisher.publish_event(queued_of(told, attempt=command.attempt))
        return True

    async def tell(self, event: JobEnd) -> None:
        """Tell the event log of a job that has ended without the queue, unless that would take long."""
        session = self._publisher.link.sessions
        if not self._publisher.link.is_open or self._is_hung:
            log.warning("nobody is told that job %s has ended: the broker is away", event.job_id)
        elif not await self._publisher.publish_event(event):
            self._hung_session = session

    async def holds(self, job_id: JobId) -> bool:
        """Whether a command for this job is kept, and will be sent."""
        return await self._outbox.holds(job_id)

    def leave_to_relay(self, command: ResizeImage, *, is_lane_full: bool = False) -> None:
        """Have the relay of this frontend send a command that is kept, once that is possible."""
        job_id = parse_job_id(command.job_id)
        self._put_off[job_id] = command.lane
        if is_lane_full:
            self._without_room.add(job_id)
        else:
            self._without_room.discard(job_id)

    def let_go(self, gone: Iterable[JobId]) -> None:
        """Know no more of jobs whose commands do not wait any longer: another frontend has sent them."""
        for job_id in gone:
            self._put_off.pop(job_id, None)
            self._without_room.discard(job_id)

    async def forget(self, job_id: JobId) -> None:
        """Take a command out of the outbox, for it is not to be sent."""
        self.let_go([job_id])
        await self._outbox.remove(job_id)

    @property
    def _is_hung(self) -> bool:
        """Whether the present connection has left a command without an answer."""
        return self._hung_session == self._publisher.link.sessions
