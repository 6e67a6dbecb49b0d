"""The shapes of the JSON that clients build on."""

import json
from datetime import UTC, datetime, timedelta

import msgspec

from frontend.board import Board
from frontend.job_state import state_from_event
from frontend.job_view import batch_view, job_view, pipeline_report, pipeline_view, to_json
from pipeline.ids import made_at
from pipeline.messages import WorkerHeartbeat
from tests.lanes import counted
from tests.unit.frontend.clients import ANYBODY
from tests.unit.frontend.story import PLACEHOLDER, RESULT, Story, at


def rfc3339(moment: datetime) -> str:
    return str(msgspec.to_builtins(moment))


def test_a_job_that_waits_has_every_field_and_its_place() -> None:
    story = Story()

    shown = json.loads(to_json(job_view(state_from_event(story.queued()), position=3)))

    assert shown == {
        "id": story.job_id,
        "batch_id": story.batch_id,
        "owner": None,
        "name": "holiday.jpg",
        "status": "queued",
        "lane": "interactive",
        "position": 3,
        "seconds_to_go": None,
        "attempt": 1,
        "worker": None,
        "source": {
            "media_type": "image/jpeg",
            "bytes": 5000,
            "width": None,
            "height": None,
            "url": f"/api/jobs/{story.job_id}/source",
        },
        "rendition_count": 1,
        "renditions": [],
        "notes": [],
        "placeholder": None,
        "reused": False,
        "picture": None,
        "srcset": None,
        "receipt_url": None,
        "error": None,
        "retry_at": None,
        "created_at": rfc3339(made_at(story.job_id)),
        "started_at": None,
        "finished_at": None,
        "timings_ms": {},
    }


def test_a_job_that_is_done_has_the_same_fields_filled() -> None:
    story = Story()

    shown = json.loads(to_json(job_view(state_from_event(story.done()), position=None)))

    assert shown["status"] == "done"
    assert shown["source"]["width"] == 640
    assert shown["renditions"] == [
        {
            "name": "300x300",
            "width": 300,
            "height": 300,
            "media_type": "image/jpeg",
            "bytes": 900,
            "url": f"/api/jobs/{story.job_id}/renditions/300x300",
        }
    ]
    assert shown["finished_at"] == rfc3339(story.done().at)
    assert shown["timings_ms"] == {"decode": 3.5, "total": 9.0}
    assert shown["rendition_count"] == 1
    assert shown["notes"] == ["The profile is broken."]
    assert shown["receipt_url"] == f"/api/jobs/{story.job_id}/receipt"
    assert shown["placeholder"] == PLACEHOLDER
    assert (shown["picture"], shown["srcset"]) == (None, None)


def test_a_job_that_failed_says_why() -> None:
    story = Story()

    shown = json.loads(to_json(job_view(state_from_event(story.failed()), position=None)))

    assert shown["error"] == {"code": "image_truncated", "detail": "The file ends too early."}
    assert shown["receipt_url"] == f"/api/jobs/{story.job_id}/receipt"


def test_a_job_that_will_be_tried_again_says_when_and_what_is_in_the_way() -> None:
    story = Story()

    shown = json.loads(to_json(job_view(state_from_event(story.retrying()), position=None)))

    assert shown["retry_at"] == rfc3339(story.retrying().at + timedelta(seconds=2))
    assert shown["error"] == {"code": "retrying", "detail": "The process died."}


def test_a_job_that_was_cancelled_has_a_receipt_and_one_that_was_removed_has_none() -> None:
    story = Story()
    cancelled = state_from_event(story.cancelled())

    shown = [job_view(state, position=None) for state in (cancelled, cancelled.advanced(story.removed()))]

    assert [job["status"] for job in shown] == ["cancelled", "removed"]
    assert [job["receipt_url"] for job in shown] == [f"/api/jobs/{story.job_id}/receipt", None]
    assert [job["renditions"] for job in shown] == [[], []]


def test_a_job_whose_renditions_are_one_picture_in_two_sizes_has_the_element_for_it() -> None:
    story = Story()
    large = msgspec.structs.replace(RESULT, name="600x600", file="b.jpg", width=600, height=600)
    done = msgspec.structs.replace(story.done(), renditions=(RESULT, large))

    shown = job_view(state_from_event(done), position=None)

    assert shown["picture"].startswith("<picture>")
    assert f'src="/api/jobs/{story.job_id}/renditions/600x600"' in shown["picture"]
    [all_sizes] = shown["srcset"]
    assert all_sizes["media_type"] == "image/jpeg"
    assert all_sizes["srcset"].endswith(f"300w, /api/jobs/{story.job_id}/renditions/600x600 600w")


