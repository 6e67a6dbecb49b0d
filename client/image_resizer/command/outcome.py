"""What became of each image, for people, for scripts, and for the shell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from image_resizer.answers import Batch, Job
from image_resizer.errands import Errand
from image_resizer.errors import JobEndedBadly, ResizerError


class Exit(IntEnum):
    """The exit status of the command."""

    ALL_WELL = 0
    SOME_FAILED = 1
    USAGE = 2
    NO_SERVER = 3
    INTERRUPTED = 130
    TERMINATED = 143


@dataclass(frozen=True)
class Outcome:
    """Of one image: what it is called here, what came of it, and why not more."""

    name: str
    job: Job | None = None
    files: Sequence[Path] = field(default=())
    fault: ResizerError | None = None

    def as_json(self) -> dict[str, Any]:
        """The same for a script."""
        error = {"code": self.fault.code, "detail": self.fault.detail} if self.fault else None
        return {
            "source": self.name,
            "job_id": self.job.id if self.job else None,
            "status": self.job.status if self.job else None,
            "files": [str(path) for path in self.files],
            "error": error,
        }


def of_errand(errand: Errand, name: str) -> Outcome:
    """That of an image that was sent from here, under the name that the user has for it."""
    return Outcome(name, errand.job, errand.files, errand.fault)


def of_batch(batch: Batch, saved: dict[str, list[Path] | ResizerError]) -> list[Outcome]:
    """Those of the jobs of a batch that has ended."""
    return [_of_job(job, saved.get(job.id, [])) for job in batch.jobs]


def exit_status(outcomes: Sequence[Outcome]) -> Exit:
    """Whether all is well."""
    return Exit.SOME_FAILED if any(outcome.fault for outcome in outcomes) else Exit.ALL_WELL


def _of_job(job: Job, saved: list[Path] | ResizerError) -> Outcome:
    if job.status != "done":
        return Outcome(job.name, job, fault=JobEndedBadly(job) if job.has_ended else None)
    if isinstance(saved, ResizerError):
        return Outcome(job.name, job, fault=saved)
    return Outcome(job.name, job, saved)
