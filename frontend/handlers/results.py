"""The one result of an upload that has waited for it: the image itself, or why there is none."""

from aiohttp import web

from frontend.error_responses import error_response
from frontend.errors import JobCalledOff, JobHasFailed, RequestError
from frontend.handlers.files import rendition_response
from frontend.job_state import JobState
from frontend.job_view import rendition_url
from frontend.keys import STORE


def result_response(request: web.Request, state: JobState) -> web.StreamResponse:
    """200 with the only rendition of a job that has ended, or the problem that it ended with."""
    if state.status != "done":
        return error_response(request, _problem(state))
    [result] = state.renditions
    path = request.app[STORE].rendition_file(state.id, result.file)
    response = rendition_response(request, path, result.media_type, file_name=state.name, name=result.name)
    response.headers["Content-Location"] = rendition_url(state.id, result)
    # What may be kept is what is behind that address; this is the answer to an upload.
    response.headers["Cache-Control"] = "no-store"
    return response


def _problem(state: JobState) -> RequestError:
    return JobHasFailed(state.error) if state.error is not None else JobCalledOff()
