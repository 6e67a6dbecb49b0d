"""What becomes of a job that failed for a reason outside of its image. Pure: error and attempt to outcome."""

from pipeline.delivery import RetryLater
from pipeline.errors import PipelineError, SourceMissing, StorageFull
from pipeline.messages import JobError
from worker.imaging import ImageError
from worker.pool_errors import PoolClosed

LONGEST_DELAY_S = 60.0


def outcome_of(error: Exception, *, attempt: int, max_attempts: int) -> RetryLater | JobError:
    """Either a later attempt, or the error with which the job ends.

    `attempt` counts from 1. A job whose image is to blame ends at once (the pool has tried again by then what
    deserves it); a full disk is waited for, since a job could not even be ended on it; anything else is tried
    `max_attempts` times, and a worker that is stopping has not tried at all.
    """
    if isinstance(error, ImageError):
        return JobError(code=error.code, detail=str(error))
    if isinstance(error, SourceMissing):
        return JobError(code="source_missing", detail=str(error))
    if isinstance(error, StorageFull | PoolClosed) or attempt < max_attempts:
        return RetryLater(reason=_reason(error), delay_s=_delay_s(attempt))
    return JobError(
        code="internal_error",
        detail=f"Something in the pipeline failed {attempt} times. The worker's log says more.",
    )


def _delay_s(attempt: int) -> float:
    """1, 2, 4 … seconds, up to the longest."""
    doublings = min(attempt - 1, 10)
    return min(LONGEST_DELAY_S, 2.0**doublings)


def _reason(error: Exception) -> str:
    """For people: our own errors speak for themselves; the text of others may tell of our insides."""
    return str(error) if isinstance(error, PipelineError) else type(error).__name__
