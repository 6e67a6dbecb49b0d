"""GET /static/<filename>: what the page is made of."""

from functools import cache
from pathlib import Path

from aiohttp import web

from frontend.stored_file import stored_file

STATIC = Path(__file__).parents[1] / "static"


async def static_file(request: web.Request) -> web.StreamResponse:
    """One of the files of the folder, and of no other. Raises HTTPNotFound.

    aiohttp's own route for a folder would answer a missing one without a word.
    """
    name = request.match_info["filename"]
    if name not in _names():
        raise web.HTTPNotFound
    return stored_file(request, STATIC / name, {})


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in STATIC.iterdir())
