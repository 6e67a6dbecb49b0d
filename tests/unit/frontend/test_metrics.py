"""What Prometheus reads, read as Prometheus reads it."""

import math
from functools import partial

from prometheus_client.parser import text_string_to_metric_families

from frontend.board import Board
from frontend.metrics import GAUGES, LANE_GAUGES, Metrics
from pipeline.messages import Lane, WorkerOnline
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, NewFrontend, Tell, uploaded, when_ready
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import Story, at

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
NOTHING = dict.fromkeys(GAUGES, 0.0)
NO_LANES: dict[str, dict[Lane, float | None]] = {name: {} for name in LANE_GAUGES}
JOBS = "image_resizer_job_duration_seconds"


def parsed(text: str) -> Samples:
    """The values by name and labels."""
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(samples: Samples, name: str, **labels: str) -> float:
    """The value of a metric of the frontend; 0 if it is not there."""
    return samples.get((name, frozenset({"frontend": "frontend", **labels}.items())), 0.0)


async def scraped(client: Client) -> Samples:
    async with client.get("/metrics") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return parsed(await response.text())


async def test_the_pipeline_is_told_as_it_is(client: Client, tell: Tell) -> None:
    await uploaded(client, PNG)
    await tell(WorkerOnline(worker="worker-1", slots=4))

    async def shows_all() -> bool:
        samples = await scraped(client)
        ready = value(samples, "image_resizer_queue_ready", lane="interactive")
        workers = value(samples, "image_resizer_workers")
        # It is told in tenths of a second, and the job may have waited for less.
        waiting_s = value(samples, "image_resizer_oldest_waiting_seconds")
        return ready == workers == 1 and waiting_s > 0

    await eventually(shows_all)
    samples = await scraped(client)
    assert value(samples, "image_resizer_broker_up") == 1
    assert value(samples, "image_resizer_queue_ready", lane="interactive") == 1
    assert value(samples, "image_resizer_worker_slots") == 4
    assert value(samples, "image_resizer_worker_slots_busy") == 0
    assert value(samples, "image_resizer_oldest_waiting_seconds") > 0
    assert value(samples, "image_resizer_storage_free_bytes") > 0


async def test_without_a_broker_the_queue_is_not_known_and_the_outbox_is(lonely: Client) -> None:
    await uploaded(lonely, PNG)

    samples = await scraped(lonely)

    assert value(samples, "image_resizer_broker_up") == 0
    assert math.isnan(value(samples, "image_resizer_queue_ready", lane="bulk"))
    assert value(samples, "image_resizer_outbox_commands") == 1


async def test_requests_are_counted_by_what_they_asked_for_and_how_they_went(lonely: Client) -> None:
    for method, path in (
        ("GET", "/api/jobs/nobody"),
        ("GET", "/no/such/path"),
        ("PROPFIND", "/health/live"),
        ("GET", "/health/live"),
        ("GET", "/health/live"),
    ):
        async with lonely.request(method, path):
            """Whatever it answers."""

    samples = await scraped(lonely)

    def counted(**labels: str) -> float:
        return value(samples, "http_request_duration_seconds_count", **labels)

    assert counted(method="GET", route="/health/live", status="200") == 2
    assert counted(method="GET", route="/api/jobs/{job_id}", status="404") == 1
    assert counted(method="GET", route="", status="404") == 1
    assert counted(method="other", route="", status="405") == 1


async def test_each_end_of_a_job_is_counted_once_by_each_frontend(
    new_frontend: NewFrontend, amqp_url: str, tell: Tell
) -> None:
    clients = [await when_ready(await new_frontend(amqp_url)) for _ in range(2)]
    well, badly = Story(), Story()

    await tell(well.queued(), well.started(), well.done(), well.done(), badly.queued(), badly.failed())

    async def counts_failed(client: Client) -> bool:
        return value(await scraped(client), f"{JOBS}_count", status="failed") == 1

    for client in clients:
        await eventually(partial(counts_failed, client))
        samples = await scraped(client)
        assert value(samples, f"{JOBS}_count", status="done") == 1
        assert value(samples, f"{JOBS}_sum", status="done") == 2.0  # as the story tells


def test_what_ended_before_the_frontend_began_is_not_counted() -> None:
    board, metrics = Board(), Metrics("frontend")
    board.subscribe_to_ends(metrics.job_ended)
    old, new = Story(), Story()

    board.take(at(0), old.done(), is_replay=True)
    board.take(at(1), new.done(), is_replay=False)

    samples = parsed(metrics.text(NOTHING, NO_LANES).decode())
    assert value(samples, f"{JOBS}_count", status="done") == 1


def test_frontends_that_share_a_port_are_told_apart() -> None:
    samples = parsed(Metrics("frontend-2").text(NOTHING, NO_LANES).decode())

    names = {dict(labels).get("frontend") for _, labels in samples}
    assert names == {"frontend-2"}
