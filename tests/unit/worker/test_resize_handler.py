"""A command in; results in the store, events and an outcome out, in the order that loses nothing."""

import hashlib
from base64 import b64decode
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from PIL import Image

from pipeline.delivery import Done, GiveUp
from pipeline.ids import JobId, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import (
    AnyEvent,
    JobDone,
    JobStarted,
    Rendition,
    RenditionReady,
    ResizeImage,
    Source,
    encode,
)
from pipeline.records import event_of
from tests.unit.worker.conftest import NewHandler
from tests.unit.worker.images import noise_png, two_frames
from tests.unit.worker.jobs import IMAGE, NAME, Listener, results_of, sent
from worker.resize_handler import ResizeHandler, read_command

SMALL_AND_LARGE = (Rendition(name="small", width=30, height=20), Rendition(name="large"))


async def test_an_image_becomes_a_rendition_then_a_receipt_then_an_event(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    outcome = await handler.handle(await sent(store))

    assert outcome == Done()
    assert listener.types == ["job_started", "rendition_ready", "job_done"]
    assert listener.had_receipt == [False, False, True]


async def test_the_rendition_is_in_the_store_as_it_was_asked_for(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)

    await handler.handle(command)

    path = store.rendition_file(JobId(command.job_id), "my_holiday_300x300.png")
    assert Image.open(BytesIO(path.read_bytes())).size == (300, 300)
    (ready,) = [event for event in listener.events if isinstance(event, RenditionReady)]
    assert (ready.result.file, ready.result.bytes) == (path.name, path.stat().st_size)


async def test_the_events_and_the_receipt_tell_the_same(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store)

    await handler.handle(command)

    receipt = await store.load_receipt(JobId(command.job_id))
    started, ready, done = listener.events
    assert receipt is not None
    assert isinstance(done, JobDone)
    assert isinstance(ready, RenditionReady)
    assert isinstance(started, JobStarted)
    assert done == event_of(receipt)
    assert done.renditions == (ready.result,)
    assert {event.batch_id for event in (started, ready, done)} == {command.batch_id}
    assert (done.name, done.worker, done.started_at) == (NAME, "worker-1", started.at)
    assert done.source == Source(media_type="image/png", bytes=len(IMAGE), width=80, height=60)
    assert done.placeholder
    assert len(b64decode(done.placeholder)) > 20
    assert {"decode", "resample", "encode", "store", "total"} <= done.timings_ms.keys()


async def test_every_rendition_that_is_asked_for_is_made_in_its_own_format(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    renditions = (
        Rendition(name="a", width=10, height=20, format="jpeg"),
        Rendition(name="b", width=20, height=10, format="webp"),
    )
    command = msgspec.structs.replace(await sent(store), renditions=renditions)

    await handler.handle(command)

    done = listener.events[-1]
    assert isinstance(done, JobDone)
    assert [(r.file, r.width, r.height, r.media_type) for r in done.renditions] == [
        ("my_holiday_a.jpg", 10, 20, "image/jpeg"),
        ("my_holiday_b.webp", 20, 10, "image/webp"),
    ]


async def test_each_rendition_is_told_of_when_it_is_stored_and_before_the_next(
    store: LocalImageStore, new_handler: NewHandler, tmp_path: Path
) -> None:
    command = msgspec.structs.replace(await sent(store, noise_png(900, 800)), renditions=SMALL_AND_LARGE)
    stored: list[list[str]] = []

    async def publish(event: AnyEvent) -> None:
        if isinstance(event, RenditionReady):
            stored.append(sorted(path.name for path in results_of(tmp_path, command).glob("[!.]*")))

    handler = new_handler(publish=publish)
    await handler.handle(command)

    assert stored == [["my_holiday_small.png"], ["my_holiday_large.png", "my_holiday_small.png"]]


async def test_the_receipt_has_the_digests_and_what_was_found(
    store: LocalImageStore, handler: ResizeHandler
) -> None:
    renditions = (Rendition(name="a", width=10, format="jpeg"), Rendition(name="b", width=20, format="gif"))
    command = msgspec.structs.replace(await sent(store), renditions=renditions)

    await handler.handle(command)

    receipt = await store.load_receipt(JobId(command.job_id))
    assert receipt is not None
    assert receipt.report is not None
    assert (receipt.report.format, receipt.report.sha256) == ("png", hashlib.sha256(IMAGE).hexdigest())
    for result in receipt.renditions:
        data = store.rendition_file(JobId(command.job_id), result.file).read_bytes()
        assert (result.bytes, result.sha256) == (len(data), hashlib.sha256(data).hexdigest())


async def test_what_could_not_be_kept_is_in_the_receipt_and_in_the_event(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = msgspec.structs.replace(
        await sent(store, two_frames()), renditions=(Rendition(name="still", width=10, format="jpeg"),)
    )

    await handler.handle(command)

    receipt, done = await store.load_receipt(JobId(command.job_id)), listener.events[-1]
    assert receipt is not None
    assert isinstance(done, JobDone)
    assert receipt.notes
    assert done.notes == receipt.notes


async def test_a_command_that_comes_again_gives_the_same_event_and_no_second_resize(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener, tmp_path: Path
) -> None:
    command = await sent(store)
    await handler.handle(command)
    inodes = {path.name: path.stat().st_ino for path in results_of(tmp_path, command).iterdir()}
    first, listener.events = listener.events[-1], []

    outcome = await handler.handle(command, is_redelivered=True)

    assert outcome == Done()
    assert listener.events == [first]
    assert inodes == {path.name: path.stat().st_ino for path in results_of(tmp_path, command).iterdir()}


async def test_a_job_that_failed_is_not_tried_again_when_its_command_comes_again(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store, b"garbage")
    await handler.handle(command)
    first, listener.events = listener.events[-1], []

    assert await handler.handle(command, is_redelivered=True) == Done()
    assert listener.events == [first]


async def test_a_command_typed_by_hand_is_named_after_its_file(
    store: LocalImageStore, handler: ResizeHandler, listener: Listener
) -> None:
    command = await sent(store, recorded=False)

    assert await handler.handle(command) == Done()

    done = listener.events[-1]
    assert isinstance(done, JobDone)
    assert (done.name, done.batch_id) == ("my_holiday.png", None)


async def test_events_that_are_lost_do_not_stop_a_job(
    store: LocalImageStore, new_handler: NewHandler
) -> None:
    lost = Listener(store, confirms=False)
    command = await sent(store)

    assert await new_handler(publish=lost.publish).handle(command) == Done()
    assert await store.load_receipt(JobId(command.job_id)) is not None


def test_bytes_that_are_a_command_are_read_as_one() -> None:
    command = ResizeImage(job_id=new_job_id(), source="uploads/a.png")

    assert read_command(encode(command)) == command


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"type": "resize_image", "v": 9}'])
def test_bytes_that_are_none_are_given_up_with_the_reason(body: bytes) -> None:
    outcome = read_command(body)

    assert isinstance(outcome, GiveUp)
    assert outcome.reason


def test_bytes_nested_without_end_are_given_up_too() -> None:
    assert isinstance(read_command(b'{"colour": ' + b"[" * 100_000), GiveUp)
