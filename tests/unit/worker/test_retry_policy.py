"""What becomes of a job that failed: a table of error and attempt to outcome."""

import errno

import pytest

from pipeline.delivery import RetryLater
from pipeline.errors import SourceMissing, StorageFull
from pipeline.messages import JobError
from worker.imaging import ImageError, ImageTooLarge, ImageTruncated, ImageUnreadable, UnsupportedFormat
from worker.pool_errors import DecoderCrashed, ImageTookTooLong, OutOfMemory, PoolClosed, RenderFailed
from worker.retry_policy import LONGEST_DELAY_S, outcome_of

TO_BLAME_ON_THE_IMAGE = [
    (ImageUnreadable(), "image_unreadable"),
    (ImageTruncated(), "image_truncated"),
    (ImageTooLarge(), "image_too_large"),
    (UnsupportedFormat(), "unsupported_format"),
    (ImageTookTooLong("The image took longer than 60 s."), "image_took_too_long"),
    (DecoderCrashed("The process died."), "decoder_crashed"),
    (OutOfMemory(), "out_of_memory"),
    (SourceMissing(), "source_missing"),
]

PASSING = [OSError(errno.EIO, "the disk at /srv/images"), RenderFailed(), RuntimeError("who knows")]


@pytest.mark.parametrize("attempt", [1, 3])
@pytest.mark.parametrize(("error", "code"), TO_BLAME_ON_THE_IMAGE, ids=[c for _, c in TO_BLAME_ON_THE_IMAGE])
def test_an_image_that_is_to_blame_is_not_tried_again(error: Exception, code: str, attempt: int) -> None:
    assert outcome_of(error, attempt=attempt, max_attempts=3) == JobError(code=code, detail=str(error))


@pytest.mark.parametrize(
    ("attempt", "delay_s"), [(1, 1.0), (2, 2.0), (3, 4.0), (6, 32.0), (7, 60.0), (99, 60.0)]
)
def test_the_waits_double_up_to_the_longest(attempt: int, delay_s: float) -> None:
    outcome = outcome_of(RenderFailed(), attempt=attempt, max_attempts=100)

    assert outcome == RetryLater(reason=str(RenderFailed()), delay_s=delay_s)


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_what_may_pass_is_tried_as_often_as_is_allowed_and_then_fails(error: Exception) -> None:
    outcomes = [outcome_of(error, attempt=attempt, max_attempts=3) for attempt in (1, 2, 3, 4)]

    assert [type(outcome) for outcome in outcomes] == [RetryLater, RetryLater, JobError, JobError]


def test_with_one_attempt_allowed_nothing_is_tried_again() -> None:
    assert isinstance(outcome_of(RenderFailed(), attempt=1, max_attempts=1), JobError)


@pytest.mark.parametrize("attempt", [3, 50, 5000])
def test_a_full_disk_is_waited_for_however_long_it_takes(attempt: int) -> None:
    outcome = outcome_of(StorageFull(), attempt=attempt, max_attempts=3)

    assert isinstance(outcome, RetryLater)
    assert 0 < outcome.delay_s <= LONGEST_DELAY_S


@pytest.mark.parametrize("attempt", [1, 3, 50])
def test_a_worker_that_stops_ends_no_job(attempt: int) -> None:
    assert isinstance(outcome_of(PoolClosed(), attempt=attempt, max_attempts=3), RetryLater)


@pytest.mark.parametrize("attempt", [1, 3])
def test_nobody_is_told_of_our_insides(attempt: int) -> None:
    outcome = outcome_of(PASSING[0], attempt=attempt, max_attempts=3)

    assert "/srv/images" not in repr(outcome)


def test_a_failure_that_nobody_thought_of_points_to_the_log() -> None:
    outcome = outcome_of(RuntimeError("who knows"), attempt=3, max_attempts=3)

    assert isinstance(outcome, JobError)
    assert outcome.code == "internal_error"
    assert "log" in outcome.detail


def test_every_kind_of_image_error_has_a_code_of_its_own() -> None:
    kinds = ImageError.__subclasses__()

    assert len({kind.code for kind in kinds} - {ImageError.code}) == len(kinds)
