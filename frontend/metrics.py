"""What a frontend tells Prometheus: how its requests went, how jobs ended, and how the pipeline is now."""

from collections.abc import Iterator, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from frontend.job_state import JobState
from pipeline.messages import Lane

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
JOB_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)

GAUGES: Mapping[str, str] = {
    "broker_up": "1 if the queue could be counted within the last second, else 0.",
    "oldest_waiting_seconds": "For how long the job has waited that has waited for longest; 0 if none waits.",
    "workers": "Workers that have been heard of within 15 seconds.",
    "worker_slots": "Slots of all workers: so many jobs of each lane can be done at a time.",
    "worker_slots_busy": "Jobs that they are at, of both lanes.",
    "outbox_commands": "Accepted jobs whose commands the broker has not confirmed yet.",
    "watchers": "WebSockets and streams of events that are open at this frontend.",
    "storage_free_bytes": "Bytes that are free on the disk of the store.",
}

LANE_GAUGES: Mapping[str, str] = {
    "queue_ready": "Commands that wait in this lane of the queue; NaN while the broker is away.",
    "queue_consumers": "Consumers of this lane, one for each slot of a worker; NaN while the broker is away.",
}

LaneFigures = Mapping[str, Mapping[Lane, float | None]]


class Metrics:
    """The metrics of one frontend, whose name each of them has: several may share a port.

    Requests and ends of jobs are counted from the start of the frontend on.
    """

    def __init__(self, frontend: str) -> None:
        self._registry = CollectorRegistry()
        self._named = _Named(self._registry, frontend)
        self._requests = Histogram(
            "http_request_duration_seconds",
            "Requests, and seconds until they were answered; for WebSockets and streams, until their end.",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._jobs = Histogram(
            "image_resizer_job_duration_seconds",
            "Jobs that have ended, at whatever frontend, and seconds from being asked for to their end.",
            ["status"],
            buckets=JOB_BUCKETS_S,
            registry=self._registry,
        )
        self._webhooks = Counter(
            "image_resizer_webhook_tries",
            "Tries of this frontend to deliver webhooks, by how they ended.",
            ["outcome"],
            registry=self._registry,
        )
        self._gauges = {
            name: Gauge(f"image_resizer_{name}", text, registry=self._registry)
            for name, text in GAUGES.items()
        }
        self._lane_gauges = {
            name: Gauge(f"image_resizer_{name}", text, ["lane"], registry=self._registry)
            for name, text in LANE_GAUGES.items()
        }
        ProcessCollector(registry=self._registry)

    def request_answered(self, method: str, route: str, status: int, *, took_s: float) -> None:
        """Count a request. `route` is a path with the names of its parameters, empty for an unknown one."""
        known = method if method in KNOWN_METHODS else "other"
        self._requests.labels(known, route, status).observe(took_s)

    def job_ended(self, state: JobState) -> None:
        """Count a job that has just ended."""
        if state.finished_at is not None:
            took_s = (state.finished_at - state.asked_at).total_seconds()
            self._jobs.labels(state.status).observe(max(took_s, 0.0))

    def webhook_tried(self, outcome: str) -> None:
        """Count a try to deliver a webhook: `delivered`, `failed` or `given_up`."""
        self._webhooks.labels(outcome).inc()

    def text(self, now: Mapping[str, float | None], lanes: LaneFigures) -> bytes:
        """All of them, for Prometheus to read.

        `now` has the gauges, `lanes` those that each lane has; what is not known is NaN.
        """
        for name, gauge in self._gauges.items():
            gauge.set(_or_nan(now[name]))
        for name, gauge in self._lane_gauges.items():
            for lane, value in lanes[name].items():
                gauge.labels(lane).set(_or_nan(value))
        return generate_latest(self._named)


def _or_nan(value: float | None) -> float:
    return float("nan") if value is None else value


class _Named(Collector):
    """The metrics of a registry with the name of the frontend as one more label."""

    def __init__(self, registry: CollectorRegistry, frontend: str) -> None:
        self._registry = registry
        self._frontend = frontend

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            metric.samples = [
                sample._replace(labels={**sample.labels, "frontend": self._frontend})
                for sample in metric.samples
            ]
            yield metric
