"""What is known about a job, wherever it is known: the store is the truth, the board is the news.

A job's state is its receipt if it has one, the board if it is moving, its job.json if it waits.
"""

import asyncio
import logging

from frontend.board import Board
from frontend.job_state import JobState, state_from_receipt, state_from_record
from frontend.job_view import JsonObject, job_view
from pipeline.errors import BatchNotFound, JobNotFound
from pipeline.ids import BatchId, JobId
from pipeline.image_store import ImageStore
from pipeline.records import DamagedRecord

log = logging.getLogger(__name__)

AT_ONCE = 32


class Jobs:
    """Looks jobs up, on the board and in the store."""

    def __init__(self, *, board: Board, store: ImageStore) -> None:
        self._board = board
        self._store = store

    async def find(self, job_id: JobId) -> JobState:
        """The state of a job; raises JobNotFound."""
        known = self._board.job(job_id)
        if known is not None and known.is_ended:
            return known
        receipt = await self._store.load_receipt(job_id)
        if receipt is not None:
            state = await self._counted(state_from_receipt(receipt))
            self._board.take_receipt(state)
            return state
        # It may have moved on while the disk was asked.
        known = self._board.job(job_id) or known
        if known is not None and known.source is not None:
            return known
        return await self._with_record(job_id, known)

    async def of_batch(self, batch_id: BatchId) -> list[JobState]:
        """The jobs of a batch, oldest first; raises BatchNotFound."""
        job_ids = await self._store.batch_job_ids(batch_id)
        limit = asyncio.Semaphore(AT_ONCE)

        async def find(job_id: JobId) -> JobState | None:
            async with limit:
                try:
                    return await self.find(job_id)
                except JobNotFound:
                    return None  # given up between the two looks: its request was refused after all
                except DamagedRecord as error:
                    log.warning("job %s is left out of its batch: %s", job_id, error)
                    return None

        found = await asyncio.gather(*(find(job_id) for job_id in job_ids))
        return [state for state in found if state is not None]

    async def watched(self, *, batch: BatchId | None, job: JobId | None) -> list[JobState]:
        """The jobs that somebody wants to watch: none of a batch to which nothing has been sent yet."""
        if job is not None:
            return [await self.find(job)]
        if batch is None:
            return []
        try:
            return await self.of_batch(batch)
        except BatchNotFound:
            return []

    def latest(self, states: list[JobState], *, batch: BatchId | None = None) -> list[JobState]:
        """The same jobs as the board knows them at this very moment, where it knows more, oldest first.

        Those of `batch` that have come up since the store was asked are among them.
        """
        found = {state.id: self._later(state, self._board.job(state.id)) for state in states}
        if batch is not None:
            found = {state.id: state for state in self._board.batch_jobs(batch)} | found
        return [found[job_id] for job_id in sorted(found)]

    def view(self, state: JobState) -> JsonObject:
        """The JSON of a job, with its place in the queue."""
        position = self._board.position(state.id) if state.status == "queued" else None
        return job_view(state, position=position)

    @staticmethod
    def _later(state: JobState, known: JobState | None) -> JobState:
        return known if known is not None and not state.is_ended and known.source is not None else state

    async def _counted(self, state: JobState) -> JobState:
        """The state of a job that has ended; how much was asked of one that failed only its record tells."""
        if state.rendition_count is not None:
            return state
        try:
            return state.completed(state_from_record(await self._store.load_job(state.id)))
        except (JobNotFound, DamagedRecord):
            return state

    async def _with_record(self, job_id: JobId, known: JobState | None) -> JobState:
        """What was asked; a job that the board knows by half is completed from it."""
        try:
            stored = state_from_record(await self._store.load_job(job_id))
        except JobNotFound:
            if known is None:
                raise
            return known  # a command that somebody typed in by hand has no record
        return stored if known is None else known.completed(stored)
