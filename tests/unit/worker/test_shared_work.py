"""The same work is done once, and never not at all."""

import asyncio
import hashlib
from pathlib import Path

import pytest
from msgspec.structs import replace

from pipeline.delivery import Done, RetryLater
from pipeline.errors import WorkUnderWay
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import AnyEvent, JobDone, JobFailed, Owner, Rendition, ResizeImage, event_type
from pipeline.records import Receipt
from pipeline.work_key import work_key
from pipeline.work_locks import WorkLocks
from tests.eventually import WITHIN_S
from tests.unit.worker.conftest import NewHandler
from tests.unit.worker.images import noise_png, png
from tests.unit.worker.jobs import DELAYS_S, Listener, marks_of, results_of, sent
from tests.unit.worker.processes import reader_of
from tests.unit.worker.test_redelivered_jobs import ended, leave_marks
from worker import shared_work
from worker.resize_handler import ResizeHandler

IMAGE = noise_png(300, 200)


async def shared(
    store: LocalImageStore,
    data: bytes = IMAGE,
    *,
    owner: Owner | None = None,
    renditions: tuple[Rendition, ...] | None = None,
) -> ResizeImage:
    """A command whose work may be that of others too."""
    command = await sent(store, data)
    command = replace(command, owner=owner, renditions=renditions or command.renditions)
    return with_key(command, data)


def with_key(command: ResizeImage, data: bytes) -> ResizeImage:
    sha256 = hashlib.sha256(data).hexdigest()
    return replace(command, work=work_key(sha256=sha256, renditions=command.renditions, owner=command.owner))


async def receipt_of(store: LocalImageStore, command: ResizeImage) -> Receipt:
    receipt = await store.load_receipt(JobId(command.job_id))
    assert receipt is not None
    return receipt


def picture(store: LocalImageStore, receipt: Receipt) -> Path:
    return store.rendition_file(JobId(receipt.job_id), receipt.renditions[0].file)


async def test_work_that_was_done_before_is_not_done_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    first, second = await shared(store), await shared(store)
    await handler.handle(first)
    listener.events.clear()

    assert await handler.handle(second) == Done()

    assert listener.types == ["job_done"]
    receipt = await receipt_of(store, second)
    assert (receipt.job_id, receipt.batch_id, receipt.reused) == (second.job_id, second.batch_id, True)
    assert receipt.worker == "worker-1"
    assert picture(store, receipt).samefile(picture(store, await receipt_of(store, first)))
    assert isinstance(done := listener.events[0], JobDone)
    assert (done.job_id, done.reused) == (second.job_id, True)


async def test_many_workers_that_are_given_the_same_work_at_once_do_it_once(
    store: LocalImageStore, new_handler: NewHandler, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", WITHIN_S)
    commands = [await shared(store) for _ in range(6)]
    workers = [new_handler(f"worker-{number}") for number in range(3)]

    outcomes = await asyncio.gather(
        *(workers[number % 3].handle(command) for number, command in enumerate(commands))
    )

    assert outcomes == [Done()] * 6
    receipts = [await receipt_of(store, command) for command in commands]
    assert sorted(receipt.reused for receipt in receipts) == [False] + [True] * 5
    assert sorted(listener.types) == ["job_done"] * 6 + ["job_started", "rendition_ready"]
    assert len({picture(store, receipt).stat().st_ino for receipt in receipts}) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"owner": "shop"},
        {"renditions": (Rendition(name="300x300", width=300, height=300, quality=81),)},
        {"data": noise_png(300, 201)},
    ],
    ids=lambda other: next(iter(other)),
)
async def test_what_is_not_quite_the_same_is_worked(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, other: dict[str, object]
) -> None:
    await handler.handle(await shared(store))

    await handler.handle(await shared(store, **other))  # type: ignore[arg-type]  # of several types

    assert listener.types.count("job_started") == 2


