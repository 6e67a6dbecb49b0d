"""GET /ws: a snapshot, then every change. `?batch=<id>`, `?job=<id>`, or the pipeline alone."""

from aiohttp import web

from frontend.following import follow, wish_of
from frontend.socket_line import SocketLine


async def watch(request: web.Request) -> web.WebSocketResponse:
    """Keep a client up to date until it leaves. What it says is not listened to."""
    wish = wish_of(request)
    line = SocketLine(request)
    await follow(request, wish, line)
    return line.response
