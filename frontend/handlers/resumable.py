"""/files/: uploads that can be resumed, as tus 1.0 has them (https://tus.io/protocols/resumable-upload)."""

from email.utils import format_datetime

from aiohttp import web

from frontend.error_responses import error_response
from frontend.errors import BodyUnsupported, OffsetConflict, RequestTooLarge, TusVersionUnsupported
from frontend.gate import answer_expectation_after
from frontend.keys import CLIENT, OUTBOX_LEVEL, RESUMABLE_UPLOADS, SETTINGS, STORE
from frontend.middlewares import route_of
from frontend.resumable_uploads import Standing
from frontend.tus_creation import asked_in
from frontend.tus_headers import (
    ALGORITHMS,
    CHUNK_TYPE,
    EXTENSIONS,
    PREFIX,
    VERSION,
    checksum_of,
    concat_of,
    concat_text,
    number_of,
)
from frontend.upload_body import UploadBody
from pipeline.errors import QueueFull, StorageFull, UploadLocked, UploadNotFound
from pipeline.ids import JobId, parse_job_id
from pipeline.unfinished_uploads import UnfinishedUpload

JOB_HEADER = "Upload-Job"
WORTH_A_CUT_BYTES = 1_000_000
OVERRIDE_HEADER = "X-HTTP-Method-Override"


async def add_tus_version(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler for `on_response_prepare`: what every answer has that belongs to an upload."""
    if route_of(request).startswith(PREFIX):
        response.headers["Tus-Resumable"] = VERSION
        if response.status == web.HTTPPreconditionFailed.status_code:
            response.headers["Tus-Version"] = VERSION


async def offer(request: web.Request) -> web.Response:
    """What of the protocol is spoken here."""
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Max-Size": str(request.app[SETTINGS].max_upload_bytes),
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
    }
    return web.Response(status=204, headers=headers)


async def answer_expectation(request: web.Request) -> web.StreamResponse | None:
    """Tell a client that is about to send the first bytes with the creation why it need not, or to go on."""
    return await answer_expectation_after(_asked, request)


async def create(request: web.Request) -> web.Response:
    """Begin an upload, maybe with its first bytes, or make one of others."""
    asked, uploads = await _asked(request), request.app[RESUMABLE_UPLOADS]
    if asked.parts:
        standing = await uploads.join(asked, request.rel_url.raw_query_string)
    else:
        checksum = checksum_of(request.headers.get("Upload-Checksum"))
        standing = await uploads.begin(asked, _body(request), checksum)
    headers = _headers(standing) | {"Location": PREFIX + standing.upload.id}
    return web.Response(status=201, headers=headers)


async def look(request: web.Request) -> web.Response:
    """How far an upload has come.

    For one that is whole, while there is no room for its job, clients wait as for one that is locked; refused
    in another way they would begin it anew.
    """
    _check_version(request)
    upload_id = await _own(request)
    try:
        standing = await request.app[RESUMABLE_UPLOADS].look(upload_id)
    except (QueueFull, StorageFull) as error:
        raise UploadLocked("All of it has come; for its job there is no room just now.") from error
    upload = standing.upload
    headers = _headers(standing) | {"Upload-Length": str(upload.length), "Cache-Control": "no-store"}
    concat = concat_text(is_partial=upload.is_partial, parts=upload.parts)
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    if concat:
        headers["Upload-Concat"] = concat
    return web.Response(headers=headers)


async def append(request: web.Request) -> web.StreamResponse:
    """Take in more of an upload; the job, if that was the last of it."""
    try:
        return await _append(request)
    except OffsetConflict as error:
        if (request.content_length or 0) < WORTH_A_CUT_BYTES or request.content.is_eof():
            raise
        return await _answered_and_cut(request, error)


async def _append(request: web.Request) -> web.Response:
    _check_version(request)
    if request.content_type != CHUNK_TYPE:
        raise BodyUnsupported(f"The body has to be {CHUNK_TYPE}.")
    offset = number_of("Upload-Offset", request.headers.get("Upload-Offset"))
    checksum = checksum_of(request.headers.get("Upload-Checksum"))
    upload_id = await _own(request)
    _check_room(request, request.content_length or 0)
    body = _body(request)
    standing = await request.app[RESUMABLE_UPLOADS].append(upload_id, offset, body, checksum)
    return web.Response(status=204, headers=_headers(standing))


async def _answered_and_cut(request: web.Request, error: OffsetConflict) -> web.StreamResponse:
    """The answer, behind which the connection is cut, since nobody would read it before all has been sent.

    Chromium sends a request again by itself, from the first byte, if its connection was reset.
    """
    response = error_response(request, error)
    await response.prepare(request)
    await response.write_eof()
    if request.transport is not None:
        request.transport.close()
    return response


async def remove(request: web.Request) -> web.Response:
    """Give up an upload."""
    _check_version(request)
    await request.app[RESUMABLE_UPLOADS].remove(await _own(request))
    return web.Response(status=204)


async def overridden(request: web.Request) -> web.StreamResponse:
    """For clients that can send no other method: POST with the real one in a header."""
    method = request.headers.get(OVERRIDE_HEADER, "").upper()
    handler = {"PATCH": append, "DELETE": remove, "HEAD": look}.get(method)
    if handler is None:
        raise web.HTTPMethodNotAllowed("POST", ["DELETE", "HEAD", "PATCH", "POST"])
    return await handler(request)


async def _asked(request: web.Request) -> UnfinishedUpload:
    """The upload that is to begin, unless it is clear by the head of the request that it cannot.

    Raises what `asked_in` does, and RequestTooLarge, StorageFull and OutboxFull.
    """
    _check_version(request)
    if request.body_exists and request.content_length != 0 and request.content_type != CHUNK_TYPE:
        raise BodyUnsupported(f"The first bytes of an upload have to be {CHUNK_TYPE}.")
    part_ids = concat_of(request.headers.get("Upload-Concat")).parts
    asked = asked_in(request, parts=[await _find_own(request, part_id) for part_id in part_ids])
    _check_room(request, asked.length)
    await request.app[OUTBOX_LEVEL].check()
    return asked


def _check_version(request: web.Request) -> None:
    if request.headers.get("Tus-Resumable") != VERSION:
        raise TusVersionUnsupported


def _check_room(request: web.Request, size: int) -> None:
    settings = request.app[SETTINGS]
    if (request.content_length or 0) > settings.max_request_bytes:
        raise RequestTooLarge(f"This server takes {settings.max_request_bytes:,} bytes at once. Send less.")
    if request.app[STORE].free_bytes() - size < settings.min_free_bytes:
        raise StorageFull


def _body(request: web.Request) -> UploadBody | None:
    if not request.body_exists:
        return None
    return UploadBody(request, store=request.app[STORE], settings=request.app[SETTINGS])


async def _own(request: web.Request) -> JobId:
    """The id of the upload in the path. Raises InvalidId; UploadNotFound also of somebody else's."""
    return (await _find_own(request, parse_job_id(request.match_info["upload_id"]))).id


async def _find_own(request: web.Request, upload_id: JobId) -> UnfinishedUpload:
    upload = await request.app[RESUMABLE_UPLOADS].find(upload_id)
    if not request[CLIENT].sees(upload.owner):
        raise UploadNotFound
    return upload


def _headers(standing: Standing) -> dict[str, str]:
    headers = {"Upload-Offset": str(standing.offset)}
    if standing.expires_at is None:
        headers[JOB_HEADER] = f"/api/jobs/{standing.upload.id}"
    else:
        headers["Upload-Expires"] = format_datetime(standing.expires_at, usegmt=True)
    return headers