async def test_a_job_without_a_key_is_worked_and_gives_nothing(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    await handler.handle(await sent(store, IMAGE))
    await handler.handle(await shared(store))
    await handler.handle(await sent(store, IMAGE))

    assert listener.types.count("job_started") == 3


async def test_an_image_that_is_not_what_its_key_says_is_not_given_to_others(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    liar = with_key(await sent(store, png(80, 60)), IMAGE)
    await handler.handle(liar)
    assert (await receipt_of(store, liar)).work is None

    await handler.handle(honest := await shared(store))

    assert listener.types.count("job_started") == 2
    source = (await receipt_of(store, honest)).source
    assert source is not None
    assert (source.width, source.height) == (300, 200)


async def test_results_that_are_damaged_are_made_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    first, second, third = [await shared(store) for _ in range(3)]
    await handler.handle(first)
    path = picture(store, await receipt_of(store, first))
    path.write_bytes(path.read_bytes()[:-1])

    await handler.handle(second)
    await handler.handle(third)

    receipts = [await receipt_of(store, command) for command in (second, third)]
    assert [receipt.reused for receipt in receipts] == [False, True]
    assert picture(store, receipts[0]).stat().st_size == receipts[0].renditions[0].bytes


async def test_who_waits_too_long_goes_round_and_uses_up_no_rung(
    store: LocalImageStore,
    new_handler: NewHandler,
    listener: Listener,
    endless: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", 0.05)
    first, second = await shared(store), await shared(store)
    store.source_file(first.source).unlink()
    (tmp_path / "storage" / first.source).symlink_to(endless)
    monkeypatch.setattr(LocalImageStore, "source_file", lambda self, source: tmp_path / "storage" / source)
    working = asyncio.create_task(new_handler("worker-1").handle(first))
    async with reader_of(endless):
        outcome = await new_handler("worker-2").handle(second)

        again = replace(second, attempt=2)
        assert outcome == RetryLater(str(WorkUnderWay()), DELAYS_S[0], again)
        assert listener.types == ["job_started", "job_retrying"]
        assert marks_of(tmp_path, second) == []
    await working

    assert await new_handler("worker-2").handle(again) == Done()
    receipt = await receipt_of(store, second)
    assert (receipt.status, receipt.reused, receipt.attempt) == ("done", False, 2)


async def test_who_has_waited_in_vain_does_not_go_round_if_another_copy_has_ended_the_job(
    store: LocalImageStore,
    new_handler: NewHandler,
    listener: Listener,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", 0.05)
    command = await shared(store)
    assert command.work is not None
    load_receipt = store.load_receipt

    async def end_and_load(job_id: JobId) -> Receipt | None:
        await store.save_receipt(ended(command, "failed"))
        return await load_receipt(job_id)

    # It is asked for when the waiting is over, and by nobody before.
    monkeypatch.setattr(store, "load_receipt", end_and_load)

    async with WorkLocks(tmp_path / "storage").held(command.work, within_s=0):
        assert await new_handler("worker-1").handle(command) == Done()

    assert listener.types == ["job_failed"]
    assert {event.attempt for event in listener.events if isinstance(event, JobFailed)} == {1}


async def test_an_interactive_image_does_not_go_round_for_the_sake_of_one_in_bulk(
    store: LocalImageStore, handler: ResizeHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", 0.05)
    command = await shared(store)
    assert command.work is not None

    async with WorkLocks(tmp_path / "storage").held(command.work, within_s=0, lane="bulk"):
        assert isinstance(await handler.handle(replace(command, lane="bulk")), RetryLater)
        assert await handler.handle(command) == Done()

    assert not (await receipt_of(store, command)).reused


async def test_who_has_gone_round_does_not_wait_a_second_time(
    store: LocalImageStore, handler: ResizeHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", 3600.0)
    command = replace(await shared(store), attempt=2)
    assert command.work is not None

    async with WorkLocks(tmp_path / "storage").held(command.work, within_s=0), asyncio.timeout(WITHIN_S):
        assert isinstance(await handler.handle(command), RetryLater)


async def test_of_many_that_come_while_it_takes_long_only_the_first_one_waits(
    store: LocalImageStore, handler: ResizeHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", 0.05)
    commands = [await shared(store) for _ in range(3)]
    key = commands[0].work
    assert key is not None
    async with WorkLocks(tmp_path / "storage").held(key, within_s=0):
        assert isinstance(await handler.handle(commands[0]), RetryLater)
        monkeypatch.setattr(shared_work, "WAIT_S", 3600.0)
        async with asyncio.timeout(WITHIN_S):
            assert isinstance(await handler.handle(commands[1]), RetryLater)

    assert await handler.handle(commands[2]) == Done()


async def test_what_takes_long_is_not_remembered_for_ever(
    store: LocalImageStore, handler: ResizeHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", 0.01)
    monkeypatch.setattr(shared_work, "MOST_SLOW", 2)
    locks = WorkLocks(tmp_path / "storage")
    for edge in range(10, 15):
        command = await shared(store, noise_png(edge, edge))
        assert command.work is not None
        async with locks.held(command.work, within_s=0):
            await handler.handle(command)

    assert len(handler._shared_work._slow) == 2


async def test_a_job_that_a_worker_died_at_waits_for_nobody(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = await shared(store)
    assert command.work is not None
    await leave_marks(store, command, 1)

    async with WorkLocks(tmp_path / "storage").held(command.work, within_s=0):
        assert await handler.handle(command, is_redelivered=True) == Done()

    assert listener.types == ["job_started", "rendition_ready", "job_done"]


async def test_a_job_that_two_workers_died_at_is_given_what_another_one_made(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    await handler.handle(await shared(store))
    command = await shared(store)
    await leave_marks(store, command, 2)

    await handler.handle(command, is_redelivered=True)

    assert (await receipt_of(store, command)).reused
    assert listener.types[-1] == "job_done"


async def test_a_failure_is_not_shared(
    store: LocalImageStore, new_handler: NewHandler, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_work, "WAIT_S", WITHIN_S)
    broken = IMAGE[:2000]
    commands = [await shared(store, broken) for _ in range(3)]

    await asyncio.gather(
        *(new_handler(f"worker-{number}").handle(command) for number, command in enumerate(commands))
    )

    assert listener.types.count("job_started") == 3
    failures = [event for event in listener.events if isinstance(event, JobFailed)]
    assert [event.error.code for event in failures] == ["image_truncated"] * 3
    assert {event.worker for event in failures} == {"worker-0", "worker-1", "worker-2"}


async def test_a_job_that_was_called_off_while_it_was_given_results_keeps_none(
    store: LocalImageStore, handler: ResizeHandler, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await handler.handle(await shared(store))
    command = await shared(store)
    load_job = store.load_job

    async def load_and_call_off(job_id: JobId) -> object:
        await store.save_receipt(ended(command, "cancelled"))
        return await load_job(job_id)

    monkeypatch.setattr(store, "load_job", load_and_call_off)

    assert await handler.handle(command) == Done()

    assert (await receipt_of(store, command)).status == "cancelled"
    assert [path.name for path in results_of(tmp_path, command).iterdir()] == ["receipt.json"]


async def test_others_find_the_results_before_anybody_is_told(
    store: LocalImageStore, new_handler: NewHandler
) -> None:
    first, second = await shared(store), await shared(store)
    seen: list[bool] = []

    async def publish(event: AnyEvent) -> None:
        if event_type(event) == "job_done":
            await other.handle(second)
            seen.append((await receipt_of(store, second)).reused)

    listener = Listener(store)
    other = new_handler("worker-2", publish=listener.publish)
    async with asyncio.timeout(WITHIN_S):
        await new_handler("worker-1", publish=publish).handle(first)

    assert seen == [True]
