"""Jobs that do not go well: each ends in a receipt that says why, or comes again; none is lost."""

from pathlib import Path

import msgspec
import pytest

from pipeline.delivery import Done, RetryLater
from pipeline.ids import JobId, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import (
    JobDone,
    JobFailed,
    JobRetrying,
    Rendition,
    ResizeImage,
    Source,
)
from pipeline.records import event_of
from tests.unit.full_disk import FillDisk
from tests.unit.worker.conftest import NewHandler
from tests.unit.worker.jobs import DELAYS_S, IMAGE, NAME, Listener, results_of, sent
from worker import resize_handler
from worker.resize_handler import ResizeHandler


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (IMAGE[: len(IMAGE) // 2], "image_truncated"),
        (IMAGE[:40] + b"garbage" * 20, "image_unreadable"),
        (b"garbage", "unsupported_format"),
        (b"", "image_unreadable"),
    ],
)
async def test_a_bad_image_ends_its_job_with_a_receipt_that_says_why(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, data: bytes, code: str
) -> None:
    command = await sent(store, data)

    outcome = await handler.handle(command)

    receipt = await store.load_receipt(JobId(command.job_id))
    failed = listener.events[-1]
    assert outcome == Done()
    assert receipt is not None
    assert isinstance(failed, JobFailed)
    assert failed == event_of(receipt)
    assert (receipt.status, receipt.renditions, failed.error.code) == ("failed", (), code)
    assert failed.error.detail.endswith(".")
    assert failed.name == NAME
    assert failed.source == Source(media_type="image/png", bytes=len(data))
    assert listener.had_receipt == [False, True]


async def test_an_image_that_is_gone_ends_its_job(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)
    store.source_file(command.source).unlink()

    assert await handler.handle(command) == Done()

    failed = listener.events[-1]
    assert isinstance(failed, JobFailed)
    assert failed.error.code == "source_missing"


@pytest.mark.parametrize("source", ["../../etc/passwd", "/etc/passwd", "", "uploads", "uploads/\0"])
async def test_a_source_outside_of_the_uploads_is_missing(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, source: str
) -> None:
    assert await handler.handle(ResizeImage(job_id=new_job_id(), source=source)) == Done()

    failed = listener.events[-1]
    assert isinstance(failed, JobFailed)
    assert failed.error.code == "source_missing"


