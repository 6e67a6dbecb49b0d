"""The jobs and batches that are there for a client: what belongs to others is as if it was not there."""

from aiohttp import web

from frontend.job_state import JobState
from frontend.keys import CLIENT, JOBS
from pipeline.errors import BatchNotFound, JobNotFound
from pipeline.ids import BatchId, JobId, parse_batch_id, parse_job_id


async def own_job(request: web.Request) -> JobState:
    """The job whose id is in the path. Raises InvalidId and JobNotFound."""
    state = await request.app[JOBS].find(parse_job_id(request.match_info["job_id"]))
    check_is_seen(request, state)
    return state


async def own_job_id(request: web.Request) -> JobId:
    """The id in the path; whoever sees everything has it without a look. Raises InvalidId and JobNotFound."""
    if request[CLIENT].sees_all:
        return parse_job_id(request.match_info["job_id"])
    return (await own_job(request)).id


async def own_batch(request: web.Request) -> list[JobState]:
    """The jobs of the batch in the path, oldest first. Raises InvalidId and BatchNotFound."""
    batch_id = batch_id_of(request)
    states = await request.app[JOBS].of_batch(batch_id)
    own = seen(request, states)
    if not own and not request[CLIENT].sees_all:
        raise BatchNotFound(f"There is no batch {batch_id}.")
    return own


def batch_id_of(request: web.Request) -> BatchId:
    """The id in the path. Raises InvalidId."""
    return parse_batch_id(request.match_info["batch_id"])


def seen(request: web.Request, states: list[JobState]) -> list[JobState]:
    """Those of the jobs that are there for the client."""
    return [state for state in states if request[CLIENT].sees(state.owner)]


def check_is_seen(request: web.Request, state: JobState) -> None:
    """Raise JobNotFound if the job is not there for the client."""
    if not request[CLIENT].sees(state.owner):
        raise JobNotFound(f"There is no job {state.id}.")