def test_a_job_that_is_not_done_yet_has_no_picture_though_two_sizes_are_ready() -> None:
    story = Story()
    large = msgspec.structs.replace(RESULT, name="600x600", file="b.jpg", width=600, height=600)
    state = state_from_event(story.ready()).advanced(msgspec.structs.replace(story.ready(), result=large))

    assert len(state.renditions) == 2
    shown = job_view(state, position=None)
    assert (shown["picture"], shown["srcset"]) == (None, None)


def test_a_job_of_which_only_a_rendition_is_known_has_the_same_fields() -> None:
    waiting = job_view(state_from_event(Story().queued()), position=1)
    half = job_view(state_from_event(Story().ready()), position=None)

    assert half.keys() == waiting.keys()
    assert half["source"].keys() == waiting["source"].keys()


def test_times_are_utc_and_say_so() -> None:
    shown = json.loads(to_json({"at": datetime(2026, 11, 24, 10, 15, 30, 250_000, UTC)}))

    assert shown["at"] == "2026-11-24T10:15:30.250000Z"


def test_a_batch_counts_its_jobs_by_status() -> None:
    states = [
        state_from_event(Story().done()),
        state_from_event(Story().done()),
        state_from_event(Story().failed()),
    ]
    jobs = [job_view(state, position=None) for state in states]

    assert batch_view("the-id", jobs) == {
        "id": "the-id",
        "url": "/api/batches/the-id",
        "page": "/batches/the-id",
        "counts": {"done": 2, "failed": 1},
        "jobs": jobs,
    }


def test_the_pipeline_shows_the_queue_the_rate_and_what_the_workers_are_at() -> None:
    board, story = Board(), Story()
    board.take(at(0), story.queued(), is_replay=False)
    board.take(at(1), WorkerHeartbeat(worker="worker-1", slots=4, busy=(story.job_id,)), is_replay=False)
    (worker,) = board.workers()

    assert pipeline_view(board, counted(2, 4, bulk=5), ANYBODY) == {
        "broker": "up",
        "queue": {
            "ready": 7,
            "consumers": 4,
            "lanes": {"interactive": {"ready": 2, "consumers": 4}, "bulk": {"ready": 5, "consumers": 4}},
        },
        "rate_per_s": 0.0,
        "workers": [
            {
                "name": "worker-1",
                "slots": 4,
                "busy": [{"job_id": story.job_id, "name": "holiday.jpg"}],
                "last_seen": worker.last_seen,
            }
        ],
    }


def test_who_asks_once_is_told_the_slots_the_rates_and_who_waits_for_longest() -> None:
    board, at_work, waiting, later = Board(), Story(), Story(), Story()
    board.take(at(0), WorkerHeartbeat(worker="worker-1", slots=4, busy=(at_work.job_id,)), is_replay=False)
    board.take(at(1), later.queued(), is_replay=False)
    board.take(at(2), waiting.queued(), is_replay=False)
    board.take(at(3), Story().done(), is_replay=False)
    oldest = board.oldest_waiting()
    assert oldest is not None

    shown = pipeline_report(board, counted(2, 4), ANYBODY)

    assert shown.keys() > pipeline_view(board, None, ANYBODY).keys()
    assert (shown["slots"], shown["busy"]) == (4, 1)
    assert shown["rates_per_s"] == {"10s": 0.1, "60s": 0.02, "300s": 0.0}
    assert shown["oldest_waiting"]["job_id"] == oldest.id
    assert shown["oldest_waiting"]["since"] == oldest.asked_at
    assert shown["oldest_waiting"]["seconds"] >= 0


def test_nobody_waits_for_longest_when_nobody_waits() -> None:
    assert pipeline_report(Board(), None, ANYBODY)["oldest_waiting"] is None


def test_a_pipeline_without_a_broker_says_so_in_the_same_shape() -> None:
    shown = pipeline_view(Board(), None, ANYBODY)

    assert shown["broker"] == "down"
    unknown = {"ready": None, "consumers": None}
    assert shown["queue"] == {**unknown, "lanes": {"interactive": unknown, "bulk": unknown}}
