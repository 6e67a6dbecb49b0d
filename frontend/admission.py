"""Before a handler: who sends the request, whether it may come from there, and whether it is not too much."""

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from frontend.accept import wants_html
from frontend.client import Client
from frontend.errors import KeyMissing, KeyUnknown
from frontend.keys import CLIENT, CLIENTS, RATE_LIMITS, SETTINGS
from frontend.middlewares import route_of
from frontend.own_pages import refuse_foreign
from frontend.rate_limits import headers_of

HEALTH_PATHS = frozenset({"/health/live", "/health/ready"})
"""These are there for everybody: who asks is a machine that starts and restarts frontends."""
OPEN_PATHS = HEALTH_PATHS | {"/static/{filename}", "/docs", "/openapi.json", "/sign-in", "/sign-out"}
"""These are there without a key too."""
RENDITION_PATH = "/api/jobs/{job_id}/renditions/{rendition}"
FILE_PATHS = frozenset({RENDITION_PATH, "/api/jobs/{job_id}/source"})
"""Reading these is not counted: a page asks for one with each row, and its client would have nothing left."""
UPLOAD_PATH = "/files/{upload_id}"
WHO_KNOWS_THE_ADDRESS = Client(name="who knows the address", sees_all=True)
_READING = (hdrs.METH_GET, hdrs.METH_HEAD, hdrs.METH_OPTIONS)


@web.middleware
async def admission(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let in who may come in. People without a key are led to where they can sign in with one."""
    try:
        await admit(request)
    except (KeyMissing, KeyUnknown):
        if request.method in _READING and wants_html(request):
            raise web.HTTPSeeOther(f"/sign-in?{_back_to(request)}") from None
        raise
    try:
        return await handler(request)
    finally:
        if CLIENT in request:
            await request.app[RATE_LIMITS].count_rest(request, request[CLIENT])


async def admit(request: web.Request) -> None:
    """Find out who the client is, once for each request.

    Raises ForeignOrigin, KeyMissing, KeyUnknown, LocalOnly and RateLimited.
    """
    if CLIENT in request:
        return
    if request.method not in _READING:
        refuse_foreign(request)
    clients, path = request.app[CLIENTS], route_of(request)
    if path in HEALTH_PATHS or (clients.have_keys and path in OPEN_PATHS):
        return
    if path == RENDITION_PATH and request.app[SETTINGS].public_renditions:
        request[CLIENT] = WHO_KNOWS_THE_ADDRESS
        return
    client = clients.of(request)
    if path not in OPEN_PATHS | FILE_PATHS and not _asks_how_far(request, path):
        await request.app[RATE_LIMITS].count(request, client)
    request[CLIENT] = client


def _asks_how_far(request: web.Request, path: str) -> bool:
    """Whether it is the question after a break. Refused, clients would send all of the upload again."""
    return request.method == hdrs.METH_HEAD and path == UPLOAD_PATH


async def add_rate_limits(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler for `on_response_prepare`: the client is told what is left of what it may send."""
    response.headers.update(headers_of(request))


def _back_to(request: web.Request) -> str:
    return str(request.rel_url.with_path("/").with_query(next=str(request.rel_url)).query_string)
