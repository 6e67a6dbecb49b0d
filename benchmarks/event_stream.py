"""Jobs that nobody does: the events that a frontend and a worker would tell of them, at an even rate."""

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from math import ceil

from pipeline.broker import Publisher
from pipeline.ids import BatchId, new_job_id
from pipeline.log_id import LogId
from pipeline.messages import (
    AnyEvent,
    AnyJobEvent,
    JobDone,
    JobEvent,
    JobQueued,
    JobStarted,
    RenditionReady,
    Result,
    Source,
    WorkerHeartbeat,
    now,
)

NAME, WORKER = "holiday.jpg", "worker-1"
SOURCE = Source(media_type="image/jpeg", bytes=2_000_000, width=4032, height=3024)
RESULT = Result(
    name="300x300", file="holiday_300x300.jpg", width=300, height=300, media_type="image/jpeg", bytes=15_000
)
HEARTBEAT_S = 3.0
STATUS_OF = {JobQueued: "queued", JobStarted: "processing", RenditionReady: "rendition", JobDone: "done"}

HEARTBEAT = WorkerHeartbeat(worker=WORKER, slots=1, busy=())
"""With a worker that is at something else each second, everybody is told of the pipeline each second."""

Step = tuple[str, str]
"""A job, and what was told of it."""


@dataclass
class EventStream:
    """Publishes; `sent_at` is when (time.perf_counter) each step of each job was given to the broker.

    `sent_to` counts what was told in each batch.
    """

    publisher: Publisher
    batches: Sequence[BatchId]
    per_s: float
    sent_at: dict[Step, float] = field(default_factory=dict)
    sent_to: Counter[BatchId] = field(default_factory=Counter)
    unconfirmed: int = 0
    log_delays_ms: list[float] = field(default_factory=list)

    async def flow(self, seconds: float) -> None:
        """Publish for so long. An event whose turn has come does not wait for the confirm of another."""
        begin = time.perf_counter()
        events = self._events()
        async with asyncio.TaskGroup() as group:
            for number in range(round(seconds * self.per_s)):
                await asyncio.sleep(max(0.0, begin + number / self.per_s - time.perf_counter()))
                group.create_task(self._publish(next(events)))
                if number % ceil(HEARTBEAT_S * self.per_s) == 0:
                    group.create_task(self.publisher.publish_event(HEARTBEAT))

    def read(self, _: LogId, event: AnyEvent) -> None:
        """Note when the log gives an event out."""
        arrived_at = time.perf_counter()
        if isinstance(event, JobEvent):
            step = event.job_id, STATUS_OF[type(event)]
            self.log_delays_ms.append(1000 * (arrived_at - self.sent_at[step]))

    async def _publish(self, event: AnyJobEvent) -> None:
        self.sent_to[BatchId(str(event.batch_id))] += 1
        self.sent_at[event.job_id, STATUS_OF[type(event)]] = time.perf_counter()
        if not await self.publisher.publish_event(event):
            self.unconfirmed += 1

    def _events(self) -> Iterator[AnyJobEvent]:
        """A job of each batch in turn, with all that is told of one."""
        for batch in itertools.cycle(self.batches):
            yield from _story(batch)


def _story(batch_id: BatchId) -> Iterator[AnyJobEvent]:
    job_id, moment = new_job_id(), now()
    yield JobQueued(job_id=job_id, batch_id=batch_id, attempt=1, name=NAME, source=SOURCE, rendition_count=1)
    yield JobStarted(job_id=job_id, batch_id=batch_id, attempt=1, name=NAME, worker=WORKER)
    yield RenditionReady(job_id=job_id, batch_id=batch_id, attempt=1, result=RESULT)
    yield JobDone(
        job_id=job_id,
        batch_id=batch_id,
        attempt=1,
        name=NAME,
        worker=WORKER,
        source=SOURCE,
        renditions=(RESULT,),
        started_at=moment,
        timings_ms={"decode": 12.0, "total": 20.0},
    )
