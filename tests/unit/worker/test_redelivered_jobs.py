"""Commands that come again, and workers that are not alone with a job: one receipt, whole files, no harm.

A worker that died at a job is played by the mark that it has left behind.
"""

import asyncio
from pathlib import Path

import msgspec
import pytest

from pipeline.delivery import Done, Outcome, RetryLater
from pipeline.errors import StorageFull
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import (
    AnyEvent,
    DeliverWebhook,
    JobEvent,
    JobFailed,
    RenditionReady,
    ResizeImage,
    event_type,
    now,
)
from pipeline.records import Receipt, ReceiptStatus
from tests.unit.worker.conftest import NewHandler, NewPool
from tests.unit.worker.images import noise_png
from tests.unit.worker.jobs import Listener, marks_of, results_of, sent
from tests.unit.worker.processes import NewChildren
from worker.resize_handler import ResizeHandler


def attempts(listener: Listener) -> set[int]:
    return {event.attempt for event in listener.events if isinstance(event, JobEvent)}


def ended(command: ResizeImage, status: ReceiptStatus) -> Receipt:
    return Receipt(
        job_id=command.job_id,
        batch_id=command.batch_id,
        name="a",
        status=status,
        attempt=command.attempt,
        source=None,
        started_at=now(),
        finished_at=now(),
    )


async def leave_marks(store: LocalImageStore, command: ResizeImage, count: int) -> None:
    for _ in range(count):
        await store.begin(JobId(command.job_id))


async def test_while_a_worker_is_at_a_job_there_is_a_mark_and_then_none(
    store: LocalImageStore, new_handler: NewHandler, tmp_path: Path
) -> None:
    command, seen = await sent(store), []

    async def publish(event: AnyEvent) -> None:
        seen.append((event_type(event), len(marks_of(tmp_path, command))))

    await new_handler(publish=publish).handle(command)

    assert seen == [("job_started", 1), ("rendition_ready", 1), ("job_done", 1)]
    assert marks_of(tmp_path, command) == []


@pytest.mark.parametrize(("attempt", "is_redelivered"), [(1, False), (1, True), (5, False), (5, True)])
async def test_a_command_that_nobody_died_at_has_its_own_number_however_often_it_came_back(
    store: LocalImageStore,
    handler: ResizeHandler,
    listener: Listener,
    attempt: int,
    is_redelivered: bool,
) -> None:
    command = msgspec.structs.replace(await sent(store), attempt=attempt)

    await handler.handle(command, is_redelivered=is_redelivered)

    assert attempts(listener) == {attempt}


async def test_a_worker_that_died_at_a_job_counts_as_an_attempt_and_the_job_is_done_in_quarantine(
    store: LocalImageStore, new_handler: NewHandler, new_pool: NewPool, listener: Listener
) -> None:
    pool = new_pool()
    await pool.warm_up()
    children = NewChildren()
    command = await sent(store)
    await leave_marks(store, command, 1)
    seen = []

    async def publish(event: AnyEvent) -> None:
        await listener.publish(event)
        if isinstance(event, RenditionReady):
            seen.append(len(children()))

    assert await new_handler(pool=pool, publish=publish).handle(command, is_redelivered=True) == Done()

    assert listener.types == ["job_started", "rendition_ready", "job_done"]
    assert attempts(listener) == {2}
    assert seen == [1], "a child of its own"
    assert children() == set()


async def test_a_job_that_waits_beside_one_in_quarantine_would_not_be_blamed_for_its_end(
    store: LocalImageStore, new_handler: NewHandler, listener: Listener
) -> None:
    suspect, other = await sent(store), msgspec.structs.replace(await sent(store), lane="bulk")
    await leave_marks(store, suspect, 1)
    beside: list[asyncio.Task[Outcome]] = []

    async def publish(event: AnyEvent) -> None:
        await listener.publish(event)
        if isinstance(event, RenditionReady) and event.job_id == suspect.job_id:
            beside.append(asyncio.create_task(handler.handle(other, is_redelivered=True)))
            done, _ = await asyncio.wait(beside, timeout=0.3)
            assert not done
            assert not await store.is_marked(JobId(other.job_id))

    handler = new_handler(publish=publish)
    assert await handler.handle(suspect, is_redelivered=True) == Done()

    assert [await task for task in beside] == [Done()]
    told = [event for event in listener.events if isinstance(event, JobEvent)]
    assert {event.attempt for event in told if event.job_id == other.job_id} == {1}


