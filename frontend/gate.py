"""What is looked at before a byte of an upload is read: its size and key, the disk and the outbox."""

import re
from collections.abc import Awaitable, Callable

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from frontend.admission import admit
from frontend.error_responses import error_response
from frontend.errors import BodyUnsupported, FormMalformed, NoFile, RequestTooLarge, UploadTooLarge
from frontend.idempotency import key_of
from frontend.keys import CALLBACKS, CLIENT, OUTBOX_LEVEL, PRESETS, RATE_LIMITS, SETTINGS, STORE
from frontend.middlewares import give_request_id
from frontend.upload_body import is_form
from frontend.upload_fields import UploadFields
from pipeline.errors import PipelineError, StorageFull

Check = Callable[[web.Request], Awaitable[object]]
_BOUNDARY = re.compile(r';\s*boundary\s*=\s*"?[^\s";]', re.IGNORECASE)


async def check_gate(request: web.Request) -> None:
    """Raise what would be the answer anyway, by the head of the request, the disk and the outbox.

    That is one of IdempotencyKeyInvalid, OptionInvalid, UrlsOff, WebhooksOff, CallbackInvalid,
    CallbackNotAllowed, TooManyFiles, NoFile, FormMalformed, BodyUnsupported, RequestTooLarge, UploadTooLarge,
    StorageFull and OutboxFull.
    """
    key_of(request)
    settings, fields = request.app[SETTINGS], fields_of(request)
    if request.body_exists or not fields.urls:
        _check_type(request)
    size = request.content_length or 0
    if size > settings.max_request_bytes:
        raise RequestTooLarge(
            f"The request has {size:,} bytes; this server takes {settings.max_request_bytes:,} at once."
        )
    if size > settings.max_upload_bytes and not is_form(request):
        raise UploadTooLarge(f"An image may have {settings.max_upload_bytes:,} bytes; this one has {size:,}.")
    if request.app[STORE].free_bytes() - size < settings.min_free_bytes:
        raise StorageFull
    await request.app[OUTBOX_LEVEL].check()


def fields_of(request: web.Request) -> UploadFields:
    """The fields of the address of a request. Raises what `UploadFields.take` does."""
    settings = request.app[SETTINGS]
    return UploadFields(
        request.query,
        presets=request.app[PRESETS],
        limits=settings.rendition_limits,
        max_urls=settings.urls_per_request,
        read_callback=request.app[CALLBACKS].read,
    )


def _check_type(request: web.Request) -> None:
    if is_form(request):
        if not _BOUNDARY.search(request.headers[hdrs.CONTENT_TYPE]):
            raise FormMalformed("The type of the form names no boundary.")
    elif not request.body_exists:
        raise NoFile
    elif not request.content_type.startswith("image/") and request.method != hdrs.METH_PUT:
        raise BodyUnsupported


async def answer_expectation(request: web.Request) -> web.StreamResponse | None:
    """Tell a client that waits for "100 Continue" either to go on, or at once why it need not."""
    return await answer_expectation_after(check_gate, request)


async def answer_expectation_after(check: Check, request: web.Request) -> web.StreamResponse | None:
    """As above; `check` raises what would be the answer anyway."""
    give_request_id(request)
    try:
        await admit(request)
        await check(request)
    except PipelineError as error:
        if CLIENT in request:
            await request.app[RATE_LIMITS].count_rest(request, request[CLIENT])
        return error_response(request, error)
    if request.version == HttpVersion11 and request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        assert request.transport is not None, "the client is still there: it waits for this very line"
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return None
