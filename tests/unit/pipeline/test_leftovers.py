"""What the dead have left in a store goes; what belongs to somebody stays."""

import asyncio
import os
import time
from pathlib import Path

import pytest

from pipeline import leftovers
from pipeline.ids import JobId, new_job_id
from pipeline.leftovers import Leftovers
from pipeline.local_store import LocalImageStore
from tests.unit.pipeline.aged import (
    age,
    ago,
    end_job,
    job_id_of,
    paths_below,
    result_folder,
    stored_job,
    upload_folder,
)

AFTER_S = 3600.0
LONG_AGO_S = 2 * AFTER_S


@pytest.fixture
def sweeping(root: Path) -> Leftovers:
    return Leftovers(root, after_s=AFTER_S)


async def upload(store: LocalImageStore, job_id: JobId) -> None:
    """An image that came in, and then its frontend died."""
    incoming = await store.receive(job_id)
    await incoming.write(b"image")
    await incoming.keep("holiday.png")


async def test_an_upload_that_became_no_job_goes_with_its_day(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    nothing = paths_below(root)
    await upload(store, job_id_of(ago(days=3)))
    age(root, LONG_AGO_S)

    assert await sweeping.sweep() == 1
    age(root, LONG_AGO_S)  # the day has just lost its last folder
    await sweeping.sweep()

    assert paths_below(root) == nothing


async def test_an_upload_under_way_stays(store: LocalImageStore, root: Path, sweeping: Leftovers) -> None:
    job_id = job_id_of(ago(hours=3))
    incoming = await store.receive(job_id)
    await incoming.write(b"x" * 2_000_000)
    folder = upload_folder(root, job_id)
    age(root, LONG_AGO_S)
    [part] = folder.iterdir()
    os.utime(part)

    assert await sweeping.sweep() == 0

    assert part.exists()
    incoming.close()


async def test_a_resumable_upload_that_was_not_begun_in_whole_goes_and_one_that_was_stays(
    root: Path, sweeping: Leftovers
) -> None:
    begun, broken = new_job_id(), new_job_id()
    unfinished = root / "unfinished"
    for job_id, name in ((begun, "asked.json"), (begun, ".asked.json.1a2b3c4d.part")):
        (unfinished / job_id).mkdir(parents=True, exist_ok=True)
        (unfinished / job_id / name).touch()
    (unfinished / broken).mkdir()
    (unfinished / broken / ".asked.json.1a2b3c4d.part").touch()

    assert await sweeping.sweep() == 0

    age(root, LONG_AGO_S)
    assert await sweeping.sweep() == 2
    assert paths_below(unfinished) == {f"{begun}", f"{begun}/asked.json"}


async def test_a_job_keeps_its_image_its_results_and_its_receipt(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    await stored_job(store, ago(days=40))
    await end_job(store, await stored_job(store, ago(days=40)), ago(days=40))
    age(root, LONG_AGO_S)
    before = paths_below(root)

    assert await sweeping.sweep() == 0

    assert paths_below(root) == before


async def test_temporary_files_go_wherever_they_are(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    record = await stored_job(store, ago(hours=3))
    await end_job(store, record, ago(hours=3))
    (root / "claims" / "2026-11-24").mkdir()
    before = paths_below(root)
    for folder in (
        upload_folder(root, record.job_id),
        result_folder(root, record.job_id),
        root / "outbox",
        root / "claims" / "2026-11-24",
    ):
        (folder / ".something.12345678.part").touch()
    age(root, LONG_AGO_S)

    assert await sweeping.sweep() == 4

    assert paths_below(root) == before


async def test_a_temporary_file_that_is_being_written_stays(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    record = await stored_job(store, ago(days=40))
    part = upload_folder(root, record.job_id) / ".job.json.12345678.part"
    part.touch()

    assert await sweeping.sweep() == 0
    assert part.exists()


async def test_marks_of_an_ended_job_go_and_those_of_others_tell_who_died(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    ended, waiting = await stored_job(store, ago(hours=3)), await stored_job(store, ago(hours=3))
    for record in (ended, waiting):
        await store.begin(JobId(record.job_id))
    await end_job(store, ended, ago(hours=3))
    age(root, LONG_AGO_S)

    assert await sweeping.sweep() == 1

    assert not list(result_folder(root, ended.job_id).glob(".attempt-*"))
    assert (await store.begin(JobId(waiting.job_id))).lost == 1


async def test_an_image_that_somebody_has_put_there_by_hand_stays(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    typed, own = job_id_of(ago(days=3)), root / "uploads" / "mine" / "a.jpg"
    await upload(store, typed)
    await store.begin(typed)
    own.parent.mkdir()
    own.touch()
    (root / "uploads" / "empty").mkdir()
    (root / "uploads" / "typed.jpg").touch()
    age(root, LONG_AGO_S)

    assert await sweeping.sweep() == 0

    assert (upload_folder(root, typed) / "holiday.png").exists()
    assert own.exists()
    assert (root / "uploads" / "typed.jpg").exists()
    assert (root / "uploads" / "empty").exists()


async def test_what_was_left_of_removing_a_job_goes(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    record = await stored_job(store, ago(hours=3))
    await end_job(store, record, ago(hours=3), "removed")
    (upload_folder(root, record.job_id) / "job.json").unlink()
    age(root, LONG_AGO_S)

    assert await sweeping.sweep() == 1
    assert not upload_folder(root, record.job_id).exists()
    assert (result_folder(root, record.job_id) / "receipt.json").exists()


async def test_litter_that_comes_later_is_found_later(
    store: LocalImageStore, root: Path, sweeping: Leftovers
) -> None:
    record = await stored_job(store, ago(days=40))
    age(root, 40 * 86_400)
    await sweeping.sweep()
    part = result_folder(root, record.job_id) / ".receipt.json.12345678.part"
    part.parent.mkdir(parents=True)
    part.touch()
    os.utime(part, (time.time() - LONG_AGO_S,) * 2)

    assert await sweeping.sweep() == 1
    assert not part.exists()


async def test_very_much_litter_goes_in_several_goes(
    store: LocalImageStore, root: Path, sweeping: Leftovers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(leftovers, "FOLDERS_AT_ONCE", 2)
    for _ in range(7):
        await upload(store, job_id_of(ago(days=3)))
    age(root, 40 * 86_400)

    removed = [await sweeping.sweep() for _ in range(3)]

    assert removed == [4, 3, 0]


async def test_two_frontends_at_once_do_not_trip_over_each_other(store: LocalImageStore, root: Path) -> None:
    for _ in range(300):
        await upload(store, job_id_of(ago(days=3)))
    for number in range(3_000):
        (root / "outbox" / f".{number}.12345678.part").touch()
    age(root, LONG_AGO_S)

    await asyncio.gather(*(Leftovers(root, after_s=AFTER_S).sweep() for _ in range(4)))

    assert not list((root / "uploads").glob("*/*"))
    assert not list((root / "outbox").iterdir())
