"""GET /api/jobs/<id>/webhooks, POST /api/jobs/<id>/webhooks/replay."""

import msgspec
from aiohttp import web

from frontend.errors import WebhookNotDue, WebhookNotFound, WebhooksOff
from frontend.job_view import JsonObject, to_json
from frontend.keys import SETTINGS, STORE, WEBHOOK_DISPATCH, WEBHOOK_LOGS
from frontend.own import own_job
from pipeline.errors import JobNotFound
from pipeline.ids import JobId
from pipeline.records import DamagedRecord, JobRecord, Receipt
from pipeline.web_address import parse_web_address
from pipeline.webhook_log import Webhook, end_to_tell


async def log(request: web.Request) -> web.Response:
    """How the ends of the job were told, each try of it."""
    job_id = (await own_job(request)).id
    record, receipt = await _called_back(request, job_id), await _end(request, job_id)
    known, last = await request.app[WEBHOOK_LOGS].load(job_id), None
    if receipt is not None:
        last = known.of(receipt)
        known = known.joined(last)
    return _json(
        {
            "job_id": job_id,
            # The rest of the address may be a secret.
            "host": parse_web_address(record.callback_url or "").host,
            "webhooks": [_view(webhook, is_last=webhook is last) for webhook in known.webhooks],
        },
        status=200,
    )


async def replay(request: web.Request) -> web.Response:
    """Tell the end of the job once more, from the first try on, under the id that it had."""
    job_id = (await own_job(request)).id
    if not request.app[SETTINGS].webhook_hosts:
        raise WebhooksOff
    await _called_back(request, job_id)
    receipt = await _end(request, job_id)
    if receipt is None:
        raise WebhookNotDue
    known = (await request.app[WEBHOOK_LOGS].load(job_id)).of(receipt)
    await request.app[WEBHOOK_DISPATCH].send(end_to_tell(receipt, run=known.run + 1))
    return _json({"id": known.id, "type": known.type, "run": known.run + 1}, status=202)


async def webhook_state(request: web.Request, job_id: JobId) -> JsonObject:
    """What the view of one job has besides, if its end is told to somebody: how far that has come.

    Nothing if the log cannot be read: the job is shown all the same.
    """
    if not request.app[SETTINGS].webhook_hosts:
        return {}
    try:
        await _called_back(request, job_id)
        known = await request.app[WEBHOOK_LOGS].load(job_id)
    except (WebhookNotFound, DamagedRecord):
        return {}
    receipt = await _end(request, job_id)
    return {"webhook": "pending" if receipt is None else known.of(receipt).state}


async def _called_back(request: web.Request, job_id: JobId) -> JobRecord:
    """What was asked of a job whose end is told to somebody. Raises WebhookNotFound for any other."""
    try:
        record = await request.app[STORE].load_job(job_id)
    except JobNotFound as error:
        raise WebhookNotFound from error  # a command that somebody has typed in by hand has no record
    if record.callback_url is None:
        raise WebhookNotFound
    return record


async def _end(request: web.Request, job_id: JobId) -> Receipt | None:
    """How the job ended; None if it has not, or is gone."""
    receipt = await request.app[STORE].load_receipt(job_id)
    return None if receipt is None or receipt.status == "removed" else receipt


def _view(webhook: Webhook, *, is_last: bool) -> JsonObject:
    """One end of the job. If it was not told before the job was tried again, it never is."""
    is_pending = webhook.state == "pending"
    return {
        "id": webhook.id,
        "type": webhook.type,
        "attempt": webhook.attempt,
        "state": "superseded" if is_pending and not is_last else webhook.state,
        "run": webhook.run,
        "tries": [msgspec.to_builtins(tried, builtin_types=(type(tried.at),)) for tried in webhook.log],
        "next_try_at": webhook.next_at if is_pending and is_last else None,
    }


def _json(view: JsonObject, *, status: int) -> web.Response:
    return web.Response(text=to_json(view), status=status, content_type="application/json")