async def test_a_store_that_takes_no_rendition_is_tried_again_later(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = msgspec.structs.replace(await sent(store), attempt=4, retries=1)
    (results_of(tmp_path, command) / "my_holiday_300x300.png").mkdir(parents=True)

    outcome = await handler.handle(command)

    following = msgspec.structs.replace(command, attempt=5, retries=2)
    assert outcome == RetryLater(reason="IsADirectoryError", delay_s=10.0, command=following)
    assert listener.types == ["job_started", "job_retrying"]
    retrying = listener.events[-1]
    assert isinstance(retrying, JobRetrying)
    assert (retrying.attempt, retrying.reason, retrying.delay_s) == (4, "IsADirectoryError", 10.0)
    assert await store.load_receipt(JobId(command.job_id)) is None


async def test_after_the_last_rung_the_job_ends(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = msgspec.structs.replace(await sent(store), retries=len(DELAYS_S))
    (results_of(tmp_path, command) / "my_holiday_300x300.png").mkdir(parents=True)

    assert await handler.handle(command) == Done()

    failed = listener.events[-1]
    assert isinstance(failed, JobFailed)
    assert failed.error.code == "internal_error"
    assert str(tmp_path) not in failed.error.detail


async def test_a_job_that_fails_for_good_leaves_no_rendition_behind(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    renditions = (Rendition(name="a", width=10), Rendition(name="b", width=20))
    command = msgspec.structs.replace(await sent(store), renditions=renditions, retries=len(DELAYS_S))
    folder = results_of(tmp_path, command)
    (folder / "my_holiday_b.png").mkdir(parents=True)

    assert await handler.handle(command) == Done()

    assert listener.types == ["job_started", "rendition_ready", "job_failed"]
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["receipt.json"]


async def test_a_job_that_was_in_trouble_is_done_once_the_trouble_is_over(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = await sent(store)
    obstacle = results_of(tmp_path, command) / "my_holiday_300x300.png"
    obstacle.mkdir(parents=True)
    outcome = await handler.handle(command)
    obstacle.rmdir()

    assert isinstance(outcome, RetryLater)
    assert await handler.handle(outcome.command) == Done()
    done = listener.events[-1]
    assert isinstance(done, JobDone)
    assert done.attempt == 2


async def test_a_store_that_is_away_is_waited_for_and_not_made_anew(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = await sent(store)
    root, elsewhere = tmp_path / "storage", tmp_path / "elsewhere"
    root.rename(elsewhere)
    root.mkdir()

    outcome = await handler.handle(command)

    assert isinstance(outcome, RetryLater)
    assert list(root.iterdir()) == []
    root.rmdir()
    elsewhere.rename(root)
    assert await handler.handle(outcome.command) == Done()
    assert listener.types[-1] == "job_done"


@pytest.mark.parametrize("wrong_file", ["receipt.json", "job.json"])
async def test_a_record_that_cannot_be_read_says_nothing_about_the_job_so_it_comes_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path, wrong_file: str
) -> None:
    command = msgspec.structs.replace(await sent(store), retries=50)
    folder = (
        results_of(tmp_path, command)
        if wrong_file == "receipt.json"
        else store.source_file(command.source).parent
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / wrong_file).write_bytes(b"{")

    outcome = await handler.handle(command)

    assert isinstance(outcome, RetryLater)
    assert outcome.delay_s == DELAYS_S[-1]
    assert wrong_file in outcome.reason
    assert listener.types == ["job_retrying"]


async def test_a_full_disk_is_waited_for(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, fill_disk: FillDisk, tmp_path: Path
) -> None:
    command = await sent(store)
    fill_disk()

    outcome = await handler.handle(command)

    assert isinstance(outcome, RetryLater)
    assert (outcome.delay_s, outcome.command.retries) == (DELAYS_S[0], 1)
    assert listener.types == ["job_started", "job_retrying"]
    assert list(results_of(tmp_path, command).iterdir()) == []


@pytest.mark.parametrize("retries", [0, 2, 50])
async def test_with_little_free_space_no_job_is_begun_and_none_fails_for_that(
    store: LocalImageStore,
    new_handler: NewHandler,
    listener: Listener,
    monkeypatch: pytest.MonkeyPatch,
    retries: int,
) -> None:
    monkeypatch.setattr(resize_handler, "ROOM_WITHIN_S", 0.0)
    command = msgspec.structs.replace(await sent(store), retries=retries)

    outcome = await new_handler(min_free_bytes=2**60).handle(command)

    assert isinstance(outcome, RetryLater)
    assert (outcome.command.attempt, outcome.command.retries) == (2, retries)
    assert listener.types == ["job_retrying"]


async def test_a_job_that_finds_no_room_is_begun_as_soon_as_there_is_some(
    store: LocalImageStore, new_handler: NewHandler, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = iter([0, 0])
    monkeypatch.setattr(store, "free_bytes", lambda: next(free, 2**60))

    assert await new_handler(min_free_bytes=1).handle(await sent(store)) == Done()

    assert listener.types[0] == "job_started"


@pytest.mark.parametrize("retries", [0, 2, 50])
async def test_a_job_whose_end_cannot_be_written_comes_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, fill_disk: FillDisk, retries: int
) -> None:
    command = msgspec.structs.replace(await sent(store, b"garbage"), retries=retries)
    fill_disk()

    outcome = await handler.handle(command)

    assert isinstance(outcome, RetryLater)
    assert outcome.command.retries == min(retries + 1, len(DELAYS_S))
    assert listener.types == ["job_started", "job_retrying"]
    assert await store.load_receipt(JobId(command.job_id)) is None
