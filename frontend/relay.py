"""The relay: sends what waits in the outbox as soon as the broker takes it, the oldest first.

What this frontend could not send itself is tried whenever the link is open. What others have left there is
taken over once it has waited for so long that they must be dead, or are as good as that. A lane that is full
holds up its own commands only: those behind them that go into the other lane are sent.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable
from enum import Enum

from frontend.dispatch import Dispatch
from frontend.outbox_entry import Entry, open_entry
from pipeline.broker import Link
from pipeline.errors import QueueFull
from pipeline.ids import JobId
from pipeline.image_store import ImageStore
from pipeline.messages import Lane
from pipeline.outbox import Outbox
from pipeline.webhook_dispatch import WebhookDispatch

log = logging.getLogger(__name__)

POLL_S = 0.2
PAUSE_S = 1.0
"""So long nothing is tried after a pass that got stuck."""
LOOK_EVERY_S = 5.0
"""So often the whole outbox is looked through for what others have left."""
ABANDONED_AFTER_S = 15.0
IN_FLIGHT = 50


class _End(Enum):
    """What has become of an entry."""

    SENT = "sent"
    PASSED_OVER = "there is nothing to send, or it cannot be sent"
    FULL = "its lane is full"
    STUCK = "the broker takes nothing just now"


class Relay:
    """The task that empties the outbox."""

    def __init__(
        self,
        *,
        outbox: Outbox,
        store: ImageStore,
        dispatch: Dispatch,
        webhooks: WebhookDispatch,
        link: Link,
    ) -> None:
        self._outbox = outbox
        self._store = store
        self._dispatch = dispatch
        self._webhooks = webhooks
        self._link = link
        self._task: asyncio.Task[None] | None = None
        self._looked_at = float("-inf")

    @property
    def is_running(self) -> bool:
        """Whether the task is alive; it only ends when it is told to."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="relay")
        self._task.add_done_callback(_tell_death)

    async def close(self) -> None:
        """Stop. What is being sent and not confirmed yet stays in the outbox."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            is_stuck = False
            if self._link.is_open and self._is_time():
                try:
                    is_stuck = await self._pass()
                except OSError as error:
                    log.error("the outbox cannot be looked through: %s", error)
                    is_stuck = True
            await asyncio.sleep(PAUSE_S if is_stuck else POLL_S)

    def _is_time(self) -> bool:
        return bool(self._dispatch.put_off) or time.monotonic() - self._looked_at > LOOK_EVERY_S

    async def _pass(self) -> bool:
        """Send what there is to send; whether it got stuck."""
        put_off = self._dispatch.put_off
        entries = await self._outbox.entries()
        self._looked_at = time.monotonic()
        self._dispatch.let_go(put_off - entries.keys())
        abandoned = {job_id for job_id, since in entries.items() if time.time() - since > ABANDONED_AFTER_S}
        own = [job_id for job_id in entries if job_id in put_off]
        others = [job_id for job_id in entries if job_id in abandoned - put_off]
        turns = [(job_id, entries[job_id]) for job_id in own + others]
        sent, is_stuck = await self._send_all(turns)
        if sent:
            log.info("%d jobs that waited in the outbox are in the queue now", sent)
        return is_stuck

    async def _send_all(self, turns: Iterable[tuple[JobId, float]]) -> tuple[int, bool]:
        """How many have been sent, and whether the broker took not all. The first one goes ahead alone."""
        sent, full = 0, set[Lane]()
        left, size = deque(turns), 1
        while left:
            batch = [left.popleft() for _ in range(min(size, len(left)))]
            were_full = len(full)
            ends = await asyncio.gather(*(self._send(job_id, since, full) for job_id, since in batch))
            sent += ends.count(_End.SENT)
            if _End.STUCK in ends:
                return sent, True
            if len(full) > were_full:
                left = deque(turn for turn in left if self._dispatch.lane_of(turn[0]) not in full)
            size = IN_FLIGHT if sent or full else 1
        return sent, bool(full)

    async def _send(self, job_id: JobId, since: float, full: set[Lane]) -> _End:
        """Send an entry, unless its lane is one of the full ones. A lane that proves to be full is added."""
        try:
            if not await self._outbox.lease(job_id, since):
                return _End.PASSED_OVER
            entry = await open_entry(
                job_id, since, outbox=self._outbox, store=self._store, webhooks=self._webhooks
            )
            if entry is None:
                return _End.PASSED_OVER
            return await self._publish(entry, full)
        except Exception:
            # It is tried again when its lease is over; those behind it go on.
            log.exception("job %s stays in the outbox", job_id)
            self._dispatch.let_go([job_id])
            return _End.PASSED_OVER

    async def _publish(self, entry: Entry, full: set[Lane]) -> _End:
        lane = entry.command.lane
        if lane in full:
            self._dispatch.leave_to_relay(entry.command, is_lane_full=True)
            return _End.FULL
        try:
            is_sent = await self._dispatch.publish(entry.command, entry.record)
        except QueueFull:
            full.add(lane)
            return _End.FULL
        return _End.SENT if is_sent else _End.STUCK


def _tell_death(task: asyncio.Task[None]) -> None:
    """Nobody waits for the task. Without it the frontend is not ready, and this says why."""
    if not task.cancelled() and task.exception() is not None:
        log.critical("the relay has died", exc_info=task.exception())
