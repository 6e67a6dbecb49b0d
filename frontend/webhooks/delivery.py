"""Delivering one webhook: the end of a job to the address that was given for it, once more if it fails.

The order is what keeps one from being lost: the request, then the next try onto its rung of the ladder, then
the log, and only then the caller acknowledges. A command that comes again after the log was written is known
by its number of tries to be over; one that comes again before is tried again. So each end is told at least
once, and under one id. A command whose time has not come yet, as `reconcile` sends them, waits for it: else
each run of that would be one try less.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from frontend.job_state import state_from_receipt, state_from_record
from frontend.job_view import job_view
from frontend.webhooks.secrets import secrets_of, signature
from frontend.webhooks.sender import WebhookSender
from frontend.webhooks.turns import HostBusy, HostTurns
from pipeline.broker import Publisher
from pipeline.errors import JobNotFound, StorageFull, UrlInvalid, WebhookUnderWay
from pipeline.ids import JobId
from pipeline.image_store import ImageStore
from pipeline.messages import DeliverWebhook, now
from pipeline.records import JobRecord, Receipt
from pipeline.topology import WebhookRung, webhook_ladder
from pipeline.web_address import parse_web_address
from pipeline.webhook_log import Webhook, WebhookLog, WebhookLogs, WebhookState, WebhookTry

log = logging.getLogger(__name__)

ROOM_BYTES = 1_000_000
"""With less free space a log may not fit."""
GONE = 410
"""With this a receiver says that it wants to be told nothing any more."""

EARLY_S = 1.0
"""So much earlier than noted one that comes off its rung may be: the time is noted after it was put there."""

OnTry = Callable[[str], None]
"""Is told how each try ended: `delivered`, `failed` or `given_up`."""


class _TooEarly(Exception):
    """The time that was noted for this try has not come yet."""

    def __init__(self, next_at: datetime) -> None:
        super().__init__()
        self.next_at = next_at


@dataclass(frozen=True)
class _Due:
    """A webhook that is to be delivered now."""

    command: DeliverWebhook
    url: str
    record: JobRecord
    receipt: Receipt
    log: WebhookLog
    webhook: Webhook


class WebhookDelivery:
    """Delivers the webhooks of one store."""

    def __init__(
        self,
        *,
        store: ImageStore,
        logs: WebhookLogs,
        sender: WebhookSender,
        publisher: Publisher,
        secrets: Sequence[str],
        delays_s: Sequence[float],
        on_try: OnTry,
    ) -> None:
        """`delays_s` are the rungs of the ladder of the webhooks."""
        self._store = store
        self._logs = logs
        self._sender = sender
        self._publisher = publisher
        self._secrets = secrets
        self._rungs = webhook_ladder(delays_s)
        self._on_try = on_try
        self._turns = HostTurns()

    async def deliver(self, command: DeliverWebhook) -> None:
        """Return when the command is done with: delivered, given up, over, or on a rung of the ladder.

        Raises BrokerUnavailable, QueueFull, PublishUncertain, StorageFull and OSError: then it has to come
        again. Raises DamagedRecord if that would be of no use.
        """
        job_id = JobId(command.job_id)
        try:
            async with self._logs.held(job_id):
                due = await self._due(job_id, command)
                if due is not None:
                    await self._check_can_end()
                    await self._deliver(due)
        except WebhookUnderWay:
            # Not a try: whoever is at it may die, and then this is the command that is left.
            await self._publisher.publish_webhook(command, self._rungs[0])
        except HostBusy as error:
            # Not a try either. The longer the line, the longer it waits: else nothing else would be done.
            await self._publisher.publish_webhook(command, self._rung_within(error.wait_s))
        except _TooEarly as error:
            # Not a try either. The one that waits may be lost; if it is not, this one will be over.
            left_s = (error.next_at - now()).total_seconds()
            await self._publisher.publish_webhook(command, self._rung_of(left_s))
        except JobNotFound:
            log.debug("job %s has been removed: nobody is told of its end", job_id)

    async def _due(self, job_id: JobId, command: DeliverWebhook) -> _Due | None:
        """What is to be delivered; None if it was, or if the job has not ended so, or not any more."""
        record = await self._store.load_job(job_id)
        receipt = await self._store.load_receipt(job_id)
        if record.callback_url is None or receipt is None or receipt.attempt != command.attempt:
            return None
        known = await self._logs.load(job_id)
        webhook = known.of(receipt)
        if receipt.status == "removed" or webhook.is_over(command):
            return None
        if command.run > webhook.run:
            webhook = replace(webhook, state="pending", run=command.run, tries=0, next_at=None)
        if webhook.next_at is not None and command.tries == webhook.tries and _is_early(webhook.next_at):
            raise _TooEarly(webhook.next_at)
        return _Due(command, record.callback_url, record, receipt, known, webhook)

    def _next_rung(self, due: _Due, tried: WebhookTry) -> WebhookRung:
        """That of this try, or a later one if the receiver has asked for more time."""
        rung = self._rungs[due.command.tries]
        return max(rung, self._rung_of(tried.retry_after_s or 0.0), key=lambda rung: rung.delay_s)

    def _rung_of(self, wait_s: float) -> WebhookRung:
        """The first rung that lasts so many seconds, or else the last one."""
        return next((rung for rung in self._rungs if rung.delay_s >= wait_s), self._rungs[-1])

    def _rung_within(self, wait_s: float) -> WebhookRung:
        """The last rung that is over within so many seconds, or else the first one."""
        return next((rung for rung in reversed(self._rungs) if rung.delay_s <= wait_s), self._rungs[0])

    async def _check_can_end(self) -> None:
        """Raise what would be in the way behind the request, which would then be made again and again."""
        await self._publisher.check_open()
        if self._store.free_bytes() < ROOM_BYTES:
            raise StorageFull

    async def _deliver(self, due: _Due) -> None:
        async with self._turns.turn(_host(due.url)):
            tried = await self._sender.send(due.url, *self._request(due))
        if tried.error is None:
            await self._conclude(due, tried, "delivered")
        elif tried.status == GONE or due.command.tries >= len(self._rungs):
            await self._conclude(due, tried, "given_up")
        else:
            await self._put_off(due, tried, self._next_rung(due, tried))

    async def _put_off(self, due: _Due, tried: WebhookTry, rung: WebhookRung) -> None:
        tries = due.command.tries + 1
        await self._publisher.publish_webhook(replace(due.command, tries=tries), rung)
        self._on_try("failed")
        next_at = now() + timedelta(seconds=rung.delay_s)
        await self._note(due, replace(due.webhook, tries=tries, next_at=next_at), tried)
        log.info("webhook %s: %s, again in %g s", due.webhook.id, _shown(tried), rung.delay_s)

    async def _conclude(self, due: _Due, tried: WebhookTry, state: WebhookState) -> None:
        webhook = replace(due.webhook, state=state, tries=due.command.tries, next_at=None)
        self._on_try(state)
        await self._note(due, webhook, tried)
        if state == "given_up":
            log.warning("webhook %s is given up: %s", due.webhook.id, _shown(tried))

    async def _note(self, due: _Due, webhook: Webhook, tried: WebhookTry) -> None:
        webhook = replace(webhook, log=(*webhook.log, tried))
        await self._logs.save(JobId(due.command.job_id), due.log.joined(webhook))

    def _request(self, due: _Due) -> tuple[bytes, dict[str, str]]:
        body, timestamp = body_of(due.record, due.receipt), int(now().timestamp())
        signed = signature(
            body,
            webhook_id=due.webhook.id,
            timestamp=timestamp,
            secrets=secrets_of(due.record.owner, self._secrets),
        )
        return body, {
            "webhook-id": due.webhook.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signed,
        }


def body_of(record: JobRecord, receipt: Receipt) -> bytes:
    """What is told of this end, the same each time: its type, when it was, and the job as it is shown."""
    state = state_from_receipt(receipt).joined(state_from_record(record))
    return msgspec.json.encode(
        {
            "type": f"job.{receipt.status}",
            "timestamp": receipt.finished_at,
            "data": job_view(state, position=None),
        }
    )


def _is_early(next_at: datetime) -> bool:
    return next_at - now() > timedelta(seconds=EARLY_S)


def _host(url: str) -> str:
    """The host whose turns it takes; what is no address is never asked."""
    try:
        return parse_web_address(url).host
    except UrlInvalid:
        return ""


def _shown(tried: WebhookTry) -> str:
    return f"status {tried.status}" if tried.status else str(tried.error)
