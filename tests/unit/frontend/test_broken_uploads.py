"""Resumable uploads while something goes wrong: nothing is lost, done twice or left behind."""

import asyncio
import base64
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from deploy.local.broker_node import BrokerNode
from frontend import upload_body
from frontend.errors import UploadStalled
from frontend.keys import RESUMABLE_UPLOADS, SETTINGS
from pipeline import appended_bytes, unfinished_uploads
from pipeline.ids import BatchId, JobId
from pipeline.local_store import LocalImageStore
from pipeline.records import Receipt
from pipeline.unfinished_uploads import UnfinishedUploads
from tests import management
from tests.eventually import WITHIN_S, eventually
from tests.unit.frontend.conftest import (
    NOWHERE,
    Client,
    NewFrontend,
    commands_in_queue,
    left_in,
)
from tests.unit.frontend.key_files import key_file
from tests.unit.frontend.raw_http import Connection, connection_to
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.tus import (
    BIG,
    CHUNK,
    TUS,
    asked,
    begun,
    code_of,
    created,
    id_of,
    joined,
    offset_of,
    part,
    sent,
)
from tests.unit.full_disk import FillDisk

HALF = len(BIG) // 2
SHA1 = "sha1 " + base64.b64encode(hashlib.sha1(BIG, usedforsecurity=False).digest()).decode()


@pytest.fixture(autouse=True)
def unbuffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come is to be seen in the file at once, and who waits for another waits long enough."""
    monkeypatch.setattr(appended_bytes, "BUFFER_BYTES", 1)
    monkeypatch.setattr(unfinished_uploads, "LOCKED_AFTER_S", WITHIN_S)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody notices at once that a sender is silent."""
    monkeypatch.setattr(upload_body, "SILENCE_S", 0.02)


@asynccontextmanager
async def half_sent(client: Client, path: str, **headers: str) -> AsyncIterator[Connection]:
    """A connection over which half of BIG has come, and nothing more comes."""
    about: dict[str, str | int] = {"Tus_Resumable": "1.0.0", "Upload_Offset": 0, "Content_Length": len(BIG)}
    image = image_of(client.app[SETTINGS].storage_dir, path)
    async with connection_to(client) as connection:
        await connection.send_head("PATCH", path, Content_Type=CHUNK["Content-Type"], **about, **headers)
        await connection.send(BIG[:HALF])
        await eventually(lambda: image.stat().st_size == HALF)
        yield connection


def image_of(storage: Path, path: str) -> Path:
    return storage / "unfinished" / id_of(path) / "image"


def unlink_all(storage: Path, pattern: str) -> None:
    for file in storage.glob(pattern):
        file.unlink()


async def test_what_has_come_when_it_breaks_off_is_kept(lonely: Client) -> None:
    path = await begun(lonely, len(BIG))
    async with half_sent(lonely, path) as connection:
        await connection.hang_up()

    assert await offset_of(lonely, path) == HALF
    assert "Upload-Job" in (await sent(lonely, path, BIG[HALF:], HALF)).headers


@pytest.mark.usefixtures("impatient")
async def test_nothing_is_kept_of_what_breaks_off_before_its_checksum_could_be_told(lonely: Client) -> None:
    path = await begun(lonely, len(BIG))
    async with half_sent(lonely, path, Upload_Checksum=SHA1) as connection:
        await connection.hang_up()

    assert await offset_of(lonely, path) == 0


async def test_a_sender_who_falls_silent_is_given_up_and_what_has_come_is_kept(
    new_frontend: NewFrontend,
) -> None:
    client = await new_frontend(NOWHERE, upload_stall_s=2.0)
    path = await begun(client, len(BIG))

    async with half_sent(client, path) as connection:
        _, problem = await connection.answer()

    assert (problem["status"], problem["code"]) == (503, "upload_paused")
    assert await offset_of(client, path) == HALF


async def test_nothing_is_kept_of_a_sender_who_falls_silent_before_the_checksum_could_be_told(
    new_frontend: NewFrontend,
) -> None:
    client = await new_frontend(NOWHERE, upload_stall_s=2.0)
    path = await begun(client, len(BIG))

    async with half_sent(client, path, Upload_Checksum=SHA1) as connection:
        _, problem = await connection.answer()

    assert await offset_of(client, path) == 0
    assert problem["code"] == "upload_paused"


