"""How a job stands, as far as it can be told from the store: whether its command has to be somewhere."""

import time
from dataclasses import dataclass
from enum import Enum

from pipeline.errors import JobNotFound
from pipeline.ids import JobId
from pipeline.image_store import ImageStore, Traces
from pipeline.messages import DeliverWebhook
from pipeline.outbox import Outbox
from pipeline.records import DamagedRecord, JobRecord, Receipt
from pipeline.webhook_log import WebhookLogs, end_to_tell

ACCEPTED_WITHIN_S = 5.0
"""A frontend that accepts a job writes its command down, or takes all of it back, in less."""


class Standing(Enum):
    """What is to be done about a job."""

    ENDED = "it has ended"
    UNTOLD = "it has ended, and the command to tell so has to be on its way"
    IN_OUTBOX = "a frontend will send it"
    NOT_OURS = "no frontend has accepted it"
    DAMAGED = "what was asked cannot be read"
    FRESH = "somebody is at it just now"
    WAITING = "its command has to be in the queue"


@dataclass(frozen=True)
class Finding:
    """How a job stands. `record` is there when it waits, `webhook` when its end is to be told to somebody.

    One that waits is at this `attempt`, at least.
    """

    standing: Standing
    record: JobRecord | None = None
    attempt: int = 1
    webhook: DeliverWebhook | None = None


class Lookout:
    """Looks jobs up in one store. A worker that has begun with a job gets `patience_s` to end it."""

    def __init__(
        self, *, store: ImageStore, outbox: Outbox, webhooks: WebhookLogs, patience_s: float
    ) -> None:
        self._store = store
        self._outbox = outbox
        self._webhooks = webhooks
        self._patience_s = patience_s

    async def look(self, job_id: JobId) -> Finding:
        """How the job stands at this moment."""
        try:
            return await self._look(job_id)
        except DamagedRecord:
            return Finding(Standing.DAMAGED)
        except JobNotFound:
            return Finding(Standing.NOT_OURS)

    async def _look(self, job_id: JobId) -> Finding:
        receipt = await self._store.load_receipt(job_id)
        if receipt is not None:
            return await self._look_at_end(job_id, receipt)
        record = await self._store.load_job(job_id)
        if await self._outbox.holds(job_id):
            return Finding(Standing.IN_OUTBOX)
        if self._is_fresh(await self._store.traces(job_id)):
            return Finding(Standing.FRESH)
        # Ends are told by their attempts: a second one with the same number would be taken for the first.
        attempt = await self._webhooks.attempts_told(job_id) + 1
        return Finding(Standing.WAITING, record, attempt)

    async def _look_at_end(self, job_id: JobId, receipt: Receipt) -> Finding:
        """Whether its end has been told, or given up, if somebody is to be told of it."""
        if receipt.status == "removed" or not await self._is_called_back(job_id):
            return Finding(Standing.ENDED)
        known = (await self._webhooks.load(job_id)).of(receipt)
        if known.state != "pending":
            return Finding(Standing.ENDED)
        return Finding(Standing.UNTOLD, webhook=end_to_tell(receipt, run=known.run, tries=known.tries))

    async def _is_called_back(self, job_id: JobId) -> bool:
        try:
            return (await self._store.load_job(job_id)).callback_url is not None
        except JobNotFound:
            return False  # a command that somebody has typed in by hand has no record

    def _is_fresh(self, traces: Traces) -> bool:
        now = time.time()
        is_begun = traces.begun is not None and now - traces.begun < self._patience_s
        return is_begun or now - traces.asked < ACCEPTED_WITHIN_S
