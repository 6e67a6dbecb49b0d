"""GET /api/jobs/<id> and its receipt; GET /api/batches/<id>."""

from aiohttp import web

from frontend.board import Board
from frontend.errors import ReceiptNotFound
from frontend.etags import asks_for_news, etag_of, is_known, json_response
from frontend.handlers.webhooks import webhook_state
from frontend.job_view import batch_view
from frontend.keys import BOARD, JOBS, STORE, WAITS
from frontend.own import batch_id_of, own_batch, own_job, own_job_id
from frontend.wait_option import wait_of
from frontend.waits import Wait
from pipeline.ids import JobId
from pipeline.records import encode_record

KEEP_FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
"""What an id names never changes."""


async def job(request: web.Request) -> web.Response:
    """The job. With `?wait=` when it has ended or, for a client with an ETag, when it has changed."""
    job_id, seconds, is_for_news = await own_job_id(request), wait_of(request), asks_for_news(request)
    jobs, waits = request.app[JOBS], request.app[WAITS]
    with waits.joined(request, [job_id], seconds=seconds, minds_places=is_for_news) as wait:
        while True:
            is_last_look = wait.is_over or not seconds
            state = await jobs.find(job_id)
            view = jobs.view(state) | await webhook_state(request, job_id)
            has_news = is_for_news and not is_known(request, etag_of(view))
            if is_last_look or state.is_ended or has_news:
                return json_response(request, view)
            await wait.woken()


async def receipt(request: web.Request) -> web.Response:
    """How the job ended, in every detail. Of one that is done it never changes."""
    state = await own_job(request)
    found = await request.app[STORE].load_receipt(state.id)
    if found is None or found.status == "removed":
        raise ReceiptNotFound
    response = _json(encode_record(found).decode())
    if found.status == "done":
        response.headers.update(KEEP_FOR_GOOD)
    return response


async def batch(request: web.Request) -> web.Response:
    """The batch and its jobs, oldest first. With `?wait=` when all have ended, or it has changed."""
    batch_id = batch_id_of(request)
    seconds, is_for_news = wait_of(request), asks_for_news(request)
    jobs, waits = request.app[JOBS], request.app[WAITS]
    with waits.joined(request, batch=batch_id, seconds=seconds, minds_places=is_for_news) as wait:
        while True:
            is_last_look = wait.is_over or not seconds
            states = await own_batch(request)
            view = batch_view(batch_id, jobs.views(states))
            has_news = is_for_news and not is_known(request, etag_of(view))
            moving = [state.id for state in states if not state.is_ended]
            if is_last_look or not moving or has_news:
                return json_response(request, view)
            await wait.woken()
            if not is_for_news:
                await _until_ended(wait, request.app[BOARD], moving)


async def _until_ended(wait: Wait, board: Board, job_ids: list[JobId]) -> None:
    """Return when the board shows that all of these have ended, or the wait is over.

    What is looked at with each change is one job, for a batch may have thousands.
    """
    while job_ids and not wait.is_over:
        state = board.job(job_ids[-1])
        if state is not None and state.is_ended:
            job_ids.pop()
        else:
            await wait.woken()


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")
