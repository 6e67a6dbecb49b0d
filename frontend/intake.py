"""Accepting: an image that is stored becomes a job once its command is in the outbox.

The order: image (already stored), job.json, outbox entry, confirmed publish, event. From the outbox entry on
the job will be done, whatever dies; if its work was done before, a receipt takes the place of publishing.
Only when the broker has said that its queue is full, or the disk is, all that was stored is removed again and
the sender is told.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from msgspec.structs import replace

from frontend.board import Board
from frontend.dispatch import Dispatch
from frontend.finished_work import FinishedWork
from frontend.job_state import JobState, queued_from_record
from frontend.lane_choice import LaneChoice
from frontend.upload_form import RejectedFile, StoredImage, Upload
from pipeline.errors import QueueFull, StorageFull
from pipeline.ids import BatchId, JobId, made_at
from pipeline.image_store import ImageStore
from pipeline.messages import ResizeImage, WorkKey
from pipeline.records import JobRecord, command_of
from pipeline.work_key import work_key


@dataclass
class Acceptance:
    """What became of the images of a request. One that is a replay had been accepted before."""

    batch_id: BatchId
    jobs: list[JobState] = field(default_factory=list)
    rejected: list[RejectedFile] = field(default_factory=list)
    is_replay: bool = False


class Intake:
    """Makes jobs of stored images."""

    def __init__(
        self,
        *,
        store: ImageStore,
        dispatch: Dispatch,
        finished_work: FinishedWork,
        board: Board,
        lanes: LaneChoice,
    ) -> None:
        self._store = store
        self._dispatch = dispatch
        self._finished_work = finished_work
        self._board = board
        self._lanes = lanes

    async def accept(self, upload: Upload) -> Acceptance:
        """Make a job of every image. What is rejected is not left behind."""
        acceptance = Acceptance(upload.batch_id, rejected=list(upload.rejected))
        records = deque(records_of(upload))
        try:
            while records:
                record = records.popleft()
                try:
                    acceptance.jobs.append(await self.take(record))
                except (QueueFull, StorageFull) as error:
                    acceptance.rejected.append(RejectedFile(record.name, error))
        finally:
            await self.discard(records)  # none, unless something unexpected has happened
        return acceptance

    async def take(self, record: JobRecord) -> JobState:
        """Make a job of a stored image; its state, which is on the board: the log may tell of it much later.

        Its lane is chosen here, whatever the record says. Raises QueueFull or StorageFull, and then nothing
        of it is left.
        """
        with self._lanes.made_for(record) as lane:
            return await self._take(replace(record, lane=lane))

    async def _take(self, record: JobRecord) -> JobState:
        command = command_of(record)
        await self._keep(record, command)
        ended = await self._finished_work.given_to(command, record)
        if ended is not None:
            return ended
        try:
            is_in_queue = await self._dispatch.send(command, record)
        except QueueFull:
            await self.discard([record])
            raise
        return self._board.take_own(queued_from_record(record), is_in_queue=is_in_queue)

    async def is_under_way(self, job_id: JobId) -> bool:
        """Whether the job has ended, or its command is certain to have come to the broker, or will."""
        if await self._store.load_receipt(job_id) is not None:
            return True
        return self._board.is_sent(job_id) or await self._dispatch.holds(job_id)

    async def send_again(self, record: JobRecord) -> None:
        """Nobody knows how far it has come; should its command be in the queue twice, it is done once.

        Whoever wrote down what was asked may have died before the job was in its batch. Raises StorageFull.
        """
        await self._store.save_job(record)
        command = command_of(record)
        await self._dispatch.keep(command)
        await self._dispatch.send_or_leave(command, record)

    async def discard(self, records: Iterable[JobRecord]) -> None:
        """Remove all there is of jobs that are not to be."""
        for record in records:
            job_id = JobId(record.job_id)
            await self._dispatch.forget(job_id)
            await self._store.discard(job_id, BatchId(record.batch_id))

    async def _keep(self, record: JobRecord, command: ResizeImage) -> None:
        try:
            await self._store.save_job(record)
            await self._dispatch.keep(command)
        except BaseException:
            await self.discard([record])
            raise


def records_of(upload: Upload) -> list[JobRecord]:
    """What is asked of the images of an upload."""
    return [_record(image, upload) for image in upload.images]


def _work(image: StoredImage, upload: Upload) -> WorkKey | None:
    if not upload.may_reuse:
        return None
    return work_key(sha256=image.sha256, renditions=upload.renditions, owner=upload.owner)


def _record(image: StoredImage, upload: Upload) -> JobRecord:
    return JobRecord(
        job_id=image.job_id,
        batch_id=upload.batch_id,
        owner=upload.owner,
        client=upload.client,
        name=image.name,
        source_path=image.source_path,
        source=image.source,
        renditions=upload.renditions,
        work=_work(image, upload),
        callback_url=upload.callback_url,
        created_at=image.created_at or made_at(image.job_id),
    )
