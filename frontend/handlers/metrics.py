"""GET /metrics: for Prometheus."""

from aiohttp import hdrs, web

from frontend.job_view import JsonObject
from frontend.keys import LIVE, METRICS, NEWS, OUTBOX_LEVEL, STORE
from frontend.metrics import CONTENT_TYPE, LaneFigures
from frontend.news import EVERYTHING
from pipeline.messages import LANES


async def metrics(request: web.Request) -> web.Response:
    """The metrics of this frontend, and the pipeline as it sees it."""
    app = request.app
    report = app[NEWS].pipeline_report(EVERYTHING)
    gauges = _of_pipeline(report) | {
        "outbox_commands": await app[OUTBOX_LEVEL].count(),
        "watchers": app[LIVE].count,
        "storage_free_bytes": app[STORE].free_bytes(),
    }
    text = app[METRICS].text(gauges, _of_lanes(report["queue"]["lanes"]))
    return web.Response(body=text, headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})


def _of_pipeline(report: JsonObject) -> dict[str, float | None]:
    oldest = report["oldest_waiting"]
    return {
        "broker_up": report["broker"] == "up",
        "oldest_waiting_seconds": oldest["seconds"] if oldest else 0.0,
        "workers": len(report["workers"]),
        "worker_slots": report["slots"],
        "worker_slots_busy": report["busy"],
    }


def _of_lanes(lanes: JsonObject) -> LaneFigures:
    return {
        "queue_ready": {lane: lanes[lane]["ready"] for lane in LANES},
        "queue_consumers": {lane: lanes[lane]["consumers"] for lane in LANES},
    }
