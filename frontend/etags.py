"""ETags of what is shown, and 304 for those who have it already (RFC 9110, 13.1.2)."""

import hashlib

from aiohttp import ETag, web
from aiohttp.helpers import ETAG_ANY

from frontend.job_view import JsonObject, to_json

DIGEST_BYTES = 16
FLEETING = "seconds_to_go"
"""What changes all the time, without any news of the job."""


def etag_of(view: JsonObject) -> ETag:
    """The weak ETag of a job or a batch: it changes with all that is shown, but for what is FLEETING."""
    text = to_json(_lasting(view))
    digest = hashlib.blake2b(text.encode(), digest_size=DIGEST_BYTES).hexdigest()
    return ETag(digest, is_weak=True)


def asks_for_news(request: web.Request) -> bool:
    """Whether the client says what it has already, and wants only what is other."""
    return bool(request.if_none_match)


def is_known(request: web.Request, etag: ETag) -> bool:
    """Whether the client says that it has this already."""
    return any(known.value in (etag.value, ETAG_ANY) for known in request.if_none_match or ())


def json_response(request: web.Request, view: JsonObject) -> web.Response:
    """A job or a batch as JSON with its ETag: 200, or 304 and no text for a client that has it."""
    etag = etag_of(view)
    if is_known(request, etag):
        response = web.Response(status=304)
    else:
        response = web.Response(text=to_json(view), content_type="application/json")
    response.etag = etag
    return response


def _lasting(view: JsonObject) -> JsonObject:
    lasting = {name: value for name, value in view.items() if name != FLEETING}
    return lasting | ({"jobs": [_lasting(job) for job in view["jobs"]]} if "jobs" in view else {})