async def test_a_job_that_two_workers_died_at_is_not_tried_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = await sent(store)
    await leave_marks(store, command, 2)
    await store.save_rendition(JobId(command.job_id), "my_holiday_300x300.png", b"half of the work")

    assert await handler.handle(command, is_redelivered=True) == Done()

    assert listener.types == ["job_failed"]
    failed = listener.events[-1]
    assert isinstance(failed, JobFailed)
    assert (failed.error.code, failed.attempt) == ("decoder_crashed", 3)
    assert [path.name for path in results_of(tmp_path, command).glob("[!.]*")] == ["receipt.json"]


async def test_a_command_that_was_published_twice_blames_nobody(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)
    await leave_marks(store, command, 2)

    assert await handler.handle(command) == Done()

    assert listener.types[-1] == "job_done"
    assert attempts(listener) == {1}


async def test_a_job_that_is_asked_for_once_more_is_not_blamed_for_what_was(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)
    await leave_marks(store, command, 2)
    await handler.handle(command, is_redelivered=True)
    await store.drop_receipt(JobId(command.job_id))

    again = msgspec.structs.replace(command, attempt=4)
    assert await handler.handle(again, is_redelivered=True) == Done()

    assert listener.types[-1] == "job_done"
    assert listener.events[-1].attempt == 4  # type: ignore[union-attr]  # the line above says what it is


async def test_two_workers_at_one_job_leave_one_receipt_and_whole_files(
    store: LocalImageStore, new_handler: NewHandler, tmp_path: Path
) -> None:
    command = await sent(store, noise_png(600, 500))
    first, second = Listener(store), Listener(store)
    workers = [
        new_handler("worker-1", publish=first.publish),
        new_handler("worker-2", publish=second.publish),
    ]

    outcomes = await asyncio.gather(*(worker.handle(command) for worker in workers))

    receipt = await store.load_receipt(JobId(command.job_id))
    assert outcomes == [Done(), Done()]
    assert receipt is not None
    assert first.events[-1] == second.events[-1]
    assert first.types[0] == second.types[0] == "job_started", "both have been at it"
    [result] = receipt.renditions
    path = store.rendition_file(JobId(command.job_id), result.file)
    assert path.stat().st_size == result.bytes
    assert sorted(each.name for each in results_of(tmp_path, command).iterdir()) == sorted(
        [path.name, "receipt.json"]
    )


@pytest.mark.parametrize("status", ["cancelled", "removed", "failed"])
async def test_an_end_that_somebody_writes_meanwhile_stands_and_no_rendition_stays(
    store: LocalImageStore, new_handler: NewHandler, tmp_path: Path, status: ReceiptStatus
) -> None:
    command, types = await sent(store), []

    async def publish(event: AnyEvent) -> None:
        types.append(event_type(event))
        if isinstance(event, RenditionReady):
            await store.save_receipt(ended(command, status))

    assert await new_handler(publish=publish).handle(command) == Done()

    assert types == ["job_started", "rendition_ready", f"job_{status}"]
    receipt = await store.load_receipt(JobId(command.job_id))
    assert receipt is not None
    assert receipt.status == status
    assert [path.name for path in results_of(tmp_path, command).iterdir()] == ["receipt.json"]


async def test_a_failure_that_comes_after_another_worker_was_done_changes_nothing(
    store: LocalImageStore, new_handler: NewHandler, tmp_path: Path
) -> None:
    command, types = await sent(store), []
    other = new_handler("worker-2")

    async def publish(event: AnyEvent) -> None:
        types.append(event_type(event))
        if types == ["job_started"]:
            await other.handle(command)
            store.source_file(command.source).unlink()

    assert await new_handler(publish=publish).handle(command) == Done()

    assert types == ["job_started", "job_done"]
    assert sorted(path.name for path in results_of(tmp_path, command).iterdir()) == [
        "my_holiday_300x300.png",
        "receipt.json",
    ]


@pytest.mark.parametrize("status", ["cancelled", "removed", "failed"])
async def test_what_a_dead_worker_has_left_of_a_job_without_result_goes_when_its_command_comes_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path, status: ReceiptStatus
) -> None:
    command = await sent(store)
    await store.save_rendition(JobId(command.job_id), "my_holiday_300x300.png", b"left behind")
    await store.save_receipt(ended(command, status))

    assert await handler.handle(command, is_redelivered=True) == Done()

    assert listener.types == [f"job_{status}"]
    assert [path.name for path in results_of(tmp_path, command).iterdir()] == ["receipt.json"]


