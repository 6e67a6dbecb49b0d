"""What becomes of a job that failed: a table of error and command to outcome."""

import errno

import pytest

from pipeline.delivery import GiveBack, RetryLater
from pipeline.errors import SourceMissing, StorageFull
from pipeline.ids import new_job_id
from pipeline.messages import LAST_ATTEMPT, JobError, ResizeImage, decode_command, encode
from worker.imaging import ImageError, ImageTooLarge, ImageTruncated, ImageUnreadable, UnsupportedFormat
from worker.pool_errors import DecoderCrashed, ImageTookTooLong, OutOfMemory, PoolClosed, RenderFailed
from worker.retry_policy import not_begun, outcome_of, put_off

DELAYS_S = (2.0, 10.0, 60.0)

TO_BLAME_ON_THE_IMAGE = [
    (ImageUnreadable(), "image_unreadable"),
    (ImageTruncated(), "image_truncated"),
    (ImageTooLarge(), "image_too_large"),
    (UnsupportedFormat(), "unsupported_format"),
    (ImageTookTooLong("The image took longer than 60 s."), "image_took_too_long"),
    (OutOfMemory(), "out_of_memory"),
    (SourceMissing(), "source_missing"),
]
CRASH = DecoderCrashed("The process died.")
PASSING = [
    (StorageFull(), "storage_full"),
    (OSError(errno.EIO, "the disk at /srv/images"), "internal_error"),
    (RenderFailed(), "internal_error"),
    (RuntimeError("who knows"), "internal_error"),
]
PASSING_ERRORS = [error for error, _ in PASSING]
WHICH = [type(error).__name__ for error in PASSING_ERRORS]


def asked(retries: int = 0, *, attempt: int = 1) -> ResizeImage:
    return ResizeImage(job_id=new_job_id(), source="uploads/a.png", attempt=attempt, retries=retries)


def outcome(error: Exception, retries: int = 0, *, in_quarantine: bool = False) -> object:
    return outcome_of(
        error, asked(retries), number=retries + 1, delays_s=DELAYS_S, in_quarantine=in_quarantine
    )


@pytest.mark.parametrize("retries", [0, 3])
@pytest.mark.parametrize(("error", "code"), TO_BLAME_ON_THE_IMAGE, ids=[c for _, c in TO_BLAME_ON_THE_IMAGE])
def test_an_image_that_is_to_blame_is_not_tried_again(error: Exception, code: str, retries: int) -> None:
    assert outcome(error, retries) == JobError(code=code, detail=str(error))


def test_a_decoder_that_crashes_may_have_been_killed_so_it_gets_one_more_chance() -> None:
    first, second = outcome(CRASH), outcome(CRASH, retries=1)

    assert isinstance(first, RetryLater)
    assert (first.reason, first.delay_s) == ("The process died.", 2.0)
    assert second == JobError(code="decoder_crashed", detail="The process died.")


def test_a_decoder_that_crashes_in_quarantine_has_done_so_by_itself() -> None:
    assert outcome(CRASH, in_quarantine=True) == JobError(code="decoder_crashed", detail="The process died.")


@pytest.mark.parametrize("error", PASSING_ERRORS, ids=WHICH)
def test_what_may_pass_goes_once_round_each_rung(error: Exception) -> None:
    delays_s = []
    for retries in range(len(DELAYS_S)):
        later = outcome(error, retries)
        assert isinstance(later, RetryLater)
        delays_s.append(later.delay_s)
    assert tuple(delays_s) == DELAYS_S


@pytest.mark.parametrize("retries", [3, 4, 99])
@pytest.mark.parametrize(("error", "code"), PASSING, ids=WHICH)
def test_after_the_last_rung_the_job_fails(error: Exception, code: str, retries: int) -> None:
    failed = outcome(error, retries)

    assert isinstance(failed, JobError)
    assert failed.code == code
    assert "4 times" in failed.detail


def test_the_next_attempt_counts_on_from_the_one_that_failed() -> None:
    command = asked(retries=1, attempt=7)

    later = outcome_of(RenderFailed(), command, number=8, delays_s=DELAYS_S)

    assert isinstance(later, RetryLater)
    assert (later.command.attempt, later.command.retries) == (9, 2)
    assert later.command.job_id == command.job_id


@pytest.mark.parametrize("retries", [2, 3, 50])
def test_what_cannot_even_be_ended_goes_round_the_last_rung_without_end(retries: int) -> None:
    later = put_off(StorageFull(), asked(retries), number=LAST_ATTEMPT, delays_s=DELAYS_S)

    assert (later.delay_s, later.command.retries) == (60.0, 3)
    assert decode_command(encode(later.command)) == later.command


@pytest.mark.parametrize(("retries", "delay_s"), [(0, 2.0), (1, 10.0), (3, 60.0), (50, 60.0)])
def test_what_could_not_be_begun_goes_round_the_same_rung_without_end(retries: int, delay_s: float) -> None:
    later = not_begun(StorageFull(), asked(retries), number=7, delays_s=DELAYS_S)

    assert (later.delay_s, later.command.retries, later.command.attempt) == (delay_s, retries, 8)


@pytest.mark.parametrize("retries", [0, 3, 50])
def test_a_worker_that_stops_has_not_tried(retries: int) -> None:
    assert isinstance(outcome(PoolClosed(), retries), GiveBack)


@pytest.mark.parametrize("retries", [0, 3])
def test_nobody_is_told_of_our_insides(retries: int) -> None:
    assert "/srv/images" not in repr(outcome(OSError(errno.EIO, "the disk at /srv/images"), retries))


def test_a_failure_that_nobody_thought_of_points_to_the_log() -> None:
    failed = outcome(RuntimeError("who knows"), retries=3)

    assert isinstance(failed, JobError)
    assert "log" in failed.detail


def test_every_kind_of_image_error_has_a_code_of_its_own() -> None:
    kinds = ImageError.__subclasses__()

    assert len({kind.code for kind in kinds} - {ImageError.code}) == len(kinds)
