"""Following jobs over any kind of line: what a client wants to follow, and what it is told first."""

from dataclasses import dataclass

from aiohttp import web

from frontend.errors import OptionInvalid
from frontend.job_state import JobState
from frontend.keys import CLIENT, JOBS, LIVE, NEWS
from frontend.lines import Line, Message
from frontend.live import Watcher
from frontend.own import check_is_seen, seen
from frontend.own_pages import refuse_foreign
from pipeline.errors import InvalidId
from pipeline.ids import BatchId, JobId, parse_batch_id, parse_job_id
from pipeline.log_id import LogId, parse_log_id

LAST_EVENT_ID = "Last-Event-ID"


@dataclass(frozen=True)
class Wish:
    """What is to be followed, and up to where in the event log the client knows everything about it."""

    batch: BatchId | None
    job: JobId | None
    after: LogId | None


async def follow(request: web.Request, wish: Wish, line: Line) -> None:
    """Keep a client up to date until it leaves or is sent away. Raises JobNotFound."""
    live = request.app[LIVE]
    watcher = Watcher(line, request[CLIENT], batch=wish.batch, job=wish.job)
    live.join(watcher)
    try:
        stored = await wished(request, wish)
        await line.open()
        # From here to the first messages nothing is awaited: all that was put so far is in them.
        watcher.begin(_first_messages(request, wish, stored))
        await watcher.stay()
    finally:
        live.leave(watcher)


async def wished(request: web.Request, wish: Wish) -> list[JobState]:
    """The jobs that are to be followed, as the store has them. Raises JobNotFound."""
    found = await request.app[JOBS].watched(batch=wish.batch, job=wish.job)
    if wish.job is not None:
        check_is_seen(request, *found)
    return found


def wish_of(request: web.Request) -> Wish:
    """What a request wants to follow. Raises ForeignOrigin and OptionInvalid."""
    refuse_foreign(request)
    batch, job = request.query.get("batch"), request.query.get("job")
    if batch and job:
        raise OptionInvalid("job", job, "either a batch or a job")
    try:
        return Wish(
            parse_batch_id(batch) if batch else None, parse_job_id(job) if job else None, _after(request)
        )
    except InvalidId as error:
        raise OptionInvalid("batch" if batch else "job", batch or job or "", "a UUID of version 7") from error


def _after(request: web.Request) -> LogId | None:
    """What a browser says when it comes back counts more than its first address."""
    name = LAST_EVENT_ID if request.headers.get(LAST_EVENT_ID) else "after"
    text = request.headers.get(LAST_EVENT_ID) or request.query.get("after")
    if not text:
        return None
    place = parse_log_id(text)
    if place is None:
        raise OptionInvalid(name, text, "the id of a message, such as 79-1c291ca3")
    return place


def _first_messages(request: web.Request, wish: Wish, stored: list[JobState]) -> list[Message]:
    jobs, news = request.app[JOBS], request.app[NEWS]
    if wish.after is not None and jobs.are_shown(seen(request, stored)):
        missed = news.missed(request[CLIENT], batch=wish.batch, job=wish.job, after=wish.after)
        if missed is not None:
            return missed
    states = seen(request, jobs.latest(stored, batch=wish.batch))
    return [news.snapshot(request[CLIENT], jobs.views(states))]