async def test_the_end_of_an_earlier_attempt_is_told_as_news_of_this_one(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)
    await store.save_receipt(ended(command, "failed"))

    await handler.handle(msgspec.structs.replace(command, attempt=3))

    last = listener.events[-1]
    assert isinstance(last, JobEvent)
    assert (listener.types[-1], last.attempt) == ("job_failed", 3)


async def test_a_job_that_is_done_is_told_with_the_number_with_which_it_was_done(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)
    await handler.handle(command)
    listener.events.clear()

    await handler.handle(msgspec.structs.replace(command, attempt=2))

    assert attempts(listener) == {1}


async def test_a_worker_that_has_lost_its_connection_takes_its_marks_away_and_goes_on(
    store: LocalImageStore, new_handler: NewHandler, tmp_path: Path
) -> None:
    command, marks = await sent(store), list[Path]()

    async def publish(event: AnyEvent) -> None:
        if event_type(event) == "job_started":
            handler.marks.let_go_all()
            marks.extend(marks_of(tmp_path, command))

    handler = new_handler(publish=publish)

    assert await handler.handle(command) == Done()
    assert marks == []
    assert await store.load_receipt(JobId(command.job_id)) is not None


async def test_an_attempt_that_is_broken_off_leaves_no_mark(
    store: LocalImageStore, new_handler: NewHandler, tmp_path: Path
) -> None:
    command, begun = await sent(store), asyncio.Event()

    async def publish(event: AnyEvent) -> None:
        begun.set()
        await asyncio.Event().wait()

    handling = asyncio.create_task(new_handler(publish=publish).handle(command))
    await begun.wait()
    assert len(marks_of(tmp_path, command)) == 1
    handling.cancel()
    await asyncio.wait({handling})

    assert handling.cancelled()
    assert marks_of(tmp_path, command) == []


async def test_a_job_that_comes_to_the_worker_which_is_still_at_it_waits_for_its_own_attempt(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)

    outcomes = await asyncio.gather(
        handler.handle(command), *(handler.handle(command, is_redelivered=True) for _ in range(3))
    )

    assert outcomes == [Done()] * 4
    assert listener.types == ["job_started", "rendition_ready"] + ["job_done"] * 4
    assert attempts(listener) == {1}


async def test_an_attempt_that_comes_to_nothing_is_not_made_twice_at_once(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = await sent(store)
    (results_of(tmp_path, command) / "my_holiday_300x300.png").mkdir(parents=True)

    first, second = await asyncio.gather(
        handler.handle(command), handler.handle(command, is_redelivered=True)
    )

    assert isinstance(first, RetryLater)
    assert second == first
    assert listener.types == ["job_started", "job_retrying"]


@pytest.mark.parametrize("data", [noise_png(9, 9), b"no image"], ids=["an image", "none"])
async def test_whoever_is_to_be_told_is_told_behind_the_receipt_and_again_when_the_command_comes_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, data: bytes
) -> None:
    """Between the two a worker may have died. Of a job that was removed there is nothing to tell."""
    command = msgspec.structs.replace(await sent(store, data), webhook=True, attempt=3)
    job_id = JobId(command.job_id)

    for _ in range(2):
        assert await handler.handle(command, is_redelivered=True) == Done()

    assert listener.webhooks == [DeliverWebhook(job_id=job_id, attempt=3)] * 2
    await store.remove_job(ended(command, "removed"))
    assert await handler.handle(command) == Done()
    assert len(listener.webhooks) == 2


async def test_a_webhook_that_cannot_be_sent_brings_the_command_back(
    store: LocalImageStore, new_handler: NewHandler, listener: Listener
) -> None:
    async def fails(_: DeliverWebhook) -> None:
        raise StorageFull

    command = msgspec.structs.replace(await sent(store), webhook=True)

    outcome = await new_handler(send_webhook=fails).handle(command)

    assert isinstance(outcome, RetryLater)
    assert await new_handler().handle(outcome.command) == Done()
    assert listener.webhooks == [DeliverWebhook(job_id=command.job_id, attempt=1)]
