"""GET /api/jobs/<id>, its image, its renditions and its receipt; GET /api/batches/<id>."""

from pathlib import Path
from urllib.parse import quote

from aiohttp import web

from frontend.errors import ReceiptNotFound, RenditionNotFound
from frontend.etags import asks_for_news, etag_of, is_known, json_response
from frontend.job_state import JobState
from frontend.job_view import batch_view, to_json
from frontend.keys import JOBS, STORE, WAITS
from frontend.wait_option import wait_of
from pipeline.ids import JobId, parse_batch_id, parse_job_id
from pipeline.records import encode_record

KEEP_FOR_GOOD = {"Cache-Control": "private, max-age=31536000, immutable"}
"""What an id names never changes."""


MADE_TO_BE_SHOWN = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Results may be put into pages of any site, as the `<picture>` element of a job is meant to be."""


async def job(request: web.Request) -> web.Response:
    """The job. With `?wait=` when it has ended or, for a client with an ETag, when it has changed."""
    job_id, seconds, is_for_news = _job_id(request), wait_of(request), asks_for_news(request)
    jobs, waits = request.app[JOBS], request.app[WAITS]
    with waits.joined(request, [job_id], seconds=seconds, minds_places=is_for_news) as wait:
        while True:
            is_last_look = wait.is_over or not seconds
            state = await jobs.find(job_id)
            text = to_json(jobs.view(state))
            has_news = is_for_news and not is_known(request, etag_of(text))
            if is_last_look or state.is_ended or has_news:
                return json_response(request, text)
            await wait.woken()


async def source(request: web.Request) -> web.StreamResponse:
    """The image as it was sent."""
    record = await request.app[STORE].load_job(_job_id(request))
    path = request.app[STORE].source_file(record.source_path)
    return _file(path, record.source.media_type)


async def rendition(request: web.Request) -> web.StreamResponse:
    """A result, once it is stored."""
    state = await request.app[JOBS].find(_job_id(request))
    path, media_type = await _rendition_file(request, state, request.match_info["rendition"])
    return rendition_response(path, media_type)


async def _rendition_file(request: web.Request, state: JobState, name: str) -> tuple[Path, str]:
    """The file and its media type. Another frontend may have told of it before this one knows of it."""
    for result in state.renditions:
        if result.name == name:
            return request.app[STORE].rendition_file(state.id, result.file), result.media_type
    if state.is_ended:
        raise RenditionNotFound
    return await request.app[JOBS].stored_rendition(state.id, name)


def rendition_response(path: Path, media_type: str) -> web.StreamResponse:
    """The file of a result."""
    response = _file(path, media_type)
    response.headers.update(MADE_TO_BE_SHOWN)
    # RFC 6266, 4.3; names are made of letters, digits, `.`, `_` and `-`, but of any script.
    response.headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(path.name)}"
    return response


async def receipt(request: web.Request) -> web.Response:
    """How the job ended, in every detail. Of one that is done it never changes."""
    state = await request.app[JOBS].find(_job_id(request))
    found = await request.app[STORE].load_receipt(state.id)
    if found is None or found.status == "removed":
        raise ReceiptNotFound
    response = _json(encode_record(found).decode())
    if found.status == "done":
        response.headers.update(KEEP_FOR_GOOD)
    return response


async def batch(request: web.Request) -> web.Response:
    """The batch and its jobs, oldest first."""
    jobs = request.app[JOBS]
    batch_id = parse_batch_id(request.match_info["batch_id"])
    states = await jobs.of_batch(batch_id)
    return json_response(request, to_json(batch_view(batch_id, jobs.views(states))))


def _job_id(request: web.Request) -> JobId:
    return parse_job_id(request.match_info["job_id"])


def _json(text: str) -> web.Response:
    return web.Response(text=text, content_type="application/json")


def _file(path: Path, media_type: str) -> web.StreamResponse:
    response = web.FileResponse(path, headers=KEEP_FOR_GOOD)
    response.content_type = media_type
    return response
