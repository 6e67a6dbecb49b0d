"""Keeping for so many days, and no longer: jobs that ended before are erased with all their files."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

from pipeline.errors import JobBusy
from pipeline.ids import JobId, made_at
from pipeline.image_store import ImageStore
from pipeline.job_locks import JobLocks
from pipeline.messages import JobRemoved
from pipeline.outbox import Outbox
from pipeline.records import DamagedRecord, Receipt

log = logging.getLogger(__name__)

MOST_AT_ONCE = 1_000
"""So many jobs, and the rest is for the next time."""
PAUSE_S = 0.01
"""After each of them, so that neither the disk nor those who watch are flooded."""

Publish = Callable[[JobRemoved], Awaitable[bool]]
"""Tells that a job is gone; whether that was possible."""


class Retention:
    """A job's time counts from its end. One without an end is kept, and so is one that is asked again."""

    def __init__(
        self, *, store: ImageStore, locks: JobLocks, outbox: Outbox, keep: timedelta, publish: Publish
    ) -> None:
        self._store = store
        self._locks = locks
        self._outbox = outbox
        self._keep = keep
        self._publish = publish

    async def erase_expired(self) -> int:
        """Erase the jobs whose time is over, the oldest first, and tell; how many it were.

        While nobody can be told it is put off.
        """
        erased, before = 0, datetime.now(UTC) - self._keep
        async for job_id in self._expired(before):
            try:
                async with self._locks.held(job_id):
                    # It may have been asked again until now; from now on nobody can ask.
                    receipt = await self._expired_receipt(job_id, before)
                    if receipt is None:
                        continue
                    is_told = await self._erase(receipt)
            except JobBusy:
                continue
            erased += 1
            if erased >= MOST_AT_ONCE or not is_told:
                break
            await asyncio.sleep(PAUSE_S)
        return erased

    async def _expired(self, before: datetime) -> AsyncIterator[JobId]:
        for day in await self._store.days():
            if day > before.date().isoformat():
                continue  # what came later has ended later
            for job_id in await self._store.job_ids_of(day):
                if made_at(job_id) < before and await self._expired_receipt(job_id, before):
                    yield job_id

    async def _expired_receipt(self, job_id: JobId, before: datetime) -> Receipt | None:
        """How the job has ended, unless it is to go on: its command is put into the outbox first."""
        try:
            if await self._outbox.holds(job_id):
                return None
            receipt = await self._store.load_receipt(job_id)
            return receipt if receipt is not None and receipt.finished_at < before else None
        except DamagedRecord as error:
            log.warning("job %s is kept: %s", job_id, error)
            return None

    async def _erase(self, receipt: Receipt) -> bool:
        try:
            await self._store.erase_job(JobId(receipt.job_id))
        except OSError as error:
            log.warning("job %s cannot be erased: %s", receipt.job_id, error)
            return True
        if receipt.status == "removed":
            return True  # everybody was told when it was done
        return await self._publish(
            JobRemoved(
                job_id=receipt.job_id,
                batch_id=receipt.batch_id,
                owner=receipt.owner,
                attempt=receipt.attempt,
            )
        )