@pytest.mark.usefixtures("impatient")
async def test_who_comes_back_takes_the_place_of_the_connection_that_has_gone_silent(
    new_frontend: NewFrontend,
) -> None:
    first, second = await new_frontend(NOWHERE), await new_frontend(NOWHERE)
    path = await begun(first, len(BIG))

    async with half_sent(first, path) as connection:
        assert await offset_of(second, path) == HALF
        _, problem = await connection.answer()

    assert problem["code"] == "upload_locked"
    assert "Upload-Job" in (await sent(second, path, BIG[HALF:], HALF)).headers


@pytest.mark.usefixtures("impatient")
async def test_what_a_silent_sender_has_sent_is_in_the_file_and_not_in_memory(
    lonely: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(appended_bytes, "BUFFER_BYTES", 2 * len(BIG))
    path = await begun(lonely, len(BIG))

    async with half_sent(lonely, path) as connection:
        await connection.send(BIG[HALF:])
        assert b"Upload-Job" in await connection.answer_head()


async def test_an_upload_that_somebody_is_sending_is_not_for_another(
    lonely: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unfinished_uploads, "LOCKED_AFTER_S", 0.1)
    monkeypatch.setattr(upload_body, "SILENCE_S", 60.0)
    path = await begun(lonely, len(BIG))

    async with half_sent(lonely, path) as connection:
        async with lonely.delete(path, headers=TUS) as response:
            assert await code_of(response) == (423, "upload_locked")
        await connection.send(BIG[HALF:])
        assert b"Upload-Job" in await connection.answer_head()


async def test_who_sends_from_a_wrong_place_is_cut_off_and_not_listened_to(lonely: Client) -> None:
    path = await begun(lonely, len(BIG))
    headers: dict[str, str | int] = {"Tus_Resumable": "1.0.0", "Upload_Offset": 7}

    async with connection_to(lonely) as connection:
        await connection.send_head(
            "PATCH", path, Content_Type=CHUNK["Content-Type"], Content_Length=len(BIG), **headers
        )
        _, problem = await connection.answer()
        async with asyncio.timeout(5):  # aiohttp would listen for ten seconds
            assert await connection.rest() == b""

    assert problem["code"] == "offset_conflict"


async def test_the_question_how_far_it_has_come_is_not_counted(new_frontend: NewFrontend) -> None:
    client = await new_frontend(NOWHERE, requests_per_minute=1)
    path = await begun(client)

    assert await offset_of(client, path) == await offset_of(client, path) == 0


async def test_bytes_that_did_not_come_are_not_counted(new_frontend: NewFrontend) -> None:
    client = await new_frontend(NOWHERE, bytes_per_minute=HALF + 1000)
    path = await begun(client, len(BIG))
    async with half_sent(client, path) as connection:
        await connection.hang_up()

    async def is_job() -> bool:
        return "Upload-Job" in (await sent(client, path, BIG[HALF:], HALF)).headers

    await eventually(is_job)


async def test_bytes_that_a_client_was_told_not_to_send_are_not_counted(new_frontend: NewFrontend) -> None:
    client = await new_frontend(NOWHERE, bytes_per_minute=len(PNG))
    wrong = {"Expect": "100-continue", "Upload-Defer-Length": "1"}
    for _ in range(3):
        assert await code_of(await created(client, len(PNG), PNG, **wrong)) == (400, "invalid_tus_header")

    assert "Upload-Job" in (await created(client, len(PNG), PNG)).headers


@asynccontextmanager
async def half_created(client: Client) -> AsyncIterator[Connection]:
    """A creation of which half of the bytes have been sent with it."""
    async with connection_to(client) as connection:
        await connection.send_head(
            "POST",
            "/files/",
            Tus_Resumable="1.0.0",
            Upload_Length=len(BIG),
            Content_Length=len(BIG),
            Content_Type="application/offset+octet-stream",
        )
        await connection.send(BIG[:HALF])
        yield connection


async def test_an_upload_that_breaks_off_as_it_is_created_leaves_nothing(
    lonely: Client, storage: Path
) -> None:
    async with half_created(lonely) as connection:
        await eventually(lambda: bool(left_in(storage)))
        await connection.hang_up()

    await eventually(lambda: left_in(storage) == [])


async def test_who_falls_silent_as_an_upload_is_created_is_told_that_nothing_is_kept(
    new_frontend: NewFrontend, storage: Path
) -> None:
    client = await new_frontend(NOWHERE, upload_stall_s=0.2)
    async with half_created(client) as connection:
        _, problem = await connection.answer()

    assert (problem["status"], problem["detail"]) == (408, UploadStalled.__doc__)
    assert left_in(storage) == []


async def test_a_full_disk_keeps_what_has_come_and_takes_the_rest_when_there_is_room(
    lonely: Client, fill_disk: FillDisk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = await begun(lonely, len(BIG))
    with monkeypatch.context() as full:
        FillDisk(full)()
        assert await code_of(await sent(lonely, path, BIG[:HALF])) == (507, "storage_full")

    assert await offset_of(lonely, path) == HALF
    assert "Upload-Job" in (await sent(lonely, path, BIG[HALF:], HALF)).headers


async def test_a_disk_without_room_begins_nothing(lonely: Client, storage: Path, fill_disk: FillDisk) -> None:
    fill_disk()

    assert await code_of(await created(lonely, len(PNG))) == (507, "storage_full")
    await eventually(lambda: left_in(storage) == [])


@pytest.fixture
def short_queue(node: BrokerNode) -> Iterator[None]:
    """The queue takes one command and no more."""
    with management.short_queue(node):
        yield


@pytest.mark.usefixtures("short_queue")
async def test_a_full_queue_costs_a_sender_no_byte(client: Client, amqp_url: str, storage: Path) -> None:
    async def refused() -> str | None:
        path = await begun(client)
        response = await sent(client, path, PNG)
        if response.status == 204:
            return None
        assert await code_of(response) == (503, "queue_full")
        return path

    while (path := await refused()) is None:
        """Until the queue is full."""
    assert not list((storage / "uploads").glob(f"*/{id_of(path)}"))
    assert (await asked(client, path)).status == 423
    await commands_in_queue(amqp_url)

    async def is_job() -> bool:
        return "Upload-Job" in (await asked(client, path)).headers

    await eventually(is_job)
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [id_of(path)]


# A frontend that is killed leaves what these tests put into the store by hand.


async def test_what_was_not_checked_when_the_frontend_died_is_forgotten(
    lonely: Client, storage: Path
) -> None:
    path = await begun(lonely)
    await sent(lonely, path, PNG[:10])
    UnfinishedUploads(storage, expires_s=100).begin_checked(id_of(path), 10)
    image_of(storage, path).write_bytes(PNG[:10] + b"half of something")

    assert await offset_of(lonely, path) == 10
    assert "Upload-Job" in (await sent(lonely, path, PNG[10:], 10)).headers


async def whole_but_no_job(client: Client, storage: Path) -> str:
    """An upload whose last byte came just before its frontend was killed."""
    path = await begun(client)
    image_of(storage, path).write_bytes(PNG)
    return path


async def test_an_upload_that_was_whole_when_the_frontend_died_becomes_a_job_when_it_is_asked_for(
    lonely: Client, storage: Path, store: LocalImageStore
) -> None:
    path = await whole_but_no_job(lonely, storage)

    assert (await asked(lonely, path)).headers["Upload-Job"] == f"/api/jobs/{id_of(path)}"

    assert [one.name for one in (storage / "outbox").iterdir()] == [id_of(path)]
    record = await store.load_job(id_of(path))
    assert record.work is not None


async def test_an_upload_that_was_whole_becomes_a_job_though_nobody_asks(
    lonely: Client, storage: Path
) -> None:
    path = await whole_but_no_job(lonely, storage)

    await lonely.app[RESUMABLE_UPLOADS].sweep()

    assert [one.name for one in (storage / "outbox").iterdir()] == [id_of(path)]
    assert not image_of(storage, path).exists()


DIED = {
    "before the record": ("uploads/*/{0}/job.json", "batches/*/*/{0}", "outbox/{0}"),
    "before the batch": ("batches/*/*/{0}", "outbox/{0}"),
    "before the outbox": ("outbox/{0}",),
    "before it let go": (),
}
"""What is not there yet when a frontend dies on the way to the job."""


@pytest.mark.parametrize("missing", DIED.values(), ids=DIED)
async def test_a_frontend_may_die_at_any_step_on_the_way_to_the_job(
    new_frontend: NewFrontend, storage: Path, store: LocalImageStore, missing: tuple[str, ...]
) -> None:
    path = await begun(await new_frontend(NOWHERE))
    await sent(await new_frontend(NOWHERE), path, PNG)
    record = await store.load_job(id_of(path))
    os.link(store.source_file(record.source_path), image_of(storage, path))
    for pattern in missing:
        unlink_all(storage, pattern.format(id_of(path)))

    told = await asked(await new_frontend(NOWHERE), path)

    assert told.headers["Upload-Job"] == f"/api/jobs/{id_of(path)}"
    assert [one.name for one in (storage / "outbox").iterdir()] == [id_of(path)]
    again = await store.load_job(id_of(path))
    assert (again.source_path, again.work) == (record.source_path, record.work)
    assert await store.batch_job_ids(BatchId(record.batch_id)) == [id_of(path)]
    assert not image_of(storage, path).exists()


async def test_a_job_that_was_removed_does_not_come_back(
    new_frontend: NewFrontend, storage: Path, store: LocalImageStore
) -> None:
    client = await new_frontend(NOWHERE)
    path = await begun(client)
    await sent(client, path, PNG)
    record = await store.load_job(id_of(path))
    os.link(store.source_file(record.source_path), image_of(storage, path))
    tombstone = Receipt(
        job_id=record.job_id,
        batch_id=record.batch_id,
        name="",
        status="removed",
        attempt=1,
        source=None,
        started_at=record.created_at,
        finished_at=record.created_at,
    )
    await store.save_receipt(tombstone)
    await store.remove_job(tombstone)

    await (await new_frontend(NOWHERE)).app[RESUMABLE_UPLOADS].sweep()

    assert not image_of(storage, path).exists()
    assert not list((storage / "uploads").glob("*/*"))


async def test_two_frontends_that_are_asked_at_once_make_one_job(
    new_frontend: NewFrontend, storage: Path
) -> None:
    clients = [await new_frontend(NOWHERE) for _ in range(2)]
    path = await whole_but_no_job(clients[0], storage)

    answers = await asyncio.gather(*(asked(client, path) for client in clients * 3))

    assert {answer.headers["Upload-Job"] for answer in answers} == {f"/api/jobs/{id_of(path)}"}
    assert [one.name for one in (storage / "outbox").iterdir()] == [id_of(path)]


async def test_an_upload_is_continued_by_another_frontend(
    new_frontend: NewFrontend, store: LocalImageStore
) -> None:
    first, second = await new_frontend(NOWHERE), await new_frontend(NOWHERE)
    path = await begun(first, len(BIG))
    await sent(first, path, BIG[:HALF])

    await sent(second, path, BIG[HALF:], HALF)

    record = await store.load_job(id_of(path))
    assert store.source_file(record.source_path).read_bytes() == BIG


@pytest.mark.parametrize("has_whole", [True, False])
async def test_a_whole_whose_frontend_died_is_joined_by_the_next_one(
    new_frontend: NewFrontend, storage: Path, *, has_whole: bool
) -> None:
    client = await new_frontend(NOWHERE)
    parts = [await part(client, piece) for piece in (BIG[:HALF], BIG[HALF:])]
    bytes_of = {one: image_of(storage, one).read_bytes() for one in parts}
    final = (await joined(client, *parts)).headers["Location"]
    unlink_all(storage, f"uploads/*/{id_of(final)}/*")
    unlink_all(storage, f"outbox/{id_of(final)}")
    for one, data in bytes_of.items():
        image_of(storage, one).write_bytes(data)
    if has_whole:
        image_of(storage, final).touch()
    else:
        (storage / "unfinished" / id_of(final) / "asked.json").unlink()

    again = await joined(await new_frontend(NOWHERE), *parts)

    assert again.headers["Upload-Job"] == f"/api/jobs/{id_of(final)}"
    assert [one.name for one in (storage / "outbox").iterdir()] == [id_of(final)]


async def test_a_frontend_that_dies_as_it_lets_go_of_parts_leaves_them_to_the_next_sweep(
    new_frontend: NewFrontend, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await new_frontend(NOWHERE)
    parts = [await part(client, piece) for piece in (BIG[:HALF], BIG[HALF:])]
    drop_image = UnfinishedUploads.drop_image
    dropped: list[str] = []

    def killed_at_the_second(unfinished: UnfinishedUploads, upload_id: JobId) -> None:
        if dropped:
            raise RuntimeError
        dropped.append(upload_id)
        drop_image(unfinished, upload_id)

    with monkeypatch.context() as dying:
        dying.setattr(UnfinishedUploads, "drop_image", killed_at_the_second)
        assert (await joined(client, *parts)).status == 500

    await client.app[RESUMABLE_UPLOADS].sweep()

    assert not [one for one in left_in(storage) if one.endswith("/image")]


async def test_what_a_killed_frontend_has_joined_of_the_parts_is_removed(
    new_frontend: NewFrontend, storage: Path
) -> None:
    client = await new_frontend(NOWHERE)
    parts = [await part(client, piece) for piece in (BIG[:HALF], BIG[HALF:])]
    image_of(storage, parts[1]).rename(storage / "aside")
    assert (await joined(client, *parts)).status == 404
    (storage / "aside").rename(image_of(storage, parts[1]))
    [claim] = [storage / one for one in left_in(storage) if "/final-" in one]
    half_joined = storage / "unfinished" / json.loads(claim.read_bytes())["id"] / ".image.0123abcd.part"
    half_joined.parent.mkdir()
    half_joined.write_bytes(BIG[:HALF])

    assert "Upload-Job" in (await joined(client, *parts)).headers

    assert not half_joined.exists()


async def test_what_is_not_continued_in_time_is_over_and_swept_away(
    new_frontend: NewFrontend, storage: Path
) -> None:
    client = await new_frontend(NOWHERE, upload_expires_s=1000)
    old, fresh = await begun(client, len(BIG)), await begun(client, len(BIG))
    await sent(client, old, BIG[:HALF])
    folder = storage / "unfinished" / id_of(old)
    for path in (*folder.iterdir(), folder):
        os.utime(path, (time.time() - 1001,) * 2)

    assert (await asked(client, old)).status == 404
    assert await client.app[RESUMABLE_UPLOADS].sweep() == 1
    assert {Path(one).parts[1] for one in left_in(storage)} == {id_of(fresh)}


async def test_a_sweep_leaves_an_upload_alone_that_somebody_is_sending(lonely: Client) -> None:
    path = await begun(lonely, len(BIG))

    async with half_sent(lonely, path) as connection:
        await lonely.app[RESUMABLE_UPLOADS].sweep()
        await connection.send(BIG[HALF:])
        assert b"Upload-Job" in await connection.answer_head()


async def test_an_upload_is_not_there_for_another_key(new_frontend: NewFrontend, tmp_path: Path) -> None:
    keys = key_file(tmp_path / "keys.toml", shop="", rival="")
    shop, rival = keys.bearer("shop"), keys.bearer("rival")
    client = await new_frontend(NOWHERE, api_keys=keys.path)
    path = (await created(client, len(PNG), **shop)).headers["Location"]
    own_part = await created(client, len(PNG), PNG, **shop, **{"Upload-Concat": "partial"})

    assert await code_of(await sent(client, path, PNG, **rival)) == (404, "upload_not_found")
    for method in ("HEAD", "DELETE"):
        async with client.request(method, path, headers=TUS | rival) as response:
            assert response.status == 404
    stolen = await joined(client, own_part.headers["Location"], **rival)
    assert await code_of(stolen) == (404, "upload_not_found")
    assert await code_of(await created(client, 9)) == (401, "key_missing")

    job = (await sent(client, path, PNG, **shop)).headers["Upload-Job"]
    async with client.get(job, headers=rival) as response:
        assert response.status == 404
    async with client.get(job, headers=shop) as response:
        assert response.status == 200
