"""A template as a response, with what every page shows of who is looking at it."""

from typing import Any

import aiohttp_jinja2
from aiohttp import web

from frontend.keys import CLIENT

Context = dict[str, Any]  # what templates take


def html_page(template: str, request: web.Request, context: Context, *, status: int = 200) -> web.Response:
    """The template as a page; `signed_in_as` is the name of the key, None where none was needed."""
    signed_in_as = request[CLIENT].owner if CLIENT in request else None
    return aiohttp_jinja2.render_template(
        template, request, context | {"signed_in_as": signed_in_as}, status=status
    )
