"""What people do to jobs: ask once more for one that failed, call one off, take one away with its files.

A retry goes in this order: the command into the outbox, the receipt away, the command to the broker. A
frontend that dies in between leaves a job that has ended as before, or one that is in the outbox.
"""

import logging
from collections.abc import Iterable

from msgspec.structs import replace

from frontend.board import Board
from frontend.dispatch import Dispatch
from frontend.errors import JobNotFailed
from frontend.gathering import gathered
from frontend.job_state import JobState, queued_from_record
from frontend.jobs import Jobs
from frontend.lane_choice import LaneChoice
from pipeline.broker import Publisher
from pipeline.errors import JobBusy, JobNotFound, PipelineError, SourceMissing
from pipeline.ids import JobId
from pipeline.image_store import ImageStore
from pipeline.job_locks import JobLocks
from pipeline.messages import JobCancelled, JobRemoved, now
from pipeline.records import JobRecord, Receipt, command_of, event_of
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_log import WebhookLogs, end_to_tell

log = logging.getLogger(__name__)

ASKED_AGAIN = ("failed", "cancelled")


class JobActions:
    """Changes jobs, one change of a job at a time among all frontends."""

    def __init__(
        self,
        *,
        locks: JobLocks,
        store: ImageStore,
        publisher: Publisher,
        dispatch: Dispatch,
        webhooks: WebhookDispatch,
        webhook_logs: WebhookLogs,
        board: Board,
        jobs: Jobs,
        lanes: LaneChoice,
    ) -> None:
        self._locks = locks
        self._store = store
        self._publisher = publisher
        self._dispatch = dispatch
        self._webhooks = webhooks
        self._webhook_logs = webhook_logs
        self._board = board
        self._jobs = jobs
        self._lanes = lanes

    async def retry(self, job_id: JobId) -> JobState:
        """Put a job that failed or was cancelled into the queue once more; its new state.

        Raises JobNotFound, JobNotFailed, JobBusy, SourceMissing if its image is gone, StorageFull.
        """
        async with self._locks.held(job_id):
            state = await self._jobs.find(job_id)
            receipt = await self._store.load_receipt(job_id)
            if receipt is None or receipt.status not in ASKED_AGAIN:
                raise JobNotFailed
            record = await self._record(job_id)
            # A worker that met the end of an earlier attempt has told it under its own, higher number.
            attempt = max(receipt.attempt, state.attempt) + 1
            with self._lanes.made_for(record) as lane:
                return await self._ask_again(replace(record, lane=lane), attempt)

    async def retry_failed(self, jobs: Iterable[JobState]) -> list[JobState]:
        """Do so with those of the jobs that failed; the new states of those that could be helped.

        Raises StorageFull.
        """
        failed = [state.id for state in jobs if state.status == "failed"]
        states = await gathered(self._retry_if_possible, failed)
        return [state for state in states if state is not None]

    async def delete(self, job_id: JobId) -> JobState | None:
        """Call off a job that has not ended: its state, which is another if it has just ended after all.

        Take away one that has ended, with its files: None. Raises JobNotFound, JobBusy, StorageFull.
        """
        async with self._locks.held(job_id):
            state = await self._jobs.find(job_id)
            receipt = await self._store.load_receipt(job_id)
            if receipt is None:
                return await self._cancel(state)
            await self._remove(receipt)
            return None

    async def _retry_if_possible(self, job_id: JobId) -> JobState | None:
        try:
            return await self.retry(job_id)
        except (JobNotFound, JobNotFailed, JobBusy, SourceMissing):
            return None

    async def _record(self, job_id: JobId) -> JobRecord:
        try:
            record = await self._store.load_job(job_id)
        except JobNotFound as error:
            raise SourceMissing("It is not known any more what was asked of this job.") from error
        self._store.source_file(record.source_path)
        return record

    async def _ask_again(self, record: JobRecord, attempt: int) -> JobState:
        command = command_of(record, attempt=attempt)
        await self._dispatch.keep(command)
        await self._store.drop_receipt(JobId(record.job_id))
        if not await self._dispatch.holds(JobId(record.job_id)):
            # This took so long that another frontend has sent it: maybe to a worker that met the receipt.
            await self._dispatch.keep(command)
        state = self._board.take_own(queued_from_record(record, attempt=attempt))
        await self._dispatch.send_or_leave(command, record)
        return state

    async def _cancel(self, state: JobState) -> JobState:
        moment = now()
        ours = Receipt(
            job_id=state.id,
            batch_id=state.batch_id,
            owner=state.owner,
            name=state.name,
            status="cancelled",
            attempt=max(state.attempt, await self._webhook_logs.attempts_told(state.id) + 1),
            source=state.source,
            started_at=state.started_at or moment,
            finished_at=moment,
        )
        standing = await self._store.save_receipt(ours)
        if state.status == "retrying":
            await self._store.discard_renditions(state.id)  # no worker is there to do it
        event = event_of(standing)
        if isinstance(event, JobCancelled):
            self._board.take_own(event)
            await self._publisher.publish_event(event)
            await self._send_webhook(standing)
        return await self._jobs.find(state.id)

    async def _send_webhook(self, standing: Receipt) -> None:
        """At once. Should this be broken off, whoever meets the command of the job sends it."""
        try:
            record = await self._store.load_job(JobId(standing.job_id))
            if record.callback_url is not None:
                await self._webhooks.send(end_to_tell(standing))
        except (PipelineError, OSError) as error:
            log.warning("the webhook of job %s is not sent at once: %s", standing.job_id, error)

    async def _remove(self, receipt: Receipt) -> None:
        tombstone = Receipt(
            job_id=receipt.job_id,
            batch_id=receipt.batch_id,
            owner=receipt.owner,
            name="",
            status="removed",
            attempt=receipt.attempt,
            source=None,
            started_at=receipt.started_at,
            finished_at=now(),
        )
        await self._store.remove_job(tombstone)
        event = event_of(tombstone)
        assert isinstance(event, JobRemoved)
        self._board.take_own(event)
        await self._publisher.publish_event(event)
