"""GET /api/jobs/<id>/source and /renditions/<name>: the files. `?download=1` saves instead of showing."""

from pathlib import Path

from aiohttp import hdrs, web

from frontend.content_disposition import content_disposition
from frontend.errors import RenditionNotFound
from frontend.handlers.jobs import KEEP_FOR_GOOD
from frontend.job_state import JobState
from frontend.keys import JOBS, STORE
from frontend.option_values import yes_or_no
from frontend.own import own_job, own_job_id
from frontend.result_names import rendition_file_name, source_file_name
from frontend.stored_file import StoredFile, stored_file
from pipeline.image_formats import UNKNOWN, ImageFormat, format_of_type

MADE_TO_BE_SHOWN = {"Cross-Origin-Resource-Policy": "cross-origin"}
"""Results may be put into pages of any site, as the `<picture>` element of a job is meant to be."""


async def source(request: web.Request) -> web.StreamResponse:
    """The image as it was sent."""
    record = await request.app[STORE].load_job(await own_job_id(request))
    path = request.app[STORE].source_file(record.source_path)
    image_format = format_of_type(record.source.media_type)
    return _file(request, path, image_format, source_file_name(record.name, image_format))


async def rendition(request: web.Request) -> web.StreamResponse:
    """A result, once it is stored."""
    state = await own_job(request)
    name = request.match_info["rendition"]
    path, media_type = await _rendition_file(request, state, name)
    return rendition_response(request, path, media_type, file_name=state.name, name=name)


async def _rendition_file(request: web.Request, state: JobState, name: str) -> tuple[Path, str]:
    """The file and its media type. Another frontend may have told of it before this one knows of it."""
    for result in state.renditions:
        if result.name == name:
            return request.app[STORE].rendition_file(state.id, result.file), result.media_type
    if state.is_ended:
        raise RenditionNotFound
    return await request.app[JOBS].stored_rendition(state.id, name)


def rendition_response(
    request: web.Request, path: Path, media_type: str, *, file_name: str, name: str
) -> web.StreamResponse:
    """The file of the rendition `name` of the image `file_name`."""
    image_format = format_of_type(media_type)
    response = _file(request, path, image_format, rendition_file_name(file_name, name, image_format))
    response.headers.update(MADE_TO_BE_SHOWN)
    return response


def _file(request: web.Request, path: Path, image_format: ImageFormat, file_name: str) -> StoredFile:
    text = request.query.get("download", "")
    is_download = yes_or_no(text, field="download") if text else False
    headers = KEEP_FOR_GOOD | {
        # Out of our own table: a type that somebody has typed into an event is not in it.
        hdrs.CONTENT_TYPE: image_format.media_type,
        hdrs.CONTENT_DISPOSITION: content_disposition(
            file_name, is_download=is_download or image_format is UNKNOWN
        ),
    }
    return stored_file(request, path, headers)
