"""One command in, the results in the store, events and an outcome out. It knows no AMQP.

The order is what keeps a job from being lost or done twice: a mark that says who is at it, renditions, then
the receipt, then the event of the end and the webhook, and only then the caller acknowledges. A command that
comes again finds the receipt; one whose work was done for another job is given the results of that. A job
ends once: the first receipt stands, whoever wrote it, and if it does not say `done` no rendition stays.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import PurePosixPath

from msgspec.structs import replace

from pipeline.delivery import Done, GiveBack, GiveUp, Outcome, RetryLater
from pipeline.errors import InvalidMessage, JobNotFound, StorageFull, WorkUnderWay
from pipeline.ids import JobId, parse_job_id
from pipeline.image_store import ImageStore
from pipeline.messages import DeliverWebhook, JobError, JobRetrying, ResizeImage, decode_command
from pipeline.records import Receipt, event_of
from pipeline.webhook_log import end_to_tell
from worker.attempt import Attempt
from worker.company import Company
from worker.image_pool import ImagePool
from worker.marks import Marks
from worker.own_attempts import OwnAttempts
from worker.pool_errors import DecoderCrashed
from worker.rendering import PublishEvent, Rendering
from worker.retry_policy import not_begun, outcome_of, put_off
from worker.shared_work import SharedWork

log = logging.getLogger(__name__)

MOST_LOST_WORKERS = 2
"""A job that so many workers have died at is not tried again."""
ROOM_WITHIN_S = 5.0
"""So long a job waits in its worker for free space, before it goes round."""
ROOM_POLL_S = 0.2

SendWebhook = Callable[[DeliverWebhook], Awaitable[None]]
"""Returns when the command is certain to be carried out. Raises StorageFull."""


class ResizeHandler:
    """Carries out resize commands in the name of one worker."""

    def __init__(
        self,
        *,
        store: ImageStore,
        shared_work: SharedWork,
        pool: ImagePool,
        publish: PublishEvent,
        send_webhook: SendWebhook,
        worker: str,
        delays_s: Sequence[float],
        min_free_bytes: int = 0,
    ) -> None:
        """`delays_s` are the rungs of the retry ladder; with less free space no job is begun."""
        self._store = store
        self._shared_work = shared_work
        self._publish = publish
        self._send_webhook = send_webhook
        self._worker = worker
        self._delays_s = delays_s
        self._min_free_bytes = min_free_bytes
        self._rendering = Rendering(store=store, pool=pool, publish=publish)
        self._own_attempts = OwnAttempts()
        self._company = Company()
        self.marks = Marks(store)

    async def handle(self, command: ResizeImage, *, is_redelivered: bool = False) -> Outcome:
        """Carry out a command. Raises nothing.

        Only one that is redelivered asks whether others have died at it: of a command that was published
        twice, each copy is one delivery, and marks that it finds are of workers that are alive.
        """
        job_id = parse_job_id(command.job_id)
        carry_out = partial(self._carry_out, job_id, command, is_redelivered)
        return await self._own_attempts.make(job_id, carry_out)

    async def _carry_out(self, job_id: JobId, command: ResizeImage, is_redelivered: bool) -> Outcome:
        losses = self.marks.losses
        try:
            async with (
                await self._admitted(job_id, command, is_redelivered),
                self.marks.at(job_id, losses=losses) as found,
            ):
                if found.receipt is not None:
                    return await self._ended_before(found.receipt, command, command.attempt)
                attempt = await self._attempt(job_id, command, found.lost if is_redelivered else 0)
                return await self._try(attempt)
        except Exception as error:
            return await self._put_off(command, error)

    async def _admitted(
        self, job_id: JobId, command: ResizeImage, is_redelivered: bool
    ) -> AbstractAsyncContextManager[None]:
        """The company in which to begin. Nobody has a mark yet who waits for his turn."""
        if is_redelivered and await self._store.is_marked(job_id):
            return self._company.alone()
        return self._company.among_others(command.lane)

    async def _attempt(self, job_id: JobId, command: ResizeImage, lost: int) -> Attempt:
        name, source = PurePosixPath(command.source).name, None
        try:
            record = await self._store.load_job(job_id)
            name, source = record.name, record.source
        except JobNotFound:
            log.debug("job %s was not asked for through a frontend", job_id)
        return Attempt(
            job_id=job_id,
            number=command.attempt + lost,
            command=command,
            name=name,
            source=source,
            worker=self._worker,
            lost=lost,
        )

    async def _try(self, attempt: Attempt) -> Outcome:
        if not await self._has_room():
            return await self._not_begun(attempt, StorageFull())
        try:
            await self._tell_end(await self._shared_work.end_of(attempt, self._work), attempt)
        except WorkUnderWay as error:
            return await self._not_begun(attempt, error)
        except Exception as error:
            return await self._take_failure(attempt, error)
        return Done()

    async def _work(self, attempt: Attempt) -> Receipt:
        if attempt.lost >= MOST_LOST_WORKERS:
            raise DecoderCrashed(f"The worker that was resizing the image died, {attempt.lost} times.")
        await self._publish(attempt.started())
        return await self._rendering.receipt_of(attempt)

    async def _not_begun(self, attempt: Attempt, error: Exception) -> Outcome:
        later = not_begun(error, attempt.command, number=attempt.number, delays_s=self._delays_s)
        return await self._announced(attempt, later)

    async def _has_room(self) -> bool:
        """Whether there is room for a job. It is waited for a moment, lest all that waits is sent round."""
        deadline = time.monotonic() + ROOM_WITHIN_S
        while self._store.free_bytes() < self._min_free_bytes:
            if time.monotonic() > deadline:
                return False
            await asyncio.sleep(ROOM_POLL_S)
        return True

    async def _take_failure(self, attempt: Attempt, error: Exception) -> Outcome:
        outcome = outcome_of(
            error,
            attempt.command,
            number=attempt.number,
            delays_s=self._delays_s,
            in_quarantine=attempt.in_quarantine,
        )
        match outcome:
            case JobError(code=code):
                if code == "internal_error":
                    log.error("job %s failed for good", attempt.job_id, exc_info=error)
                await self._end(attempt.failed(outcome), attempt)
                return Done()
            case GiveBack():
                log.info("job %s goes back: %s", attempt.job_id, outcome.reason)
            case RetryLater():
                return await self._announced(attempt, outcome)
        return outcome

    async def _announced(self, attempt: Attempt, later: RetryLater) -> Outcome:
        """A later attempt, of which those who watch have been told.

        None if another copy of the command has ended the job meanwhile: whoever has been told of the end must
        not be told next that it goes on.
        """
        receipt = await self._store.load_receipt(attempt.job_id)
        if receipt is not None:
            return await self._ended_before(receipt, attempt.command, attempt.number)
        log.warning("job %s: again in %g s: %s", attempt.job_id, later.delay_s, later.reason)
        await self._publish(attempt.retrying(later.reason, later.delay_s))
        return later

    async def _end(self, receipt: Receipt, attempt: Attempt) -> None:
        await self._tell_end(await self._shared_work.stored(receipt), attempt)

    async def _tell_end(self, receipt: Receipt, attempt: Attempt) -> None:
        await self._settle(receipt, attempt.command, attempt.number)
        log.info("%s", _log_line(receipt))

    async def _ended_before(self, receipt: Receipt, command: ResizeImage, number: int) -> Done:
        log.info("job %s has ended before: %s", receipt.job_id, receipt.status)
        await self._settle(receipt, command, number)
        return Done()

    async def _settle(self, receipt: Receipt, command: ResizeImage, number: int) -> None:
        """Make true, and tell, what the receipt says that stands.

        The event has the number of the attempt that met it, if that is higher: to a frontend that has heard
        of this attempt an end of an earlier one would be old news. A job that is done stays so whatever it
        has heard, and is told with its own number, so that nobody takes it for another end.
        """
        event = event_of(receipt)
        if receipt.status != "done":
            await self._store.discard_renditions(parse_job_id(receipt.job_id))
            event = replace(event, attempt=max(event.attempt, number))
        await self._publish(event)
        if command.webhook and receipt.status != "removed":
            await self._send_webhook(end_to_tell(receipt))

    async def _put_off(self, command: ResizeImage, error: Exception) -> Outcome:
        """Not even how the job ends could be read or written, so it comes again, however long it takes."""
        outcome = put_off(error, command, number=command.attempt, delays_s=self._delays_s)
        is_told_enough = isinstance(error, StorageFull)
        log.error("job %s: %s", command.job_id, error, exc_info=None if is_told_enough else error)
        await self._publish(
            JobRetrying(
                job_id=command.job_id,
                batch_id=command.batch_id,
                owner=command.owner,
                attempt=command.attempt,
                reason=outcome.reason,
                delay_s=outcome.delay_s,
            )
        )
        return outcome


def read_command(body: bytes) -> ResizeImage | GiveUp:
    """The command that `body` spells, or the outcome of a message which is none."""
    try:
        return decode_command(body)
    except InvalidMessage as error:
        return GiveUp(reason=str(error))


def _log_line(receipt: Receipt) -> str:
    job = f"job {receipt.job_id} {receipt.name!r}"
    if receipt.error:
        return f"{job} failed: {receipt.error.code}: {receipt.error.detail}"
    if receipt.reused:
        return f"{job} was given the results of the same work"
    if receipt.source is None or not receipt.timings_ms:
        return f"{job} {receipt.status}"
    sizes = ", ".join(f"{result.width}x{result.height}" for result in receipt.renditions)
    return (
        f"{job} {receipt.source.width}x{receipt.source.height} -> {sizes}"
        f" in {receipt.timings_ms['total']:.0f} ms"
    )
