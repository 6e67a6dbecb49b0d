"""The attempts that this worker is making, so that it makes no two at the same job at a time."""

import asyncio
from collections.abc import Awaitable, Callable

from pipeline.delivery import Done, GiveBack, GiveUp, Outcome
from pipeline.ids import JobId


class OwnAttempts:
    """The jobs under way in this worker. It belongs to one event loop."""

    def __init__(self) -> None:
        self._under_way: dict[JobId, asyncio.Future[Outcome]] = {}

    async def make(self, job_id: JobId, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Make the attempt when no other is under way at this job.

        One that is under way is waited for. If it has not ended the job, its outcome is this one's as well.
        """
        while (other := self._under_way.get(job_id)) is not None:
            outcome = await asyncio.shield(other)
            if not isinstance(outcome, Done | GiveUp):
                return outcome
        own: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._under_way[job_id] = own
        outcome = GiveBack("The attempt was broken off.")
        try:
            outcome = await attempt()
        finally:
            del self._under_way[job_id]
            own.set_result(outcome)
        return outcome
