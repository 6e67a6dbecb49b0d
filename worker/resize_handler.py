"""One command in, the results in the store, events and an outcome out. It knows no AMQP.

The order is what keeps a job from being lost or done twice: renditions, each with its event as soon as it is
stored, then the receipt, then the event of the end, and only then the caller acknowledges. A command that
comes again finds the receipt. A job that fails for good leaves no rendition behind.
"""

import asyncio
import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import PurePosixPath

from pipeline.delivery import Done, GiveUp, Outcome, RetryLater
from pipeline.errors import InvalidMessage, JobNotFound
from pipeline.file_names import rendition_name
from pipeline.ids import parse_job_id
from pipeline.image_formats import format_named
from pipeline.image_store import ImageStore
from pipeline.messages import AnyEvent, JobError, ResizeImage, Result, decode_command
from pipeline.records import Receipt, event_of
from worker.attempt import Attempt
from worker.image_pool import ImagePool
from worker.imaging import RenderedImage
from worker.results import Results
from worker.retry_policy import outcome_of
from worker.source_file import reading

log = logging.getLogger(__name__)

PublishEvent = Callable[[AnyEvent], Awaitable[object]]

UNRECORDED_DELAY_S = 5.0


class ResizeHandler:
    """Carries out resize commands in the name of one worker."""

    def __init__(
        self, *, store: ImageStore, pool: ImagePool, publish: PublishEvent, worker: str, max_attempts: int
    ) -> None:
        self._store = store
        self._pool = pool
        self._publish = publish
        self._worker = worker
        self._max_attempts = max_attempts

    async def handle(self, command: ResizeImage, *, returns: int) -> Outcome:
        """Carry out a command that has come back to the queue `returns` times. Raises nothing."""
        try:
            return await self._carry_out(command, returns)
        except Exception as error:
            # Not even the receipt could be written, so nothing is known about the job: it must come again.
            log.exception("job %s could not be ended", command.job_id)
            return RetryLater(reason=str(error), delay_s=UNRECORDED_DELAY_S)

    async def _carry_out(self, command: ResizeImage, returns: int) -> Outcome:
        receipt = await self._store.load_receipt(parse_job_id(command.job_id))
        if receipt is not None:
            log.info("job %s has ended before: %s", command.job_id, receipt.status)
            await self._publish(event_of(receipt))
            return Done()
        attempt = await self._attempt(command, command.attempt + returns)
        await self._publish(attempt.started())
        try:
            receipt = await self._resize(attempt)
        except Exception as error:
            return await self._take_failure(attempt, error)
        await self._end(receipt)
        return Done()

    async def _attempt(self, command: ResizeImage, number: int) -> Attempt:
        job_id = parse_job_id(command.job_id)
        name, source = PurePosixPath(command.source).name, None
        try:
            record = await self._store.load_job(job_id)
            name, source = record.name, record.source
        except JobNotFound:
            log.debug("job %s was not asked for through a frontend", job_id)
        return Attempt(
            job_id=job_id, number=number, command=command, name=name, source=source, worker=self._worker
        )

    async def _resize(self, attempt: Attempt) -> Receipt:
        begin = time.perf_counter()
        path = self._store.source_file(attempt.command.source)
        results = Results(partial(self._save, attempt))
        async with reading(path) as source:
            rendered = await self._pool.render(path, attempt.command.renditions, on_ready=results.add)
            source_file = await source
        timings_ms = {"store": results.spent_ms, "total": 1000 * (time.perf_counter() - begin)}
        return attempt.done(rendered, results.ordered(attempt.command.renditions), source_file, timings_ms)

    async def _save(self, attempt: Attempt, image: RenderedImage) -> Result:
        image_format = format_named(image.image_format)
        file_name = rendition_name(attempt.command.source, image.name, image_format)
        sha256, _ = await asyncio.gather(
            asyncio.to_thread(_sha256, image.data),
            self._store.save_rendition(attempt.job_id, file_name, image.data),
        )
        result = Result(
            name=image.name,
            file=file_name,
            width=image.width,
            height=image.height,
            media_type=image_format.media_type,
            bytes=len(image.data),
            frames=image.frames,
            alpha=image.alpha,
            metadata=image.metadata,
            sha256=sha256,
        )
        await self._publish(attempt.rendition_ready(result))
        return result

    async def _take_failure(self, attempt: Attempt, error: Exception) -> Outcome:
        outcome = outcome_of(error, attempt=attempt.number, max_attempts=self._max_attempts)
        if isinstance(outcome, JobError):
            if outcome.code == "internal_error":
                log.error("job %s failed for good", attempt.job_id, exc_info=error)
            await self._store.discard_renditions(attempt.job_id)
            await self._end(attempt.failed(outcome))
            return Done()
        log.warning("job %s: again in %g s: %s", attempt.job_id, outcome.delay_s, outcome.reason)
        await self._publish(attempt.retrying(outcome.reason, outcome.delay_s))
        return outcome

    async def _end(self, receipt: Receipt) -> None:
        await self._store.save_receipt(receipt)
        await self._publish(event_of(receipt))
        log.info("%s", _log_line(receipt))


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


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
    assert receipt.source is not None, "a job that is done has read its source"
    sizes = ", ".join(f"{result.width}x{result.height}" for result in receipt.renditions)
    return (
        f"{job} {receipt.source.width}x{receipt.source.height} -> {sizes}"
        f" in {receipt.timings_ms['total']:.0f} ms"
    )
