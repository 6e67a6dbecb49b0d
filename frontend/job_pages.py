"""Pages of the list of jobs, newest first. The index says where to look, and each job is looked up."""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nlargest

from frontend.board import Board
from frontend.client import Client
from frontend.job_query import JobQuery, ListedStatus
from frontend.job_state import JobState
from frontend.jobs import Jobs
from pipeline.ids import JobId
from pipeline.image_store import ImageStore
from pipeline.job_index import Filing
from pipeline.records import DamagedRecord

log = logging.getLogger(__name__)

MOST_LOOKS = 1_000
"""So many jobs are looked up for one page. If most entries lie it is shorter, and the next one goes on."""
FEWEST_AT_ONCE = 20

_FILED: Mapping[ListedStatus | None, tuple[Filing, ...]] = {
    None: ("open", "done", "failed", "cancelled"),
    "queued": ("open",),
    "done": ("done",),
    "failed": ("failed",),
    "cancelled": ("cancelled",),
}
"""Where to look in the store. That a job is at work, or retried, the board alone knows."""


@dataclass
class JobPage:
    """The jobs of a page, and where the next one begins: older than `next`. None: there is no more."""

    jobs: list[JobState] = field(default_factory=list)
    next: JobId | None = None


class JobPages:
    """Makes pages out of what the store and the board know."""

    def __init__(self, *, store: ImageStore, board: Board, jobs: Jobs) -> None:
        self._store = store
        self._board = board
        self._jobs = jobs

    async def page(self, query: JobQuery, client: Client) -> JobPage:
        """The jobs that are asked for, as far as they are there for this client.

        One that changes meanwhile may be left out.
        """
        page, before, looks = JobPage(), query.before, 0
        while True:
            at_once = max(query.limit, FEWEST_AT_ONCE)
            found = await self._candidates(query, client, before, at_once + 1)
            states = await self._jobs.find_many(found[:at_once])
            for job_id, state in zip(found, states, strict=False):
                before = job_id
                if await self._is_listed(job_id, state, query) and state and client.sees(state.owner):
                    page.jobs.append(state)
                if len(page.jobs) == query.limit:
                    break
            looks += at_once
            has_more = bool(found) and before != found[-1]
            if len(page.jobs) == query.limit or looks >= MOST_LOOKS or not has_more:
                page.next = before if has_more else None
                return page

    async def _candidates(
        self, query: JobQuery, client: Client, before: JobId | None, most: int
    ) -> list[JobId]:
        """Those that may be it, newest first."""
        if query.status in ("processing", "retrying"):
            return nlargest(most, self._on_board(query, client, before))
        # The board knows at once who does not wait any more, which the store would have to be asked for.
        known = set(self._board.at_work()) if query.status == "queued" else set()
        found = await self._store.newest(
            _FILED[query.status],
            most=most + len(known),
            before=before,
            batch=query.batch,
            owners=client.owners,
        )
        return [job_id for job_id in found if job_id not in known][:most]

    def _on_board(self, query: JobQuery, client: Client, before: JobId | None) -> Iterator[JobId]:
        for job_id in self._board.at_work():
            state = self._board.job(job_id)
            if state is None or state.batch_id is None or state.status != query.status:
                continue
            if not client.sees(state.owner):
                continue  # that there is a further page would tell of it
            if query.batch in (None, state.batch_id) and (before is None or job_id < before):
                yield job_id

    async def _is_listed(self, job_id: JobId, state: JobState | None, query: JobQuery) -> bool:
        """Whether the job is what is asked for; if it is not, its entry may lie."""
        if state is not None and query.status in (None, state.status):
            return True
        try:
            await self._store.refile(job_id)
        except DamagedRecord as error:
            log.debug("job %s stays where it is filed: %s", job_id, error)
        return False
