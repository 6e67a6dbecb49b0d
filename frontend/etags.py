"""ETags of what is shown, and 304 for those who have it already (RFC 9110, 13.1.2)."""

import hashlib

from aiohttp import ETag, web
from aiohttp.helpers import ETAG_ANY

DIGEST_BYTES = 16


def etag_of(text: str) -> ETag:
    """The weak ETag of a JSON text: another text has another one."""
    digest = hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return ETag(digest, is_weak=True)


def asks_for_news(request: web.Request) -> bool:
    """Whether the client says what it has already, and wants only what is other."""
    return bool(request.if_none_match)


def is_known(request: web.Request, etag: ETag) -> bool:
    """Whether the client says that it has this already."""
    return any(known.value in (etag.value, ETAG_ANY) for known in request.if_none_match or ())


def json_response(request: web.Request, text: str) -> web.Response:
    """The JSON text with its ETag: 200, or 304 and no text for a client that has it."""
    etag = etag_of(text)
    if is_known(request, etag):
        response = web.Response(status=304)
    else:
        response = web.Response(text=text, content_type="application/json")
    response.etag = etag
    return response
