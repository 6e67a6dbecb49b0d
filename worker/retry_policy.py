"""What becomes of a job that failed. Pure: error and command in, outcome out."""

import dataclasses
from collections.abc import Sequence

from msgspec.structs import replace

from pipeline.delivery import GiveBack, RetryLater
from pipeline.errors import PipelineError, SourceMissing, StorageFull
from pipeline.messages import LAST_ATTEMPT, JobError, ResizeImage
from worker.imaging import ImageError
from worker.pool_errors import DecoderCrashed, PoolClosed


def outcome_of(
    error: Exception,
    command: ResizeImage,
    *,
    number: int,
    delays_s: Sequence[float],
    in_quarantine: bool = False,
) -> RetryLater | GiveBack | JobError:
    """Either a later attempt, or the error with which the job ends.

    `number` is that of the attempt that failed, `delays_s` are the rungs of the retry ladder.

    - An image that is to blame ends its job at once.
    - So does one that ends its processes, but not the first time: whoever kills a process from outside, the
      kernel for want of memory among them, looks the same. In quarantine there is no doubt.
    - A worker that is stopping has not tried.
    - Anything else may pass, and goes once round each rung.
    """
    if isinstance(error, PoolClosed):
        return GiveBack(str(error))
    if isinstance(error, SourceMissing):
        return JobError(code="source_missing", detail=str(error))
    if isinstance(error, ImageError) and not _may_be_innocent(error, command, in_quarantine):
        return JobError(code=error.code, detail=str(error))
    if command.retries < len(delays_s):
        return put_off(error, command, number=number, delays_s=delays_s)
    return _end_of_the_ladder(error, tries=len(delays_s) + 1)


def put_off(error: Exception, command: ResizeImage, *, number: int, delays_s: Sequence[float]) -> RetryLater:
    """A later attempt in any case: after the last rung the same one follows, as often as it takes."""
    rung = min(command.retries, len(delays_s) - 1)
    following = replace(command, attempt=min(number + 1, LAST_ATTEMPT), retries=rung + 1)
    return RetryLater(reason=_reason(error), delay_s=delays_s[rung], command=following)


def not_begun(
    error: Exception, command: ResizeImage, *, number: int, delays_s: Sequence[float]
) -> RetryLater:
    """As `put_off`, and no rung is used up: what could not even be begun has not been tried."""
    later = put_off(error, command, number=number, delays_s=delays_s)
    return dataclasses.replace(later, command=replace(later.command, retries=command.retries))


def _may_be_innocent(error: ImageError, command: ResizeImage, in_quarantine: bool) -> bool:
    return isinstance(error, DecoderCrashed) and command.retries == 0 and not in_quarantine


def _end_of_the_ladder(error: Exception, *, tries: int) -> JobError:
    if isinstance(error, StorageFull):
        return JobError(
            code="storage_full", detail=f"There was no room to store the results, {tries} times in a row."
        )
    return JobError(
        code="internal_error",
        detail=f"Something in the pipeline failed {tries} times. The worker's log says more.",
    )


def _reason(error: Exception) -> str:
    """For people: our own errors speak for themselves; the text of others may tell of our insides."""
    return str(error) if isinstance(error, PipelineError | ImageError) else type(error).__name__
