"""GET /api/pipeline: the queue, the workers, and how they get on."""

from aiohttp import web

from frontend.job_view import to_json
from frontend.keys import CLIENT, NEWS, OUTBOX_LEVEL


async def pipeline(request: web.Request) -> web.Response:
    """The pipeline as this frontend sees it, the queue as it was counted within the last second."""
    app = request.app
    report = app[NEWS].pipeline_report(request[CLIENT])
    return web.json_response(text=to_json(report | {"outbox": await app[OUTBOX_LEVEL].count()}))
