"""Every job that waits, back into the queue, and every webhook: the oldest first, each command confirmed.

A job whose command is in the queue all the same is in it twice then. The second one finds the receipt and is
acknowledged, so it can be done at any time, be broken off, and be done again. So it is with webhooks:
the log of the job tells how far they have come.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from pipeline.broker import Publisher, PublishUncertain
from pipeline.errors import BrokerUnavailable, QueueFull
from pipeline.ids import JobId
from pipeline.image_store import ImageStore
from pipeline.messages import DeliverWebhook
from pipeline.reconcile.lookout import Lookout, Standing
from pipeline.records import JobRecord, command_of, queued_of

IN_FLIGHT = 50
PAUSE_S = 0.5
GIVE_UP_AFTER_S = 30.0
"""A broker that has taken nothing for so long is away. One whose queue is full is waited for."""

Tell = Callable[[str], None]
Publish = Callable[[], Awaitable[None]]


class Reconciliation:
    """One run. `counts` tells how the jobs stand; those that were WAITING are in the queue."""

    def __init__(
        self, *, store: ImageStore, lookout: Lookout, publisher: Publisher | None, tell: Tell
    ) -> None:
        """`tell` is called with the progress, often. Without a publisher nothing is done, only counted."""
        self._store = store
        self._lookout = lookout
        self._publisher = publisher
        self._tell = tell
        self._looked_at = 0
        self._fresh: list[JobId] = []
        self._away_since: float | None = None
        self.counts: Counter[Standing] = Counter()
        self.damaged: list[JobId] = []
        self.waiting: list[JobId] = []

    async def run(self) -> None:
        """Look at every job. Raises BrokerUnavailable; what is in the queue by then stays there."""
        job_ids = [job_id for day in await self._store.days() for job_id in await self._store.job_ids_of(day)]
        await self._look_at(job_ids, f"of {len(job_ids):,}")
        while self._fresh and self._publisher is not None:
            again, self._fresh = self._fresh, []
            self._tell(f"waiting for {len(again):,} jobs that somebody is at just now")
            await asyncio.sleep(PAUSE_S)
            await self._look_at(again, "again")
        self.counts[Standing.FRESH] = len(self._fresh)

    async def _look_at(self, job_ids: Sequence[JobId], of_how_many: str) -> None:
        for start in range(0, len(job_ids), IN_FLIGHT):
            chunk = job_ids[start : start + IN_FLIGHT]
            await asyncio.gather(*(self._see_to(job_id) for job_id in chunk))
            self._looked_at += len(chunk)
            self._tell(
                f"{self._looked_at:,} {of_how_many} jobs looked at, {self.counts[Standing.WAITING]:,} wait"
            )

    async def _see_to(self, job_id: JobId) -> None:
        finding = await self._lookout.look(job_id)
        if finding.standing is Standing.FRESH:
            self._fresh.append(job_id)
            return
        if finding.record is not None:
            await self._put_back(finding.record, finding.attempt)
            self.waiting.append(job_id)
        if finding.webhook is not None:
            await self._put_webhook_back(finding.webhook)
        if finding.standing is Standing.DAMAGED:
            self.damaged.append(job_id)
        self.counts[finding.standing] += 1

    async def _put_back(self, record: JobRecord, attempt: int) -> None:
        if self._publisher is None:
            return
        command = command_of(record, attempt=attempt)
        await self._until_published(partial(self._publisher.publish_command, command))
        await self._publisher.publish_event(queued_of(record, attempt=attempt))

    async def _put_webhook_back(self, webhook: DeliverWebhook) -> None:
        if self._publisher is not None:
            await self._until_published(partial(self._publisher.publish_webhook, webhook))

    async def _until_published(self, publish: Publish) -> None:
        while not await self._is_published(publish):
            self._tell(f"waiting for the broker, after {self.counts[Standing.WAITING]:,} jobs")

    async def _is_published(self, publish: Publish) -> bool:
        """Whether it could be done; a moment later if not, and then the broker may be asked again."""
        try:
            await publish()
        except QueueFull:
            self._away_since = None
        except (BrokerUnavailable, PublishUncertain):
            self._away_since = self._away_since or time.monotonic()
            if time.monotonic() - self._away_since > GIVE_UP_AFTER_S:
                raise BrokerUnavailable from None
        else:
            self._away_since = None
            return True
        await asyncio.sleep(PAUSE_S)
        return False
