"""GET /health/live and /health/ready: for machines that start, restart and route."""

from aiohttp import web

from frontend.keys import COURIER, FEED, OUTBOX_LEVEL, PUBLISHER, RELAY, SETTINGS, STORE, WEBHOOK_RELAY
from pipeline.broker import Publisher
from pipeline.errors import BrokerUnavailable


async def live(_: web.Request) -> web.Response:
    """200 as long as the process answers at all."""
    return web.json_response({"status": "live"})


async def ready(request: web.Request) -> web.Response:
    """200 if an upload would be accepted, done and watched now; else 503, and which part is missing."""
    app = request.app
    checks = {
        "queue": await _takes_commands(app[PUBLISHER]),
        "events": app[FEED].is_caught_up,
        "storage": app[STORE].free_bytes() >= app[SETTINGS].min_free_bytes,
        "outbox": _are_running(app) and not await app[OUTBOX_LEVEL].is_full(),
    }
    is_ready = all(checks.values())
    return web.json_response(
        {"status": "ready" if is_ready else "not ready", "checks": checks}, status=200 if is_ready else 503
    )


def _are_running(app: web.Application) -> bool:
    """Whether those are alive that send what waits: commands and webhooks."""
    courier = app[COURIER]
    return app[RELAY].is_running and app[WEBHOOK_RELAY].is_running and (courier is None or courier.is_running)


async def _takes_commands(publisher: Publisher) -> bool:
    try:
        await publisher.check_open()
    except BrokerUnavailable:
        return False
    return True
