"""POST /api/jobs/<id>/retry, DELETE /api/jobs/<id>, POST /api/batches/<id>/retry.

The same as plain forms, which are answered by the way back to the page of the batch.
"""

from aiohttp import web

from frontend.job_state import JobState
from frontend.job_view import to_json
from frontend.keys import JOB_ACTIONS, JOBS
from frontend.own import batch_id_of, own_batch, own_job, own_job_id, seen
from pipeline.errors import BatchNotFound
from pipeline.ids import BatchId


async def retry(request: web.Request) -> web.Response:
    """Try a job once more that failed or was cancelled."""
    return _job(request, await request.app[JOB_ACTIONS].retry(await own_job_id(request)), status=202)


async def retry_batch(request: web.Request) -> web.Response:
    """Try all jobs of a batch once more that failed."""
    states = await request.app[JOB_ACTIONS].retry_failed(await own_batch(request))
    text = to_json({"jobs": request.app[JOBS].views(states)})
    return web.Response(text=text, status=202, content_type="application/json")


async def delete(request: web.Request) -> web.Response:
    """Cancel a job that has not ended; remove one that has."""
    state = await request.app[JOB_ACTIONS].delete(await own_job_id(request))
    return web.Response(status=204) if state is None else _job(request, state, status=200)


async def retry_by_form(request: web.Request) -> web.Response:
    """As `retry`, for a browser without JavaScript."""
    state = await request.app[JOB_ACTIONS].retry(await own_job_id(request))
    raise web.HTTPSeeOther(await _page(request, state.batch_id))


async def delete_by_form(request: web.Request) -> web.Response:
    """As `delete`, for a browser without JavaScript."""
    state = await own_job(request)
    await request.app[JOB_ACTIONS].delete(state.id)
    raise web.HTTPSeeOther(await _page(request, state.batch_id))


async def retry_batch_by_form(request: web.Request) -> web.Response:
    """As `retry_batch`, for a browser without JavaScript."""
    await request.app[JOB_ACTIONS].retry_failed(await own_batch(request))
    raise web.HTTPSeeOther(await _page(request, batch_id_of(request)))


async def _page(request: web.Request, batch_id: str | None) -> str:
    """The page of the batch, or the start if nothing of the batch is left for this client."""
    try:
        left = seen(request, await request.app[JOBS].of_batch(BatchId(batch_id))) if batch_id else []
    except BatchNotFound:
        left = []
    return f"/batches/{batch_id}" if left else "/"


def _job(request: web.Request, state: JobState, *, status: int) -> web.Response:
    text = to_json(request.app[JOBS].view(state))
    return web.Response(text=text, status=status, content_type="application/json")
