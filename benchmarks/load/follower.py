"""What a way of following has to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from benchmarks.load.site import JsonObject

ENDED = ("done", "failed", "cancelled", "removed")


@dataclass(frozen=True)
class End:
    """A job that has ended, and when that was learnt (time.perf_counter)."""

    job: JsonObject
    at: float


class Follower(Protocol):
    """A way to learn how the jobs of a batch end."""

    @property
    def upload_headers(self) -> Mapping[str, str]:
        """What each upload has to be sent with."""

    async def follow(self) -> None:
        """Listen until cancelled; a way that only asks returns at once. Raises Unusable."""

    async def end_of(self, job: JsonObject) -> End:
        """The end of this job, as soon as it is known. `job` is what the answer to its upload told.

        Raises Fault if the server does not know the job, and Unusable.
        """
