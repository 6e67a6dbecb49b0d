"""GET /metrics: for Prometheus."""

from aiohttp import hdrs, web

from frontend.job_view import JsonObject
from frontend.keys import LIVE, METRICS, NEWS, OUTBOX_LEVEL, STORE
from frontend.metrics import CONTENT_TYPE
from frontend.news import EVERYTHING


async def metrics(request: web.Request) -> web.Response:
    """The metrics of this frontend, and the pipeline as it sees it."""
    app = request.app
    gauges = _of_pipeline(app[NEWS].pipeline_report(EVERYTHING)) | {
        "outbox_commands": await app[OUTBOX_LEVEL].count(),
        "watchers": app[LIVE].count,
        "storage_free_bytes": app[STORE].free_bytes(),
    }
    return web.Response(body=app[METRICS].text(gauges), headers={hdrs.CONTENT_TYPE: CONTENT_TYPE})


def _of_pipeline(report: JsonObject) -> dict[str, float | None]:
    oldest = report["oldest_waiting"]
    return {
        "broker_up": report["broker"] == "up",
        "queue_ready": report["queue"]["ready"],
        "queue_consumers": report["queue"]["consumers"],
        "oldest_waiting_seconds": oldest["seconds"] if oldest else 0.0,
        "workers": len(report["workers"]),
        "worker_slots": report["slots"],
        "worker_slots_busy": report["busy"],
    }
