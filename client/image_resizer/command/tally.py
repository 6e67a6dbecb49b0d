"""How far all images are, as they are told of one by one."""

from dataclasses import dataclass, field

from image_resizer.answers import Job
from image_resizer.errands import Errand


@dataclass
class Tally:
    """Bytes that have been sent and jobs that have ended, of those that there will be."""

    total_bytes: int = 0
    total_jobs: int = 0
    _sent: dict[Errand, int] = field(default_factory=dict)
    _jobs: dict[str, Job] = field(default_factory=dict)

    def take_errand(self, errand: Errand) -> None:
        """An image that is sent from here has gone forward."""
        self._sent[errand] = errand.sent_bytes
        if errand.job is not None:
            self.take_job(errand.job)

    def take_job(self, job: Job) -> None:
        """A job has changed."""
        self._jobs[job.id] = job
        self.total_jobs = max(self.total_jobs, len(self._jobs))

    @property
    def sent_bytes(self) -> int:
        """Of all images."""
        return sum(list(self._sent.values()))

    @property
    def ended_jobs(self) -> int:
        """Well or badly."""
        return sum(job.has_ended for job in list(self._jobs.values()))

    @property
    def words(self) -> str:
        """How many failed, and in about how many seconds the last one will have ended."""
        jobs = list(self._jobs.values())
        failed = sum(job.has_ended and job.status != "done" for job in jobs)
        seconds = max((job.seconds_to_go or 0 for job in jobs if not job.has_ended), default=0)
        said = [f"{failed} failed"] if failed else []
        if seconds >= 1:
            said.append(f"about {_span(seconds)} to go")
        return ", ".join(said)


def _span(seconds: float) -> str:
    if seconds < 90:  # from here on seconds say more than anybody wants to know
        return f"{round(seconds)} s"
    return f"{round(seconds / 60)} min"
