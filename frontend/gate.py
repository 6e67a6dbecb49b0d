"""What is looked at before a byte of an upload is read: its size and key, the disk and the outbox."""

from aiohttp import hdrs, web
from aiohttp.http import HttpVersion11

from frontend.admission import admit
from frontend.error_responses import error_response
from frontend.errors import RequestTooLarge
from frontend.idempotency import key_of
from frontend.keys import OUTBOX_LEVEL, SETTINGS, STORE
from frontend.middlewares import give_request_id
from pipeline.errors import PipelineError, StorageFull


async def check_gate(request: web.Request) -> None:
    """Raise what would be the answer anyway.

    That is one of IdempotencyKeyInvalid, RequestTooLarge, StorageFull and OutboxFull.
    """
    key_of(request)
    settings = request.app[SETTINGS]
    size = request.content_length or 0
    if size > settings.max_request_bytes:
        raise RequestTooLarge(
            f"The request has {size:,} bytes; this server takes {settings.max_request_bytes:,} at once."
        )
    if request.app[STORE].free_bytes() - size < settings.min_free_bytes:
        raise StorageFull
    await request.app[OUTBOX_LEVEL].check()


async def answer_expectation(request: web.Request) -> web.StreamResponse | None:
    """Tell a client that waits for "100 Continue" either to go on, or at once why it need not."""
    give_request_id(request)
    try:
        await admit(request)
        await check_gate(request)
    except PipelineError as error:
        return error_response(request, error)
    if request.version == HttpVersion11 and request.headers.get(hdrs.EXPECT, "").lower() == "100-continue":
        assert request.transport is not None, "the client is still there: it waits for this very line"
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return None
