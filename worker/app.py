"""A worker: open, consume, stop in order."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.broker import Delivery, DeliverySlots, Publisher, PublishUncertain
from pipeline.delivery import Done, GiveUp, RetryLater
from pipeline.errors import BrokerUnavailable, QueueFull
from pipeline.image_store import LocalImageStore
from pipeline.messages import WorkerHeartbeat, WorkerOffline, WorkerOnline
from worker.image_pool import ImagePool
from worker.job_limits import JobLimits
from worker.resize_handler import ResizeHandler, read_command
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)

HEARTBEAT_S = 3.0
FIRST_HEARTBEAT_S = 0.2
"""So often it is looked whether the worker is connected for the first time."""


async def run_worker(settings: WorkerSettings, stopping: asyncio.Event) -> None:
    """Work until `stopping` is set, then finish what is in flight. Raises what ends a slot unexpectedly."""
    worker = Worker(settings, stopping)
    await worker.start()
    try:
        await worker.work()
    finally:
        await worker.close()


class Worker:
    """The slots of one worker, its two connections and its pool of processes."""

    def __init__(self, settings: WorkerSettings, stopping: asyncio.Event) -> None:
        self._settings = settings
        self._stopping = stopping
        self._tags = [f"{settings.name}.slot-{number + 1}" for number in range(settings.slot_count)]
        self._busy: dict[str, str] = {}
        self._pool = ImagePool(
            processes=settings.slot_count,
            limits=JobLimits(
                time_limit_s=settings.job_timeout_s,
                cpu_s=settings.job_cpu_s,
                memory_bytes=settings.job_memory_bytes,
                output_pixels=settings.max_output_pixels,
                animation_pixels=settings.max_animation_pixels,
            ),
        )
        self._publisher = Publisher(settings.amqp_url, service=settings.name)
        self._slots = DeliverySlots(settings.amqp_url, service=settings.name, tags=self._tags)
        self._handler = ResizeHandler(
            store=LocalImageStore(settings.storage_dir),
            pool=self._pool,
            publish=self._publisher.publish_event,
            worker=settings.name,
            max_attempts=settings.max_attempts,
        )

    async def start(self) -> None:
        """Start the processes, before there is a connection that they could inherit; then connect."""
        await self._pool.warm_up()
        self._publisher.link.start()
        self._slots.link.start()

    async def work(self) -> None:
        """Serve every slot until it is time to stop."""
        async with asyncio.TaskGroup() as tasks:
            heartbeat = tasks.create_task(self._keep_telling(), name="heartbeat")
            serving = {tag: tasks.create_task(self._serve(tag), name=tag) for tag in self._tags}
            await self._stopping.wait()
            await self._slots.stop_taking()
            for tag, task in serving.items():
                if tag not in self._busy:
                    task.cancel()
            log.info("stopping; %d jobs in flight", len(self._busy))
            await asyncio.wait(serving.values())
            heartbeat.cancel()

    async def close(self) -> None:
        """Say goodbye, close the consuming connection (what was not begun goes back), end the processes."""
        if self._publisher.link.is_open:
            await self._publisher.publish_event(WorkerOffline(worker=self._settings.name))
        await self._slots.link.close()
        await self._publisher.link.close()
        await self._pool.close()

    async def _serve(self, tag: str) -> None:
        while not self._stopping.is_set():
            delivery = await self._slots.take(tag)
            command = read_command(delivery.body)
            if isinstance(command, GiveUp):
                await self._give_up(delivery, command)
                continue
            with self._busy_with(tag, command.job_id):
                outcome = await self._handler.handle(command, returns=delivery.returns)
                await self._settle(delivery, outcome)

    async def _settle(self, delivery: Delivery, outcome: Done | RetryLater | GiveUp) -> None:
        match outcome:
            case Done():
                await delivery.acknowledge()
            case RetryLater(delay_s=delay_s):
                await self._pause(delay_s)
                await delivery.give_back()
            case GiveUp():
                await self._give_up(delivery, outcome)

    async def _give_up(self, delivery: Delivery, outcome: GiveUp) -> None:
        """Move the message to the dead letters by hand: the broker would not write the reason to it."""
        log.warning("a message from %s goes to the dead letters: %s", delivery.origin, outcome.reason)
        headers = {"worker": self._settings.name, "origin": delivery.origin}
        try:
            await self._publisher.publish_dead_letter(delivery.body, reason=outcome.reason, headers=headers)
        except (BrokerUnavailable, QueueFull, PublishUncertain) as error:
            log.warning("its reason is lost: %s", error)
            await delivery.bury()
        else:
            await delivery.acknowledge()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not when the worker is told to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    @contextmanager
    def _busy_with(self, tag: str, job_id: str) -> Iterator[None]:
        self._busy[tag] = job_id
        try:
            yield
        finally:
            del self._busy[tag]

    async def _keep_telling(self) -> None:
        """Show that this worker is alive: to the pages by events, to a health check by a file."""
        name, slots, session = self._settings.name, len(self._tags), 0
        while True:
            if self._settings.heartbeat_file is not None:
                self._settings.heartbeat_file.touch()
            if self._publisher.link.is_open and self._slots.link.is_open:
                if self._slots.link.sessions != session:
                    session = self._slots.link.sessions
                    await self._publisher.publish_event(WorkerOnline(worker=name, slots=slots))
                busy = tuple(self._busy.values())
                await self._publisher.publish_event(WorkerHeartbeat(worker=name, slots=slots, busy=busy))
            await asyncio.sleep(HEARTBEAT_S if session else FIRST_HEARTBEAT_S)
