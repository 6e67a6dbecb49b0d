"""GET /ws: a snapshot, then every change. `?batch=<id>`, `?job=<id>`, or the pipeline alone."""

from aiohttp import web

from frontend.errors import OptionInvalid
from frontend.keys import JOBS, LIVE, NEWS
from frontend.live import Watcher
from frontend.own_pages import refuse_foreign
from pipeline.errors import InvalidId
from pipeline.ids import BatchId, JobId, parse_batch_id, parse_job_id

HEARTBEAT_S = 20.0
MOST_BYTES_FROM_CLIENT = 1024


async def watch(request: web.Request) -> web.WebSocketResponse:
    """Keep a client up to date until it leaves. What it says is not listened to."""
    refuse_foreign(request)
    batch, job = _wish(request)
    jobs, live, news = request.app[JOBS], request.app[LIVE], request.app[NEWS]
    # Compressed, a connection would cost ten times the memory and a send three times the time.
    socket = web.WebSocketResponse(compress=False, heartbeat=HEARTBEAT_S, max_msg_size=MOST_BYTES_FROM_CLIENT)
    watcher = Watcher(socket, batch=batch, job=job)
    live.join(watcher)
    try:
        stored = await jobs.watched(batch=batch, job=job)
        await socket.prepare(request)
        # From here to the snapshot nothing is awaited: all that was put so far is in it.
        states = jobs.latest(stored, batch=batch)
        watcher.begin(news.snapshot([jobs.view(state) for state in states]))
        await watcher.stay()
    finally:
        live.leave(watcher)
    return socket


def _wish(request: web.Request) -> tuple[BatchId | None, JobId | None]:
    batch, job = request.query.get("batch"), request.query.get("job")
    if batch and job:
        raise OptionInvalid("job", job, "either a batch or a job")
    try:
        return parse_batch_id(batch) if batch else None, parse_job_id(job) if job else None
    except InvalidId as error:
        raise OptionInvalid("batch" if batch else "job", batch or job or "", "a UUID of version 7") from error
