"""GET /openapi.json and GET /docs: the description of the HTTP interface, for programs and for people."""

from functools import cache

import msgspec
from aiohttp import web

from frontend.html_page import html_page
from frontend.openapi.document import EVERY_RESPONSE, read_document
from frontend.openapi.page import Group, groups


async def openapi(_: web.Request) -> web.Response:
    """The OpenAPI document."""
    return web.Response(body=_json(), content_type="application/json", charset="utf-8")


async def docs(request: web.Request) -> web.Response:
    """The document as a page."""
    document = read_document()
    context = {
        "info": document["info"],
        "groups": _groups(),
        "components": document["components"],
        "common_headers": EVERY_RESPONSE,
        "host": request.host,
    }
    return html_page("docs.html", request, context)


@cache
def _json() -> bytes:
    return msgspec.json.encode(read_document())


@cache
def _groups() -> list[Group]:
    return groups(read_document())
