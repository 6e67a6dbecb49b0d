"""All results of a batch as one ZIP file: whole, of a known size, and made of no more than is there."""

import asyncio
import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest
from aiohttp import ClientError

from frontend.batch_archive import BatchArchive, Member
from pipeline.ids import BatchId, JobId, day_of, new_batch_id
from pipeline.local_store import LocalImageStore
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, uploaded
from tests.unit.frontend.requests import PAGE, PNG
from tests.unit.frontend.story import RESULT, Story
from tests.unit.frontend.test_error_shape import check_problem
from tests.unit.frontend.test_result_names import HOSTILE

MEGABYTE = 1_000_000
GIGABYTE = 1000 * MEGABYTE


async def done_story(
    client: Client, store: LocalImageStore, batch_id: BatchId, name: str, data: bytes
) -> Story:
    """A job of this batch that is done; `data` is in its rendition."""
    (job,) = (await uploaded(client, PNG, batch_id=batch_id))["jobs"]
    story = Story(job_id=JobId(job["id"]), batch_id=batch_id)
    story.name = name
    await store.save_rendition(story.job_id, RESULT.file, data)
    await store.save_receipt(story.receipt())
    return story


async def archive_at(client: Client, batch_id: str) -> ZipFile:
    async with client.get(f"/api/batches/{batch_id}.zip") as response:
        data = await response.read()
        assert (response.status, response.content_type) == (200, "application/zip")
        assert response.headers["Content-Length"] == str(len(data))
        assert response.headers["Content-Disposition"].startswith(
            f'attachment; filename="batch-{batch_id}.zip"'
        )
    return ZipFile(BytesIO(data))


async def test_all_that_is_done_is_in_the_archive(client: Client, store: LocalImageStore) -> None:
    batch_id = new_batch_id()
    await done_story(client, store, batch_id, "one.png", b"first")
    await done_story(client, store, batch_id, "ONE.gif", b"second")
    (waiting,) = (await uploaded(client, PNG, batch_id=batch_id))["jobs"]
    failed = Story(job_id=JobId((await uploaded(client, PNG, batch_id=batch_id))["jobs"][0]["id"]))
    await store.save_receipt(failed.failed_receipt())

    archive = await archive_at(client, batch_id)

    assert archive.testzip() is None
    found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {"one_300x300.jpg": b"first", "ONE_300x300 (2).jpg": b"second"}
    assert {info.compress_type for info in archive.infolist()} == {ZIP_STORED}
    assert waiting["status"] == "queued"


async def test_no_name_leads_out_of_the_folder_into_which_it_is_unpacked(
    client: Client, store: LocalImageStore, tmp_path: Path
) -> None:
    batch_id = new_batch_id()
    for number, name in enumerate(HOSTILE):
        await done_story(client, store, batch_id, name.encode("utf-8", "replace").decode(), b"%d" % number)

    archive = await archive_at(client, batch_id)

    names = archive.namelist()
    assert len(names) == len(HOSTILE)
    for name in names:
        assert name.isprintable()
        assert not name.startswith((".", "/", "-r/"))
        assert not {"/", "\\", ":"} & set(name)
    archive.extractall(tmp_path / "unpacked")
    unpacked = sorted(path.read_bytes() for path in (tmp_path / "unpacked").iterdir())
    assert unpacked == sorted(b"%d" % number for number in range(len(HOSTILE)))


async def test_a_batch_of_which_nothing_is_done_has_no_archive(client: Client) -> None:
    (job,) = (await uploaded(client, PNG))["jobs"]

    async with client.get(f"/api/batches/{job['batch_id']}.zip") as response:
        await check_problem(response, 409, "nothing_done")


async def test_the_head_of_an_archive_tells_its_size(client: Client, store: LocalImageStore) -> None:
    batch_id = new_batch_id()
    await done_story(client, store, batch_id, "a.png", bytes(MEGABYTE))

    async with client.head(f"/api/batches/{batch_id}.zip") as response:
        assert (response.status, await response.read()) == (200, b"")
        assert int(response.headers["Content-Length"]) > MEGABYTE
        assert "no-store" in response.headers["Cache-Control"]
    assert (await archive_at(client, batch_id)).testzip() is None


async def test_what_is_removed_before_is_left_out(
    client: Client, store: LocalImageStore, storage: Path
) -> None:
    batch_id = new_batch_id()
    await done_story(client, store, batch_id, "a.png", b"a")
    gone = await done_story(client, store, batch_id, "b.png", b"b")
    rendition_of(gone, storage).unlink()

    assert (await archive_at(client, batch_id)).namelist() == ["a_300x300.jpg"]


def test_what_is_removed_while_it_is_added_is_left_out(tmp_path: Path) -> None:
    left = tmp_path / "a.jpg"
    left.write_bytes(b"a")

    archive = BatchArchive([Member(tmp_path / "gone.jpg", "gone.jpg"), Member(left, "a.jpg")])

    assert ZipFile(BytesIO(b"".join(archive.parts()))).namelist() == ["a.jpg"]


async def test_an_archive_that_cannot_be_finished_is_cut_off_and_not_called_whole(
    client: Client, store: LocalImageStore, storage: Path
) -> None:
    batch_id = new_batch_id()
    await done_story(client, store, batch_id, "a.png", bytes(20 * MEGABYTE))
    gone = await done_story(client, store, batch_id, "b.png", b"b")

    async with client.get(f"/api/batches/{batch_id}.zip") as response:
        assert response.status == 200
        await response.content.readexactly(1000)
        rendition_of(gone, storage).unlink()
        with pytest.raises((ClientError, asyncio.IncompleteReadError)):
            await response.read()


async def test_a_client_that_leaves_ends_the_work(
    client: Client, store: LocalImageStore, storage: Path
) -> None:
    batch_id = new_batch_id()
    endless = rendition_of(await done_story(client, store, batch_id, "a.png", b""), storage)
    os.truncate(endless, 1000 * GIGABYTE)  # it takes no room on the disk

    async with client.get(f"/api/batches/{batch_id}.zip") as response:
        assert int(response.headers["Content-Length"]) > 1000 * GIGABYTE
        await response.content.readexactly(MEGABYTE)
        assert is_open(endless)
        response.close()

    await eventually(lambda: not is_open(endless))


async def test_the_page_offers_the_archive_as_soon_as_something_is_done(
    client: Client, store: LocalImageStore
) -> None:
    (job,) = (await uploaded(client, PNG))["jobs"]
    link = f'href="/api/batches/{job["batch_id"]}.zip" download'

    async def page() -> str:
        async with client.get(f"/batches/{job['batch_id']}", headers=PAGE) as response:
            return await response.text()

    assert f"{link} hidden>" in await page()
    story = Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))
    await store.save_receipt(story.receipt())
    assert f"{link}>" in await page()


def rendition_of(story: Story, storage: Path) -> Path:
    return storage / "processed" / day_of(story.job_id) / story.job_id / RESULT.file


def is_open(path: Path) -> bool:
    """Whether a frontend, which runs in this very process, has the file open."""
    for number in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            if number.readlink() == path:
                return True
    return False
