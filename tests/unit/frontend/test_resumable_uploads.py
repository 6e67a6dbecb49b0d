"""Uploads by tus 1.0: every rule of the protocol, over HTTP. Most need no broker: jobs wait in the outbox."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from frontend.keys import BOARD
from frontend.tus_headers import EXTENSIONS
from pipeline.ids import new_batch_id, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import DEFAULT_RENDITION, ResizeImage
from pipeline.work_key import work_key
from tests.eventually import eventually
from tests.unit.frontend.conftest import NOWHERE, Client, NewFrontend, commands_in_queue, left_in
from tests.unit.frontend.raw_http import connection_to
from tests.unit.frontend.requests import PNG, image
from tests.unit.frontend.test_ws import watching
from tests.unit.frontend.tus import (
    BIG,
    CHUNK,
    TUS,
    asked,
    begun,
    code_of,
    created,
    id_of,
    metadata,
    offset_of,
    sent,
)

HALF = len(BIG) // 2


def checksum(algorithm: str, data: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.new(algorithm, data).digest()).decode()
    return {"Upload-Checksum": f"{algorithm} {digest}"}


async def test_a_client_is_told_what_is_spoken_here(lonely: Client) -> None:
    async with lonely.options("/files/") as response:
        headers = response.headers

    assert response.status == 204
    assert (headers["Tus-Version"], headers["Tus-Resumable"]) == ("1.0.0", "1.0.0")
    assert headers["Tus-Extension"] == EXTENSIONS
    assert headers["Tus-Max-Size"] == "64000000"
    assert headers["Tus-Checksum-Algorithm"] == "sha1,sha256,md5"


async def test_an_upload_that_has_come_in_two_goes_is_a_job_like_any_other(
    client: Client, store: LocalImageStore, storage: Path, amqp_url: str
) -> None:
    path = await begun(client, len(BIG), filename="holiday.png")

    first = await sent(client, path, BIG[:HALF])
    second = await sent(client, path, BIG[HALF:], HALF)

    assert (first.status, first.headers["Upload-Offset"]) == (204, str(HALF))
    assert (second.status, second.headers["Upload-Offset"]) == (204, str(len(BIG)))
    assert "Upload-Job" not in first.headers
    assert second.headers["Upload-Job"] == f"/api/jobs/{id_of(path)}"
    record = await store.load_job(id_of(path))
    assert store.source_file(record.source_path).read_bytes() == BIG
    assert (record.name, record.source.media_type) == ("holiday.png", "image/png")
    assert await commands_in_queue(amqp_url) == [
        ResizeImage(
            job_id=id_of(path),
            batch_id=record.batch_id,
            source=record.source_path,
            renditions=(DEFAULT_RENDITION,),
            work=work_key(
                sha256=hashlib.sha256(BIG).hexdigest(), renditions=(DEFAULT_RENDITION,), owner=None
            ),
        )
    ]
    assert [kept for kept in left_in(storage) if kept.startswith("unfinished/")] == [
        f"unfinished/{id_of(path)}/asked.json"
    ]


async def test_the_job_of_an_upload_is_to_be_found_where_it_says(lonely: Client) -> None:
    batch_id = new_batch_id()
    response = await created(
        lonely,
        len(PNG),
        PNG,
        **metadata(filename="a.png", batch_id=batch_id, width="64", format="webp", filetype="image/png"),
    )

    async with lonely.get(response.headers["Upload-Job"]) as found:
        job = await found.json()
    async with lonely.get(f"{response.headers['Upload-Job']}/source") as found:
        assert await found.read() == PNG

    assert (response.status, response.headers["Upload-Offset"]) == (201, str(len(PNG)))
    assert (job["name"], job["batch_id"], job["status"]) == ("a.png", batch_id, "queued")


async def test_the_options_are_those_of_the_form_in_the_metadata_or_in_the_address(
    lonely: Client, store: LocalImageStore
) -> None:
    headers = TUS | {"Upload-Length": str(len(PNG))} | metadata(name="b.png", width="64", reuse="no")
    async with lonely.post("/files/?height=48", headers=headers) as response:
        path = response.headers["Location"]
    await sent(lonely, path, PNG)

    record = await store.load_job(id_of(path))
    (rendition,) = record.renditions
    assert (record.name, rendition.width, rendition.height, record.work) == ("b.png", 64, 48, None)


async def test_how_far_it_has_come_is_told_with_all_that_was_said(lonely: Client) -> None:
    said = metadata(filename="写真.png")
    response = await created(lonely, len(BIG), **said)
    await sent(lonely, response.headers["Location"], BIG[:HALF])

    headers = (await asked(lonely, response.headers["Location"])).headers

    assert (headers["Upload-Offset"], headers["Upload-Length"]) == (str(HALF), str(len(BIG)))
    assert headers["Upload-Metadata"] == said["Upload-Metadata"]
    assert headers["Cache-Control"] == "no-store"
    assert "Upload-Concat" not in headers
    in_a_day = datetime.now(UTC) + timedelta(days=1) - parsedate_to_datetime(headers["Upload-Expires"])
    assert abs(in_a_day) < timedelta(minutes=1)


async def test_who_has_missed_the_answer_is_told_of_the_job_and_there_is_one(
    lonely: Client, storage: Path
) -> None:
    path = await begun(lonely)
    await sent(lonely, path, PNG)

    headers = (await asked(lonely, path)).headers
    again = await sent(lonely, path, b"", len(PNG))

    assert (headers["Upload-Offset"], headers["Upload-Job"]) == (str(len(PNG)), f"/api/jobs/{id_of(path)}")
    assert "Upload-Expires" not in headers
    assert (again.status, again.headers["Upload-Job"]) == (204, f"/api/jobs/{id_of(path)}")
    assert [one.name for one in (storage / "outbox").iterdir()] == [id_of(path)]


async def test_a_job_that_was_left_half_made_is_made_whole_though_somebody_watches_it(
    new_frontend: NewFrontend, lonely: Client, store: LocalImageStore, storage: Path
) -> None:
    """While the log is silent a watched batch is read from the store, which does not say what was sent."""
    path = await begun(lonely)
    await sent(lonely, path, PNG)
    await lonely.close()
    job_id = id_of(path)
    record = await store.load_job(job_id)
    (storage / "unfinished" / job_id / "image").hardlink_to(store.source_file(record.source_path))
    (storage / "outbox" / job_id).unlink()  # it died after job.json

    other = await new_frontend(NOWHERE)
    async with watching(other, batch=record.batch_id):
        await eventually(lambda: other.app[BOARD].job(job_id))
        headers = (await asked(other, path)).headers

    assert headers["Upload-Job"] == f"/api/jobs/{job_id}"
    assert [one.name for one in (storage / "outbox").iterdir()] == [job_id]
    assert not (storage / "unfinished" / job_id / "image").exists()


async def test_a_body_without_a_stated_length_is_taken_as_it_comes(lonely: Client) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for byte in PNG:
            yield bytes([byte])

    response = await sent(lonely, await begun(lonely), chunks())

    assert "Upload-Job" in response.headers


async def test_a_method_that_cannot_be_sent_may_be_written_into_a_header(lonely: Client) -> None:
    path = await begun(lonely)
    headers = CHUNK | {"X-HTTP-Method-Override": "PATCH", "Upload-Offset": "0"}

    async with lonely.post(path, data=PNG[:10], headers=headers) as patched:
        assert (patched.status, patched.headers["Upload-Offset"]) == (204, "10")
    async with lonely.post(path, headers=TUS | {"X-HTTP-Method-Override": "HEAD"}) as told:
        assert (told.status, told.headers["Upload-Offset"]) == (200, "10")
    async with lonely.post(path, headers=TUS | {"X-HTTP-Method-Override": "DELETE"}) as deleted:
        assert deleted.status == 204
    async with lonely.post(path, headers=TUS) as refused:
        assert (refused.status, refused.headers["Allow"]) == (405, "DELETE,HEAD,PATCH,POST")


@pytest.mark.parametrize("version", [{}, {"Tus-Resumable": "0.2.2"}])
async def test_another_version_of_the_protocol_is_refused(lonely: Client, version: dict[str, str]) -> None:
    path = await begun(lonely)
    more = CHUNK | {"Upload-Offset": "0", "Upload-Length": "5"}
    headers = {name: value for name, value in more.items() if name != "Tus-Resumable"} | version

    for method, where in (("POST", "/files/"), ("PATCH", path), ("HEAD", path), ("DELETE", path)):
        async with lonely.request(method, where, headers=headers) as response:
            assert (response.status, response.headers["Tus-Version"]) == (412, "1.0.0")
            if method != "HEAD":
                assert await code_of(response) == (412, "tus_version_unsupported")
    assert await offset_of(lonely, path) == 0


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, (400, "invalid_tus_header")),
        ({"Upload-Length": "many"}, (400, "invalid_tus_header")),
        ({"Upload-Length": "-1"}, (400, "invalid_tus_header")),
        ({"Upload-Length": "9" * 40}, (400, "invalid_tus_header")),
        ({"Upload-Defer-Length": "1"}, (400, "invalid_tus_header")),
        ({"Upload-Length": "0"}, (400, "empty_file")),
        ({"Upload-Length": "1001"}, (413, "image_too_large")),
        ({"Upload-Length": "9", "Upload-Metadata": "name !"}, (400, "invalid_tus_header")),
        ({"Upload-Length": "9", "Upload-Metadata": "é YQ=="}, (400, "invalid_tus_header")),
        ({"Upload-Length": "9", "Upload-Metadata": "width YQ==,width YQ=="}, (400, "invalid_tus_header")),
        ({"Upload-Length": "9", **metadata(width="x")}, (422, "invalid_option")),
        ({"Upload-Length": "9", **metadata(colour="red")}, (422, "invalid_option")),
        ({"Upload-Length": "9", **metadata(url="https://example.com/a.png")}, (422, "invalid_option")),
        ({"Upload-Length": "9", **metadata(batch_id="x")}, (422, "invalid_option")),
        ({"Upload-Length": "9", "Upload-Checksum": "crc32 YQ=="}, (400, "invalid_tus_header")),
        ({"Upload-Length": "9", "Upload-Checksum": "sha1 YQ=="}, (400, "invalid_tus_header")),
        ({"Upload-Length": "9", "Upload-Concat": "whole"}, (400, "invalid_tus_header")),
        (
            {"Upload-Length": "9", "Upload-Concat": "partial", "Upload-Metadata": "name !"},
            (400, "invalid_tus_header"),
        ),
        ({"Upload-Concat": "final;"}, (400, "invalid_tus_header")),
        ({"Upload-Concat": "final;/upload/x"}, (400, "invalid_tus_header")),
        ({"Upload-Concat": f"final;/files/{new_job_id()}"}, (404, "upload_not_found")),
    ],
)
async def test_what_cannot_become_a_job_is_not_begun(
    new_frontend: NewFrontend, storage: Path, headers: dict[str, str], code: tuple[int, str]
) -> None:
    client = await new_frontend(NOWHERE, max_upload_bytes=1000)

    async with client.post("/files/", headers=TUS | headers) as response:
        assert await code_of(response) == code

    assert response.headers["Tus-Resumable"] == "1.0.0"
    assert left_in(storage) == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"min_free_bytes": 10**18}, (507, "storage_full")),
        ({"max_unfinished": 1}, (507, "too_much_unfinished")),
        ({"max_unfinished_bytes": 1999}, (507, "too_much_unfinished")),
        ({"requests_per_minute": 1}, (429, "rate_limited")),
    ],
)
async def test_what_there_is_no_room_for_is_not_begun(
    new_frontend: NewFrontend, settings: dict[str, int], code: tuple[int, str]
) -> None:
    client = await new_frontend(NOWHERE, **settings)
    await created(client, 1000)

    response = await created(client, 1000)

    assert await code_of(response) == code
    assert int(response.headers["Retry-After"]) > 0


async def test_who_ends_uploads_may_begin_others(new_frontend: NewFrontend) -> None:
    client = await new_frontend(NOWHERE, max_unfinished=1)

    for _ in range(3):
        await sent(client, await begun(client), PNG)
    given_up = await begun(client)
    async with client.delete(given_up, headers=TUS):
        await begun(client)


async def test_metadata_of_a_part_that_are_no_text_are_refused(lonely: Client) -> None:
    async with connection_to(lonely) as connection:
        await connection.send(
            b"POST /files/ HTTP/1.1\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Concat: partial\r\n"
            b"Upload-Length: 9\r\nUpload-Metadata: a \xff\r\n\r\n"
        )
        assert (await connection.answer_head()).startswith(b"HTTP/1.1 400 ")


async def test_who_begins_many_at_once_may_not_begin_more(new_frontend: NewFrontend) -> None:
    client = await new_frontend(NOWHERE, max_unfinished=3)

    answers = await asyncio.gather(*(created(client, 10) for _ in range(20)))

    assert sorted(answer.status for answer in answers) == [201] * 3 + [507] * 17


async def test_a_client_that_asks_first_need_not_send_what_will_be_refused(lonely: Client) -> None:
    headers = CHUNK | {"Upload-Length": "99999999999"}

    async with lonely.post("/files/", data=PNG, headers=headers, expect100=True) as response:
        assert await code_of(response) == (413, "image_too_large")

    assert "Upload-Job" in (await created(lonely, len(PNG), PNG, Expect="100-continue")).headers


async def test_a_page_of_another_site_begins_nothing(lonely: Client) -> None:
    assert await code_of(await created(lonely, 10, Origin="https://evil.example")) == (403, "foreign_origin")


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({"Content-Type": "image/png"}, b"x", (415, "unsupported_body")),
        ({"Upload-Offset": "x"}, b"x", (400, "invalid_tus_header")),
        ({"Upload-Offset": "9"}, b"x", (409, "offset_conflict")),
        ({"Upload-Offset": "11"}, b"x", (409, "offset_conflict")),
        ({"Upload-Checksum": "sha256"}, b"x", (400, "invalid_tus_header")),
        ({}, bytes(len(PNG)), (413, "image_too_large")),
        ({}, bytes(6000), (413, "request_too_large")),
        (checksum("sha1", b"something else"), PNG[10:], (460, "checksum_mismatch")),
        (checksum("sha256", b"something else"), PNG[10:20], (460, "checksum_mismatch")),
        (checksum("md5", b"something else"), PNG[10:20], (460, "checksum_mismatch")),
    ],
    ids=range(10),
)
async def test_bytes_that_are_refused_change_nothing(
    new_frontend: NewFrontend, headers: dict[str, str], body: bytes, code: tuple[int, str]
) -> None:
    client = await new_frontend(NOWHERE, max_request_bytes=5000)
    path = await begun(client)
    await sent(client, path, PNG[:10])

    assert await code_of(await sent(client, path, body, 10, **headers)) == code

    assert await offset_of(client, path) == 10
    assert "Upload-Job" in (await sent(client, path, PNG[10:], 10)).headers


async def test_more_than_was_announced_is_noticed_though_it_is_not_announced(lonely: Client) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield BIG
        yield BIG

    path = await begun(lonely, len(BIG) + 1)

    assert await code_of(await sent(lonely, path, chunks())) == (413, "image_too_large")
    assert await offset_of(lonely, path) == 0


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "md5"])
async def test_bytes_that_are_what_the_checksum_says_are_kept(lonely: Client, algorithm: str) -> None:
    path = await begun(lonely, len(BIG))

    first = await sent(lonely, path, BIG[:HALF], **checksum(algorithm, BIG[:HALF]))
    second = await sent(lonely, path, BIG[HALF:], HALF, **checksum(algorithm, BIG[HALF:]))

    assert (first.headers["Upload-Offset"], "Upload-Job" in second.headers) == (str(HALF), True)


async def test_a_checksum_that_is_wrong_begins_nothing(lonely: Client, storage: Path) -> None:
    response = await created(lonely, len(PNG), PNG, **checksum("sha1", b"another"))

    assert await code_of(response) == (460, "checksum_mismatch")
    assert left_in(storage) == []


@pytest.mark.parametrize("at_once", [b"text" * 100, b"t" * 10], ids=["long", "short"])
async def test_what_is_no_image_is_refused_and_gone(lonely: Client, storage: Path, at_once: bytes) -> None:
    path = await begun(lonely, len(at_once))

    assert await code_of(await sent(lonely, path, at_once)) == (415, "not_an_image")

    assert (await asked(lonely, path)).status == 404
    assert left_in(storage) == []


async def test_what_is_no_image_is_refused_by_its_first_bytes(lonely: Client, storage: Path) -> None:
    path = await begun(lonely, 1_000_000)

    assert await code_of(await sent(lonely, path, bytes(100))) == (415, "not_an_image")
    assert left_in(storage) == []


async def test_an_image_whose_first_bytes_come_one_by_one_is_known_in_the_end(lonely: Client) -> None:
    data, path = image("JPEG"), await begun(lonely, len(image("JPEG")))

    for place in range(3):
        await sent(lonely, path, data[place : place + 1], place)
    await sent(lonely, path, data[3:], 3)

    async with lonely.get(f"/api/jobs/{id_of(path)}") as response:
        assert (await response.json())["source"]["media_type"] == "image/jpeg"


async def test_an_upload_that_was_given_up_is_gone(lonely: Client, storage: Path) -> None:
    path = await begun(lonely)
    await sent(lonely, path, PNG[:10])

    async with lonely.delete(path, headers=TUS) as response:
        assert response.status == 204

    assert left_in(storage) == []
    assert (await asked(lonely, path)).status == 404
    assert await code_of(await sent(lonely, path, PNG[10:], 10)) == (404, "upload_not_found")
    async with lonely.delete(path, headers=TUS) as response:
        assert await code_of(response) == (404, "upload_not_found")


async def test_the_job_of_an_upload_that_was_given_up_too_late_stays(lonely: Client) -> None:
    path = await begun(lonely)
    await sent(lonely, path, PNG)

    async with lonely.delete(path, headers=TUS) as response:
        assert response.status == 204
    async with lonely.get(f"/api/jobs/{id_of(path)}") as response:
        assert response.status == 200


@pytest.mark.parametrize("what", ["x", str(new_job_id())], ids=["no id", "no upload"])
async def test_what_there_is_not_is_not_found(lonely: Client, what: str) -> None:
    code = "no_such_id" if what == "x" else "upload_not_found"

    assert await code_of(await sent(lonely, f"/files/{what}", PNG)) == (404, code)
