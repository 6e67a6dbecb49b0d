"""How the ends of a job were told to others, beside what was asked of it: a file that goes when the job does.

Only whoever holds the lock of the job's webhooks writes it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from pipeline.durable_files import space_errors, write_file
from pipeline.errors import JobNotFound, WebhookUnderWay
from pipeline.file_lock import file_lock
from pipeline.ids import JobId, parse_job_id
from pipeline.messages import BAD_BYTES, DeliverWebhook
from pipeline.records import DamagedRecord, Receipt
from pipeline.store_paths import StorePaths

MOST_TRIES_KEPT = 50
MOST_WEBHOOKS_KEPT = 20

WebhookState = Literal["pending", "delivered", "given_up"]


class WebhookTry(Struct, frozen=True, kw_only=True):
    """One try: when, and what came of it after so many milliseconds: a status of HTTP, an error, or both.

    `retry_after_s` is what the receiver asked for, if it asked.
    """

    at: datetime
    status: int | None = None
    error: str | None = None
    ms: float
    retry_after_s: float | None = None


class Webhook(Struct, frozen=True, kw_only=True):
    """One end of the job, to be told under this id. `attempt` is the attempt that ended so.

    `tries` counts those of this `run` that have failed; of a pending one the next is at `next_at`.
    """

    id: str
    type: str
    attempt: int
    state: WebhookState = "pending"
    run: int = 0
    tries: int = 0
    log: tuple[WebhookTry, ...] = ()
    next_at: datetime | None = None

    def is_over(self, command: DeliverWebhook) -> bool:
        """Whether another copy of this command has come further, or is told to go on."""
        if command.run != self.run:
            return command.run < self.run
        return self.state != "pending" or command.tries < self.tries


class WebhookLog(Struct, frozen=True, kw_only=True):
    """All ends of one job that were told, the first one first."""

    v: Literal[1] = 1
    webhooks: tuple[Webhook, ...] = ()

    def of(self, receipt: Receipt) -> Webhook:
        """What is known about this end; of one that nobody has begun to tell, that it is to be told."""
        fresh = Webhook(
            id=webhook_id(receipt.job_id, receipt.attempt),
            type=f"job.{receipt.status}",
            attempt=receipt.attempt,
        )
        return next((known for known in self.webhooks if known.id == fresh.id), fresh)

    @property
    def attempts_told(self) -> int:
        """The highest attempt of them, or 0: an end that comes later is one of a later attempt."""
        return max((known.attempt for known in self.webhooks), default=0)

    def joined(self, webhook: Webhook) -> "WebhookLog":
        """The same with this one in its place, and not for ever more of them."""
        shortened = webhook
        if len(webhook.log) > MOST_TRIES_KEPT:
            shortened = replace(webhook, log=webhook.log[-MOST_TRIES_KEPT:])
        others = [known for known in self.webhooks if known.id != webhook.id]
        return replace(self, webhooks=(*others, shortened)[-MOST_WEBHOOKS_KEPT:])


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(WebhookLog)


class WebhookLogs:
    """The logs in a store on a disk, which all frontends share."""

    def __init__(self, root: Path) -> None:
        self._paths = StorePaths(root.resolve())

    @asynccontextmanager
    async def held(self, job_id: JobId) -> AsyncIterator[None]:
        """Keep everybody else from telling the ends of this job. Raises WebhookUnderWay, StorageFull."""
        async with AsyncExitStack() as stack:
            async with space_errors():
                self._paths.locks.mkdir(exist_ok=True)
                try:
                    await stack.enter_async_context(file_lock(self._paths.webhook_lock(job_id), within_s=0))
                except TimeoutError as error:
                    raise WebhookUnderWay from error
            yield

    async def load(self, job_id: JobId) -> WebhookLog:
        """The log of this job. Raises DamagedRecord."""
        try:
            return _decoder.decode(await asyncio.to_thread(self._paths.webhook_log(job_id).read_bytes))
        except FileNotFoundError:
            return WebhookLog()
        except BAD_BYTES as error:
            raise DamagedRecord(f"webhooks.json: {error}") from error

    async def attempts_told(self, job_id: JobId) -> int:
        """The highest attempt whose end was told, or 0: where the news of a retry is lost, this is left."""
        try:
            return (await self.load(job_id)).attempts_told
        except DamagedRecord:
            return 0

    async def save(self, job_id: JobId, log: WebhookLog) -> None:
        """Store the log. Raises StorageFull, and JobNotFound if the job has just been removed."""
        data = msgspec.json.format(_encoder.encode(log), indent=1)
        try:
            async with space_errors():
                await asyncio.to_thread(write_file, self._paths.webhook_log(job_id), data)
        except FileNotFoundError as error:
            raise JobNotFound(f"There is no job {job_id}.") from error


def webhook_id(job_id: str, attempt: int) -> str:
    """The id under which this end of the job is told, however often. It has no full stop: it is signed."""
    return f"job_{job_id}_{attempt}"


def end_to_tell(receipt: Receipt, *, run: int = 0, tries: int = 0) -> DeliverWebhook:
    """The command to tell this end of the job."""
    return DeliverWebhook(job_id=parse_job_id(receipt.job_id), attempt=receipt.attempt, run=run, tries=tries)
