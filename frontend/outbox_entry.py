"""What is to be sent of an entry of the outbox, seen together with what the store says about its job."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.errors import InvalidMessage, JobNotFound, SourceMissing
from pipeline.ids import JobId
from pipeline.image_store import ImageStore
from pipeline.messages import ResizeImage
from pipeline.outbox import Outbox
from pipeline.records import DamagedRecord, JobRecord, command_of
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_log import end_to_tell

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """A command that waits, and what was asked; without the latter the event log cannot be told."""

    command: ResizeImage
    record: JobRecord | None


async def open_entry(
    job_id: JobId, since: float, *, outbox: Outbox, store: ImageStore, webhooks: WebhookDispatch
) -> Entry | None:
    """The entry of this job, which has been in the outbox since then; None when nothing is to be sent.

    An entry whose job has ended, or whose image is gone, is removed, unless the job is asked for once more
    meanwhile. Whoever ended the job may have died before its webhook was on its way, so that is sent first.
    """
    record = await _record(job_id, store)
    command = await _command(job_id, record, outbox)
    if command is None:
        return None
    if not _has_image(command, store) or not await _is_wanted(command, since, store):
        await _tell_end(command, store, webhooks)
        await outbox.remove_done(command)
        return None
    return Entry(command, record)


async def _record(job_id: JobId, store: ImageStore) -> JobRecord | None:
    try:
        return await store.load_job(job_id)
    except (JobNotFound, DamagedRecord) as error:
        log.warning("job %s is sent without telling: %s", job_id, error)
        return None


async def _command(job_id: JobId, record: JobRecord | None, outbox: Outbox) -> ResizeImage | None:
    """The command that was put there; a damaged one is made again of what was asked, if that is known."""
    try:
        return await outbox.load(job_id)
    except InvalidMessage as error:
        if record is None:
            log.error("the outbox entry of job %s is put aside, for it is damaged: %s", job_id, error)
            await outbox.put_aside(job_id)
            return None
        log.warning("the outbox entry of job %s is made again, for it was damaged: %s", job_id, error)
    command = command_of(record)
    await outbox.put(command)
    return command


def _has_image(command: ResizeImage, store: ImageStore) -> bool:
    try:
        store.source_file(command.source)
    except SourceMissing:
        return False
    return True


async def _tell_end(command: ResizeImage, store: ImageStore, webhooks: WebhookDispatch) -> None:
    receipt = await store.load_receipt(JobId(command.job_id)) if command.webhook else None
    if receipt is not None and receipt.status != "removed":
        await webhooks.send(end_to_tell(receipt))


async def _is_wanted(command: ResizeImage, since: float, store: ImageStore) -> bool:
    """Whether the job has not ended yet.

    Or it is asked for once more, and whoever did that had no time to drop the receipt: that is made up for.
    """
    job_id = JobId(command.job_id)
    receipt = await store.load_receipt(job_id)
    if receipt is None:
        return True
    is_retry = receipt.status in ("failed", "cancelled") and receipt.attempt < command.attempt
    if is_retry and receipt.finished_at < datetime.fromtimestamp(since, UTC):
        await store.drop_receipt(job_id)
        return True
    return False
