"""Jobs whose work has been done before: they end where they are accepted, and never see the queue."""

import logging

from frontend.board import Board
from frontend.dispatch import Dispatch
from frontend.job_state import JobState
from pipeline.errors import PipelineError
from pipeline.ids import parse_job_id
from pipeline.image_store import ImageStore
from pipeline.messages import ResizeImage
from pipeline.records import JobRecord, Receipt, event_of
from pipeline.reuse import Reuse
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_log import end_to_tell

log = logging.getLogger(__name__)


class FinishedWork:
    """Gives new jobs the results of earlier ones."""

    def __init__(
        self,
        *,
        store: ImageStore,
        reuse: Reuse,
        dispatch: Dispatch,
        webhooks: WebhookDispatch,
        board: Board,
    ) -> None:
        self._store = store
        self._reuse = reuse
        self._dispatch = dispatch
        self._webhooks = webhooks
        self._board = board

    async def given_to(self, command: ResizeImage, record: JobRecord) -> JobState | None:
        """The end of a job whose command is in the outbox, if it could be given results; None if not.

        Its command is there until there is a receipt: should this be broken off, it is sent, and a worker
        does the same.
        """
        receipt = await self._reuse.receipt_for(command, name=record.name, attempt=command.attempt)
        if receipt is None:
            return None
        try:
            standing = await self._store.save_receipt(receipt)
        except (PipelineError, OSError) as error:
            log.warning("job %s goes to a worker, though its work is done: %s", command.job_id, error)
            return None
        return await self._ended(standing, command, is_ours=standing is receipt)

    async def _ended(self, standing: Receipt, command: ResizeImage, *, is_ours: bool) -> JobState:
        """Make true, and tell, how the job has ended: somebody may have called it off meanwhile."""
        job_id, event = parse_job_id(standing.job_id), event_of(standing)
        if standing.status != "done":
            await self._store.discard_renditions(job_id)
        await self._reuse.note(standing)
        if await self._is_told(standing, command):
            await self._dispatch.forget(job_id)
        state = self._board.take_own(event)
        if is_ours:
            await self._dispatch.tell(event)
        return state

    async def _is_told(self, standing: Receipt, command: ResizeImage) -> bool:
        """Whether the webhook is on its way, if there is to be one; if not, the relay sends it later."""
        if not command.webhook:
            return True
        try:
            await self._webhooks.send(end_to_tell(standing))
        except (PipelineError, OSError) as error:
            log.warning("the webhook of job %s is not on its way yet: %s", command.job_id, error)
            return False
        return True
