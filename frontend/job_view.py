"""The JSON of jobs, batches and the pipeline: the shapes that docs/http_api.md describes."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from frontend.board import Board
from frontend.client import Client
from frontend.crew import WorkerState
from frontend.job_state import JobState
from frontend.pace import Forecast
from frontend.picture import Addressed, picture_html, srcsets
from pipeline.broker import QueueCounts
from pipeline.ids import JobId
from pipeline.messages import LANES, Lane, Result, Source

RATE_WINDOWS_S = (10, 60, 300)

JsonObject = dict[str, Any]  # what becomes JSON has no narrower type


def to_json(value: JsonObject) -> str:
    """The JSON text of a view. Times are RFC 3339, in UTC."""
    return msgspec.json.encode(value).decode()


def job_view(state: JobState, *, position: int | None, forecast: Forecast | None = None) -> JsonObject:
    """A job; `position` is its place in its lane of the queue from 1, if it waits."""
    return {
        "id": state.id,
        "batch_id": state.batch_id,
        "owner": state.owner,
        "name": state.name,
        "status": state.status,
        "lane": state.lane if position else None,
        "position": position,
        "seconds_to_go": round(forecast.seconds_to_go(position), 1) if forecast and position else None,
        "attempt": state.attempt,
        "worker": state.worker,
        "source": _source_view(state.id, state.source),
        "rendition_count": state.rendition_count,
        "renditions": [_rendition_view(state.id, result) for result in state.renditions],
        "notes": list(state.notes),
        "placeholder": state.placeholder,
        "reused": state.is_reused,
        "picture": picture_html(_to_be_shown(state)),
        "srcset": srcsets(_to_be_shown(state)),
        "receipt_url": f"/api/jobs/{state.id}/receipt" if _has_receipt(state) else None,
        "error": msgspec.to_builtins(state.error),
        "retry_at": state.retry_at,
        "created_at": state.created_at,
        "started_at": state.started_at,
        "finished_at": state.finished_at,
        "timings_ms": dict(state.timings_ms),
    }


def batch_view(batch_id: str, jobs: list[JsonObject]) -> JsonObject:
    """A batch and its jobs, and how many of them have which status."""
    counts: dict[str, int] = {}
    for job in jobs:
        counts[job["status"]] = counts.get(job["status"], 0) + 1
    return {**batch_links(batch_id), "counts": counts, "jobs": jobs}


def batch_links(batch_id: str) -> JsonObject:
    """A batch, where to ask for it, and where its page is."""
    return {"id": batch_id, "url": f"/api/batches/{batch_id}", "page": f"/batches/{batch_id}"}


def pipeline_view(board: Board, counts: QueueCounts | None, client: Client) -> JsonObject:
    """The queue and the workers; `counts` is None while the broker is away.

    That a worker is at a job of others is told to the client, but not at which.
    """
    return {
        "broker": "down" if counts is None else "up",
        "queue": {
            "ready": counts.ready if counts else None,
            "consumers": counts.consumers if counts else None,
            "lanes": {lane: _lane_view(lane, counts) for lane in LANES},
        },
        "rate_per_s": round(board.rate_per_s(), 1),
        "workers": [_worker_view(board, worker, client) for worker in board.workers()],
    }


def _lane_view(lane: Lane, counts: QueueCounts | None) -> JsonObject:
    waiting = counts.lanes[lane] if counts else None
    return {"ready": waiting.ready if waiting else None, "consumers": waiting.consumers if waiting else None}


def pipeline_report(board: Board, counts: QueueCounts | None, client: Client) -> JsonObject:
    """The same for those who ask once, with what changes all the time."""
    view, oldest = pipeline_view(board, counts, client), board.oldest_waiting()
    return view | {
        "slots": sum(worker["slots"] for worker in view["workers"]),
        "busy": sum(len(worker["busy"]) for worker in view["workers"]),
        "rates_per_s": {f"{window_s}s": round(board.rate_per_s(window_s), 2) for window_s in RATE_WINDOWS_S},
        "oldest_waiting": _waiting_view(oldest, client) if oldest else None,
    }


def _waiting_view(state: JobState, client: Client) -> JsonObject:
    waits = datetime.now(UTC) - state.asked_at
    return {
        "job_id": state.id if client.sees(state.owner) else None,
        "since": state.asked_at,
        "seconds": round(max(waits.total_seconds(), 0.0), 1),
    }


def _source_view(job_id: str, source: Source | None) -> JsonObject:
    return {
        "media_type": source.media_type if source else None,
        "bytes": source.bytes if source else None,
        "width": source.width if source else None,
        "height": source.height if source else None,
        "url": f"/api/jobs/{job_id}/source",
    }


def _rendition_view(job_id: str, result: Result) -> JsonObject:
    return {
        "name": result.name,
        "width": result.width,
        "height": result.height,
        "media_type": result.media_type,
        "bytes": result.bytes,
        "url": rendition_url(job_id, result),
    }


def _has_receipt(state: JobState) -> bool:
    """Whether there is one to be shown: that of a removed job only says so."""
    return state.is_ended and state.status != "removed"


def _to_be_shown(state: JobState) -> list[Addressed]:
    """What a page may show: of a job that is done, all its renditions."""
    if state.status != "done":
        return []
    return [(result, rendition_url(state.id, result)) for result in state.renditions]


def rendition_url(job_id: str, result: Result) -> str:
    """Where a result can be fetched."""
    return f"/api/jobs/{job_id}/renditions/{result.name}"


def _worker_view(board: Board, worker: WorkerState, client: Client) -> JsonObject:
    return {
        "name": worker.name,
        "slots": worker.slots,
        "busy": [_busy_view(job_id, board.job(JobId(job_id)), client) for job_id in worker.busy],
        "last_seen": worker.last_seen,
    }


def _busy_view(job_id: str, state: JobState | None, client: Client) -> JsonObject:
    """What a worker is at. The board may not know it, or not any more."""
    if not client.sees(state.owner if state else None):
        return {"job_id": None, "name": ""}
    return {"job_id": job_id, "name": state.name if state else ""}
