"""What is known about a job, wherever it is known: the store is the truth, the board is the news.

A job's state is its receipt if it has one, the board if it is moving, its job.json if it waits.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from frontend.board import Board
from frontend.errors import RenditionNotFound
from frontend.gathering import gathered
from frontend.job_state import JobState, queued_from_record, state_from_receipt, state_from_record
from frontend.job_view import JsonObject, job_view
from pipeline.errors import BatchNotFound, JobNotFound
from pipeline.file_names import rendition_name
from pipeline.ids import BatchId, JobId
from pipeline.image_formats import FORMATS
from pipeline.image_store import ImageStore
from pipeline.messages import LANES, JobRemoved
from pipeline.records import DamagedRecord, Receipt, event_of

log = logging.getLogger(__name__)


class Jobs:
    """Looks jobs up, on the board and in the store."""

    def __init__(self, *, board: Board, store: ImageStore) -> None:
        self._board = board
        self._store = store

    async def find(self, job_id: JobId) -> JobState:
        """The state of a job; raises JobNotFound, also for one that was removed."""
        known, receipt = await self._looked_up(job_id)
        if receipt is not None:
            return await self._ended(receipt)
        if known is None:
            return state_from_record(await self._store.load_job(job_id))
        if known.status == "removed":
            raise JobNotFound(f"There is no job {job_id}.")
        if known.is_ended:
            return await self._without_receipt(known)
        if not self._board.is_sent(job_id):
            await self._check_is_to_be(known)
        return known if known.source is not None else await self._with_record(known)

    async def of_batch(self, batch_id: BatchId) -> list[JobState]:
        """The jobs of a batch, oldest first; raises BatchNotFound."""
        job_ids = await self._store.batch_job_ids(batch_id)
        found = await gathered(self.find_or_none, job_ids)
        return [state for state in found if state is not None]

    async def find_or_none(self, job_id: JobId) -> JobState | None:
        """As one of many: None for a job that is not there, or cannot be read."""
        known = self._board.job(job_id)
        if known is not None and known.status == "done":
            return known  # the store would say the same, and there may be many
        return await self._find_if_there(job_id)

    async def _find_if_there(self, job_id: JobId) -> JobState | None:
        try:
            return await self.find(job_id)
        except JobNotFound:
            return None  # removed or given up between the two looks
        except DamagedRecord as error:
            log.warning("job %s is left out: %s", job_id, error)
            return None

    async def find_many(self, job_ids: Sequence[JobId]) -> list[JobState | None]:
        """As above, of many jobs in their order: all that have ended are read at once."""
        before = [self._board.job(job_id) for job_id in job_ids]
        receipts = await self._store.load_receipts(job_ids)

        async def find(number: int) -> JobState | None:
            job_id, receipt = job_ids[number], receipts[number]
            if (
                receipt is None
                or receipt.status == "removed"
                or self._board.job(job_id) is not before[number]
            ):
                return await self.find_or_none(job_id)
            return await self._ended(receipt)

        return await gathered(find, range(len(job_ids)))

    async def watched(self, *, batch: BatchId | None, job: JobId | None) -> list[JobState]:
        """The jobs that somebody wants to watch: none of a batch to which nothing has been sent yet."""
        if job is not None:
            return [await self.find(job)]
        return await self._of_watched_batch(batch) if batch is not None else []

    def are_shown(self, states: Sequence[JobState]) -> bool:
        """Whether the board has those of these jobs that have not ended: news may be late or lost."""
        return all(state.is_ended or self._board.job(state.id) is not None for state in states)

    async def catch_up(self, batch: BatchId) -> None:
        """Have the board show what the store has of a batch, without waiting for the news of it."""
        for state in await self._of_watched_batch(batch):
            if self._board.job(state.id) is None and state.queued is not None and not state.is_ended:
                self._board.take_own(state.queued, is_in_queue=False)

    async def stored_rendition(self, job_id: JobId, name: str) -> tuple[Path, str]:
        """The file of a rendition and its media type, of a job whose news is late.

        Raises RenditionNotFound if it is not asked for, or not stored yet.
        """
        try:
            record = await self._store.load_job(job_id)
        except (JobNotFound, DamagedRecord):
            raise RenditionNotFound from None
        made = [known for known in FORMATS if known.is_made]
        for image_format in made if name in {asked.name for asked in record.renditions} else ():
            file_name = rendition_name(record.source_path, name, image_format)
            with suppress(JobNotFound):
                return self._store.rendition_file(job_id, file_name), image_format.media_type
        raise RenditionNotFound

    def latest(self, states: list[JobState], *, batch: BatchId | None = None) -> list[JobState]:
        """The same jobs as the board knows them at this very moment, where it knows more, oldest first.

        Those of `batch` that have come up since the store was asked are among them.
        """
        found = {state.id: self._later(state) for state in states}
        if batch is not None:
            found = {state.id: state for state in self._board.batch_jobs(batch)} | found
        return [found[job_id] for job_id in sorted(found) if found[job_id].status != "removed"]

    def view(self, state: JobState) -> JsonObject:
        """The JSON of a job, with its place in the queue and the seconds that it will take."""
        position = self._board.position(state.id) if state.status == "queued" else None
        return job_view(
            state, position=position, forecast=self._board.forecast(state.lane) if position else None
        )

    def views(self, states: Sequence[JobState]) -> list[JsonObject]:
        """The JSON of many jobs: places in the queue are counted once for all of them."""
        places = self._board.places({state.id for state in states if state.status == "queued"})
        forecasts = {lane: self._board.forecast(lane) for lane in LANES} if places else {}
        return [
            job_view(state, position=places.get(state.id), forecast=forecasts.get(state.lane))
            for state in states
        ]

    def _later(self, state: JobState) -> JobState:
        known = self._board.job(state.id)
        return state if known is None else state.joined(known)

    async def _of_watched_batch(self, batch: BatchId) -> list[JobState]:
        """The jobs of a batch. Those that the board alone has are looked up: they may be gone by now."""
        try:
            states = await self.of_batch(batch)
        except BatchNotFound:
            states = []
        stored = {state.id for state in states}
        only_shown = [state.id for state in self._board.batch_jobs(batch) if state.id not in stored]
        strays = await gathered(self._find_if_there, only_shown)
        return states + [state for state in strays if state is not None]

    async def _looked_up(self, job_id: JobId) -> tuple[JobState | None, Receipt | None]:
        """What the board knows, and the receipt that was there at that time or later."""
        while True:
            known = self._board.job(job_id)
            receipt = await self._store.load_receipt(job_id)
            if self._board.job(job_id) is known:
                return known, receipt

    async def _ended(self, receipt: Receipt) -> JobState:
        event = event_of(receipt)
        if isinstance(event, JobRemoved):
            if self._board.job(JobId(receipt.job_id)) is not None:
                self._board.take_own(event)
            raise JobNotFound(f"There is no job {receipt.job_id}.")
        state = await self._with_record(state_from_receipt(receipt))
        self._board.take_receipt(state)
        return self._board.job(state.id) or state

    async def _without_receipt(self, known: JobState) -> JobState:
        """A job that has ended and has no receipt any more: the news of why is late or lost.

        It waits again, or else it was erased: then this raises JobNotFound.
        """
        try:
            record = await self._store.load_job(known.id)
        except JobNotFound:
            gone = JobRemoved(
                job_id=known.id, batch_id=known.batch_id, owner=known.owner, attempt=known.attempt
            )
            self._board.take_own(gone)
            raise
        if known.is_for_good:
            return known.joined(state_from_record(record))
        return self._board.take_own(queued_from_record(record, attempt=known.attempt + 1))

    async def _check_is_to_be(self, known: JobState) -> None:
        """Of a job that waits outside the queue there is job.json, unless its frontend has given it up again.

        Raises JobNotFound.
        """
        try:
            await self._store.load_job(known.id)
        except JobNotFound:
            self._board.forget_unsent(known.id)
            raise

    async def _with_record(self, state: JobState) -> JobState:
        """The state, completed by what was asked, which only the record may tell."""
        if state.rendition_count is not None:
            return state
        try:
            return state.joined(state_from_record(await self._store.load_job(state.id)))
        except (JobNotFound, DamagedRecord):
            return state  # a command that somebody typed in by hand has no record
