"""Work that several jobs ask for is done once: the others are given its results.

Whoever comes while another one is at it waits for a moment, holding the delivery, and then goes round the
retry ladder: its slot is free for others. Only for bulk the interactive lane does not go round, and works as
well. If the one that works dies its lock goes with it, and the next one works. An image that cannot be
resized is tried for each of its jobs: a failure is not shared.
"""

import logging
from collections.abc import Awaitable, Callable

from pipeline.errors import WorkUnderWay
from pipeline.image_store import ImageStore
from pipeline.messages import WorkKey
from pipeline.records import Receipt
from pipeline.reuse import Reuse
from pipeline.work_locks import WorkLocks
from worker.attempt import Attempt

log = logging.getLogger(__name__)

WAIT_S = 2.0
"""As long as most jobs take."""
MOST_SLOW = 1_000

Work = Callable[[Attempt], Awaitable[Receipt]]
"""Does the work of an attempt; its receipt, not stored yet."""


class SharedWork:
    """Ends jobs, by their own work or that of others."""

    def __init__(self, *, store: ImageStore, reuse: Reuse, locks: WorkLocks) -> None:
        self._store = store
        self._reuse = reuse
        self._locks = locks
        self._slow: dict[WorkKey, None] = {}
        """Work that takes longer than that, as somebody has found who has waited for it here."""

    async def end_of(self, attempt: Attempt, work: Work) -> Receipt:
        """The receipt that stands in the end: of earlier work, or of `work`, which others may then be given.

        Raises WorkUnderWay, and what `work` raises. An image that may have taken a worker down waits for
        nobody: it must not go round, where that would be forgotten.
        """
        given = await self._given(attempt)
        if given is not None:
            return given
        key = attempt.command.work
        if key is None or attempt.in_quarantine:
            return await self.stored(await work(attempt))
        try:
            patience_s, lane = self._patience_s(key, attempt), attempt.command.lane
            async with self._locks.held(key, within_s=patience_s, lane=lane):
                self._slow.pop(key, None)
                return await self._given(attempt) or await self.stored(await work(attempt))
        except WorkUnderWay:
            self._note_slow(key)
            raise

    async def stored(self, receipt: Receipt) -> Receipt:
        """Store how a job has ended; the receipt that stands."""
        standing = await self._store.save_receipt(receipt)
        if standing is not receipt:
            log.info("job %s was ended by somebody else: %s", receipt.job_id, standing.status)
        await self._reuse.note(standing)
        return standing

    def _patience_s(self, key: WorkKey, attempt: Attempt) -> float:
        """Who has gone round has waited, and looks only; so does who is not the first to wait."""
        return WAIT_S if attempt.number == 1 and key not in self._slow else 0.0

    def _note_slow(self, key: WorkKey) -> None:
        self._slow[key] = None
        if len(self._slow) > MOST_SLOW:
            del self._slow[next(iter(self._slow))]

    async def _given(self, attempt: Attempt) -> Receipt | None:
        receipt = await self._reuse.receipt_for(
            attempt.command, name=attempt.name, attempt=attempt.number, worker=attempt.worker
        )
        return None if receipt is None else await self.stored(receipt)
