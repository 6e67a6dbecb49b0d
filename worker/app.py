"""A worker: open, consume, stop in order."""

import asyncio
import logging
from collections.abc import Mapping

from msgspec.structs import replace

from pipeline.broker import Consumer, DeliverySlots, Publisher, consumers_of
from pipeline.delivery import GiveUp
from pipeline.local_store import LocalImageStore
from pipeline.reuse import Reuse
from pipeline.topology import ladder
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_outbox import WebhookOutbox
from pipeline.work_locks import WorkLocks
from worker.heartbeat import Heartbeat
from worker.image_pool import ImagePool
from worker.occupancy import Occupancy
from worker.resize_handler import ResizeHandler, read_command
from worker.settings import WorkerSettings
from worker.settlement import Settlement
from worker.shared_work import SharedWork
from worker.watchdog import Watchdog

log = logging.getLogger(__name__)

GIVE_BACK_TIMEOUT_S = 3.0
"""So long it may take to give back what could not be finished; then the broker does it by itself."""


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
        name, url = settings.name, settings.amqp_url
        self._consumers = consumers_of(f"{name}.slot-{number + 1}" for number in range(settings.slot_count))
        self._stop_timeout_s = settings.stop_timeout_s
        self._stopping = stopping
        self._occupancy = Occupancy(self._consumers)
        self._pool = ImagePool(processes=settings.slot_count, limits=settings.job_limits)
        self._publisher = Publisher(url, service=name, rungs=ladder(settings.retry_delays_s))
        store = LocalImageStore(settings.storage_dir)
        self._handler = ResizeHandler(
            store=store,
            shared_work=SharedWork(
                store=store, reuse=Reuse(settings.storage_dir), locks=WorkLocks(settings.storage_dir)
            ),
            pool=self._pool,
            publish=self._publisher.publish_event,
            send_webhook=WebhookDispatch(
                outbox=WebhookOutbox(settings.storage_dir), publisher=self._publisher
            ).send,
            worker=name,
            delays_s=settings.retry_delays_s,
            min_free_bytes=settings.worker_min_free_bytes,
        )
        self._slots = DeliverySlots(
            url,
            service=name,
            consumers=self._consumers,
            telling=self._publisher.link,
            on_lost=self._handler.marks.let_go_all,
        )
        self._settlement = Settlement(self._publisher, worker=name, stopping=stopping)
        self._watchdog = Watchdog(self._slots.link, self._occupancy, self._publisher.count_queue)
        self._heartbeat = Heartbeat(
            self._publisher,
            consuming=self._slots.link,
            occupancy=self._occupancy,
            worker=name,
            file=settings.heartbeat_file,
        )

    async def start(self) -> None:
        """Start the processes, before there is a connection that they could inherit; then connect."""
        await self._pool.warm_up()
        self._publisher.link.start()
        self._slots.link.start()

    async def work(self) -> None:
        """Serve both lanes in every slot until it is time to stop."""
        async with asyncio.TaskGroup() as tasks:
            beating = tasks.create_task(self._heartbeat.beat(), name="heartbeat")
            watching = tasks.create_task(self._watchdog.watch(), name="watchdog")
            serving = {
                consumer: tasks.create_task(self._serve(consumer), name=consumer.tag)
                for consumer in self._consumers
            }
            await self._stopping.wait()
            watching.cancel()
            await self._finish(serving)
            beating.cancel()

    async def close(self) -> None:
        """Say goodbye, close the consuming connection (what was not begun goes back), end the processes."""
        await self._heartbeat.say_goodbye()
        await self._slots.link.close()
        await self._publisher.link.close()
        await self._pool.close()

    async def _finish(self, serving: Mapping[Consumer, asyncio.Task[None]]) -> None:
        """Stop taking, finish what is in flight, up to a limit, and give back the rest."""
        await self._slots.stop_taking()
        for consumer, task in serving.items():
            if not self._occupancy.is_busy(consumer):
                task.cancel()
        log.info("stopping; %d jobs in flight", len(self._occupancy.jobs))
        _, late = await asyncio.wait(serving.values(), timeout=self._stop_timeout_s)
        if late:
            log.warning("%d jobs take too long and go back", len(late))
            await self._pool.close()
            _, late = await asyncio.wait(late, timeout=GIVE_BACK_TIMEOUT_S)
            for task in late:
                task.cancel()

    async def _serve(self, consumer: Consumer) -> None:
        while not self._stopping.is_set():
            delivery = await self._slots.take(consumer)
            if self._stopping.is_set():
                await delivery.give_back()
                return
            self._occupancy.take(consumer)
            command = read_command(delivery.body)
            if isinstance(command, GiveUp):
                await self._settlement.settle(delivery, command)
                continue
            # Whoever typed it, or whichever frontend of before sent it: where it waited is what counts.
            command = replace(command, lane=delivery.lane)
            with self._occupancy.at(consumer, command.job_id):
                outcome = await self._handler.handle(command, is_redelivered=delivery.is_redelivered)
                await self._settlement.settle(delivery, outcome)
