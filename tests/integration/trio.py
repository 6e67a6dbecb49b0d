"""The three parts by which the services talk to the broker, at work together."""

import asyncio
from types import TracebackType
from typing import Self

from pipeline.broker import Consumer, DeliverySlots, EventLog, Link, Publisher
from pipeline.errors import PipelineError
from pipeline.ids import JobId, new_job_id
from pipeline.log_id import LogId
from pipeline.messages import AnyEvent, ResizeImage, WorkerOffline, decode_command
from tests.eventually import WITHIN_S, eventually


class Trio:
    """One publisher, one slot and one reader of the log, connected from `async with` to its end.

    What comes to the slot is taken and acknowledged at once.
    """

    def __init__(self, amqp_url: str, *, service: str) -> None:
        self.publisher = Publisher(amqp_url, service=service)
        self._consumer = Consumer(f"{service}.slot-1", "interactive")
        self.slots = DeliverySlots(amqp_url, service=service, consumers=[self._consumer])
        self.log = EventLog(amqp_url, service=service, history_s=60, on_event=self._see)
        self._taken: set[str] = set()
        self._seen: set[str] = set()

    @property
    def links(self) -> tuple[Link, Link, Link]:
        """The connections of the three."""
        return self.publisher.link, self.slots.link, self.log.link

    async def publish(self) -> JobId:
        """Publish a command, again and again until it is confirmed; the id of that one."""

        async def confirmed() -> JobId | None:
            job_id = new_job_id()
            try:
                await self.publisher.publish_command(ResizeImage(job_id=job_id, source="uploads/x"))
            except PipelineError:
                return None
            return job_id

        job_id = await eventually(confirmed, WITHIN_S)
        assert job_id is not None
        return job_id

    async def comes(self, job_id: JobId) -> None:
        """Return when this command has been taken."""
        await eventually(lambda: job_id in self._taken, WITHIN_S)

    async def works(self) -> None:
        """Return when a new command has been confirmed and taken, and a new event has been told and read."""
        await self.comes(await self.publish())
        news = WorkerOffline(worker=new_job_id())
        await eventually(lambda: self.publisher.publish_event(news), WITHIN_S)
        await eventually(lambda: news.worker in self._seen, WITHIN_S)

    async def _take(self) -> None:
        while True:
            delivery = await self.slots.take(self._consumer)
            self._taken.add(decode_command(delivery.body).job_id)
            await delivery.acknowledge()

    def _see(self, _: LogId, event: AnyEvent) -> None:
        if isinstance(event, WorkerOffline):
            self._seen.add(event.worker)

    async def __aenter__(self) -> Self:
        for link in self.links:
            link.start()
        for link in self.links:
            await link.wait_open(WITHIN_S)
        self._taking = asyncio.create_task(self._take())
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._taking.cancel()
        await asyncio.wait({self._taking})
        for link in self.links:
            await link.close()
