"""Around every handler: a request id, errors as responses, headers that keep the page to itself."""

import logging
import secrets
import time
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from frontend.error_responses import error_response, http_error_response, unexpected_error_response
from frontend.keys import METRICS, REQUEST_ID
from pipeline.errors import PipelineError

log = logging.getLogger(__name__)

SECURITY_HEADERS = {
    # Nothing from elsewhere, nothing inline: a file name that got into the page as HTML could do nothing.
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    # What frame-ancestors says, for browsers that do not know it.
    "X-Frame-Options": "DENY",
    # With "no-referrer" a browser would not say of the page's own forms either where they are from.
    "Referrer-Policy": "same-origin",
    # A page that opens this one, or that this one opens, gets no hold of it.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def give_request_id(request: web.Request) -> None:
    """Name the request, so that an answer can be found in the log. One that has a name keeps it."""
    if REQUEST_ID not in request:
        request[REQUEST_ID] = secrets.token_hex(6)


@web.middleware
async def request_ids(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give the request an id, and tell it to the client."""
    give_request_id(request)
    return await handler(request)


@web.middleware
async def measurements(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Count the request, whatever is answered. What leads elsewhere comes as an exception."""
    begin, status = time.perf_counter(), 0
    try:
        response = await handler(request)
        status = response.status
        return response
    except web.HTTPException as redirection:
        status = redirection.status
        raise
    finally:
        if status:  # or else the frontend stops
            took_s = time.perf_counter() - begin
            request.app[METRICS].request_answered(request.method, route_of(request), status, took_s=took_s)


def route_of(request: web.Request) -> str:
    """The path as the router has it; empty for one that there is not."""
    resource = request.match_info.route.resource
    return resource.canonical if resource else ""


@web.middleware
async def errors_as_responses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer every error in one shape, and show nothing of our insides."""
    try:
        return await handler(request)
    except PipelineError as error:
        return error_response(request, error)
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        return http_error_response(request, error)
    except web.RequestPayloadError as error:
        log.debug("%s %s: %s", request.method, request.path, error)
        return http_error_response(
            request, web.HTTPBadRequest(text="The body of the request cannot be read.")
        )
    except ConnectionError:
        log.debug("%s %s: the client has gone", request.method, request.path)
        return web.Response(status=400)
    except Exception:
        log.exception("request %s: %s %s", request[REQUEST_ID], request.method, request.path)
        return unexpected_error_response(request)


async def add_headers(request: web.Request, response: web.StreamResponse) -> None:
    """A signal handler for `on_response_prepare`: headers that every response has."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers["Server"] = "image-resizer"  # aiohttp would tell its version and that of Python
    give_request_id(request)  # what aiohttp refuses by itself has passed no middleware
    response.headers["X-Request-Id"] = request[REQUEST_ID]
    if response.status >= HTTPStatus.BAD_REQUEST:
        # That a file cannot be opened is found out while it is sent, with the headers of the file.
        response.headers["Cache-Control"] = "no-cache"
    # What is not said to be kept is asked for again, with its ETag: a page never runs with old scripts.
    response.headers.setdefault("Cache-Control", "no-cache")
