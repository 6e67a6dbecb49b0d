"""GET /api/events: what /ws tells, as server-sent events."""

from aiohttp import hdrs, web

from frontend.event_stream import HEADERS, EventStream
from frontend.following import follow, wish_of, wished
from frontend.keys import DEPARTURES


async def watch(request: web.Request) -> web.StreamResponse:
    """Keep a client up to date until it leaves."""
    wish = wish_of(request)
    if request.method == hdrs.METH_HEAD:
        await wished(request, wish)
        return web.Response(headers=HEADERS)
    line = EventStream(request, departures=request.app[DEPARTURES])
    await follow(request, wish, line)
    return line.response
