"""Telling the requests of this site's own pages from those of other sites.

A browser lets every page send forms and open WebSockets to anywhere; it only tells where the page is from.
Programs that are no browsers tell nothing, and may do everything.
"""

from aiohttp import web
from yarl import URL

from frontend.errors import ForeignOrigin


def refuse_foreign(request: web.Request) -> None:
    """Raise ForeignOrigin if a page of another site has made the browser send this request."""
    origin = request.headers.get("Origin")
    if origin is None or origin == "null":
        is_ours = _is_said_to_be_ours(request, origin)
    else:
        is_ours = _is_here(request, origin)
    if not is_ours:
        raise ForeignOrigin


def _is_said_to_be_ours(request: web.Request, origin: str | None) -> bool:
    """For want of an origin: whether the browser says that it is this site. Programs say nothing at all."""
    site = request.headers.get("Sec-Fetch-Site", "none" if origin is None else "")
    return site in ("same-origin", "none")


def _is_here(request: web.Request, origin: str) -> bool:
    try:
        return URL(origin).authority == URL(f"//{request.host}").authority
    except ValueError:
        return False
