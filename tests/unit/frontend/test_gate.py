"""What is refused before it is read, and clients that go in the middle of what they say."""

import asyncio
import time
from pathlib import Path

import pytest

from pipeline.local_store import LocalImageStore
from tests.eventually import eventually
from tests.unit.frontend.conftest import (
    NOWHERE,
    Client,
    NewFrontend,
    commands_in_queue,
    left_in,
    uploaded,
    when_ready,
)
from tests.unit.frontend.raw_http import connection_to
from tests.unit.frontend.requests import BOUNDARY, FORM, PNG, file_part, form

TERABYTE = 10**12
MEGABYTE = 1024**2

BIG = PNG + bytes(2 * MEGABYTE)
BEGUN = {
    "form": (FORM["Content-Type"], f"--{BOUNDARY}\r\n".encode() + file_part(BIG)),
    "raw": ("image/png", BIG),
}
"""The type of an upload, and its first two megabytes."""


async def test_a_request_that_is_too_large_by_what_it_says_is_refused_before_its_body_comes(
    client: Client, storage: Path
) -> None:
    async with connection_to(client) as connection:
        await connection.send_head(
            "POST", "/upload", Content_Type=FORM["Content-Type"], Content_Length=TERABYTE
        )

        head, problem = await connection.answer()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in head
    assert problem["code"] == "request_too_large"
    assert left_in(storage) == []


@pytest.mark.parametrize("path", ["/upload", "/api/images"])
async def test_a_client_that_asks_first_is_told_at_once_that_it_is_too_much(
    client: Client, path: str
) -> None:
    async with connection_to(client) as connection:
        await connection.send_head(
            "POST", path, Content_Type="image/png", Content_Length=TERABYTE, Expect="100-continue"
        )

        head, problem = await connection.answer()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"X-Request-Id" in head or b"X-Request-ID" in head
    assert problem["code"] == "request_too_large"


@pytest.mark.parametrize(
    ("method", "path", "content_type", "size", "code"),
    [
        ("PUT", "/upload/a.png?fit=zzz", "image/png", 100, "invalid_option"),
        ("POST", "/upload?colour=red", FORM["Content-Type"], 100, "invalid_option"),
        ("PUT", "/upload/a.png?batch_id=x", "image/png", 100, "invalid_option"),
        ("POST", "/upload", "application/json", 100, "unsupported_body"),
        ("POST", "/api/images", "multipart/form-data", 100, "malformed_form"),
        ("PUT", "/upload/a.png", "image/png", 0, "no_file"),
        ("PUT", "/upload/a.png", "image/png", 64_000_001, "image_too_large"),
    ],
)
async def test_a_client_that_asks_first_is_told_what_its_head_shows_already(
    client: Client, method: str, path: str, content_type: str, size: int, code: str
) -> None:
    async with connection_to(client) as connection:
        await connection.send_head(
            method, path, Content_Type=content_type, Content_Length=size, Expect="100-continue"
        )

        head, problem = await connection.answer()

    assert head.startswith(b"HTTP/1.1 4")
    assert problem["code"] == code


async def test_a_client_that_asks_first_is_told_that_no_more_can_be_kept(
    new_frontend: NewFrontend, storage: Path
) -> None:
    lonely = await new_frontend(NOWHERE, max_outbox=1)
    await uploaded(lonely, PNG)
    kept = left_in(storage)

    async with connection_to(lonely) as connection:
        await connection.send_head("PUT", "/upload/a.png", Content_Length=len(PNG), Expect="100-continue")
        head, problem = await connection.answer()

    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in head
    assert problem["code"] == "outbox_full"
    assert left_in(storage) == kept


async def test_a_client_that_asks_first_is_told_to_go_on_though_the_broker_is_away(lonely: Client) -> None:
    async with connection_to(lonely) as connection:
        await connection.send_head("PUT", "/upload/a.png", Content_Length=len(PNG), Expect="100-continue")

        assert (await connection.answer_head()).startswith(b"HTTP/1.1 100 ")


@pytest.mark.parametrize(("content_type", "begin"), BEGUN.values(), ids=BEGUN)
async def test_a_sender_that_falls_silent_is_given_up_and_leaves_nothing(
    new_frontend: NewFrontend, amqp_url: str, storage: Path, content_type: str, begin: bytes
) -> None:
    client = await new_frontend(amqp_url, upload_stall_s=0.2)
    async with connection_to(client) as connection:
        await connection.send_head("POST", "/upload", Content_Type=content_type, Content_Length=10 * MEGABYTE)
        await connection.send(begin)

        head, problem = await connection.answer()

    assert head.startswith(b"HTTP/1.1 408 ")
    assert problem["code"] == "upload_stalled"
    assert left_in(storage) == []


async def test_a_sender_that_never_begins_is_given_up_too(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await new_frontend(amqp_url, upload_stall_s=0.2)
    async with connection_to(client) as connection:
        await connection.send_head("POST", "/upload", Content_Type=FORM["Content-Type"], Content_Length=100)

        assert (await connection.answer_head()).startswith(b"HTTP/1.1 408 ")


async def test_a_sender_that_is_slow_is_waited_for(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await new_frontend(amqp_url, upload_stall_s=3.0)
    async with connection_to(client) as connection:
        await connection.send_head("PUT", "/upload/a.png", Content_Length=len(PNG))
        begin = time.monotonic()
        for byte in PNG:
            await connection.send(bytes([byte]))
            await asyncio.sleep(3.5 / len(PNG))

        assert (await connection.answer_head()).startswith(b"HTTP/1.1 202 ")
    assert time.monotonic() - begin > 3.0


@pytest.mark.parametrize("content_type", ["image/png", FORM["Content-Type"]])
async def test_a_disk_that_fills_up_while_a_body_of_unknown_length_comes_is_noticed(
    client: Client, storage: Path, monkeypatch: pytest.MonkeyPatch, content_type: str
) -> None:
    head = PNG if content_type == "image/png" else f"--{BOUNDARY}\r\n".encode() + file_part(PNG)
    chunk = b"%x\r\n%s\r\n" % (MEGABYTE, bytes(MEGABYTE))
    async with connection_to(client) as connection:
        await connection.send_head("POST", "/upload", Content_Type=content_type, Transfer_Encoding="chunked")
        await connection.send(b"%x\r\n%s\r\n%s" % (len(head), head, chunk))
        await eventually(lambda: left_in(storage))

        monkeypatch.setattr(LocalImageStore, "free_bytes", lambda _: -1)
        await connection.send(5 * chunk)

        assert (await connection.answer())[1]["code"] == "storage_full"
    assert left_in(storage) == []


async def test_a_client_that_asks_first_is_told_to_go_on(client: Client) -> None:
    async with connection_to(client) as connection:
        await connection.send_head("PUT", "/upload/a.png", Content_Length=len(PNG), Expect="100-continue")
        assert (await connection.answer_head()).startswith(b"HTTP/1.1 100 ")

        await connection.send(PNG)

        assert (await connection.answer_head()).startswith(b"HTTP/1.1 202 ")


@pytest.mark.parametrize(("content_type", "begin"), BEGUN.values(), ids=BEGUN)
async def test_an_image_that_is_too_large_is_refused_as_soon_as_that_is_seen(
    new_frontend: NewFrontend, amqp_url: str, storage: Path, content_type: str, begin: bytes
) -> None:
    client = await when_ready(await new_frontend(amqp_url, max_upload_bytes=MEGABYTE))
    async with connection_to(client) as connection:
        await connection.send_head("POST", "/upload", Content_Type=content_type, Transfer_Encoding="chunked")
        await connection.send(b"%x\r\n%s\r\n" % (len(begin), begin))

        head, problem = await connection.answer()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert problem["code"] == "image_too_large"
    assert left_in(storage) == []


async def test_the_connection_of_a_refused_upload_is_not_used_again(client: Client) -> None:
    async with connection_to(client) as connection:
        await connection.send_head("POST", "/upload", Content_Type="image/png", Content_Length=TERABYTE)
        await connection.send(PNG)

        assert b"Connection: close" in await connection.answer_head()


@pytest.mark.parametrize(("content_type", "begin"), BEGUN.values(), ids=BEGUN)
async def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(
    client: Client, storage: Path, amqp_url: str, content_type: str, begin: bytes
) -> None:
    async with connection_to(client) as connection:
        await connection.send_head("POST", "/upload", Content_Type=content_type, Content_Length=10 * MEGABYTE)
        await connection.send(begin)
        await eventually(lambda: [path for path in left_in(storage) if path.endswith(".part")])

        await connection.hang_up()

    await eventually(lambda: left_in(storage) == [])
    assert await commands_in_queue(amqp_url) == []


async def test_a_client_that_hangs_up_after_its_first_file_leaves_nothing_of_it(
    client: Client, storage: Path, amqp_url: str
) -> None:
    body = form(file_part(PNG), file_part(BIG))
    async with connection_to(client) as connection:
        await connection.send_head(
            "POST", "/upload", Content_Type=FORM["Content-Type"], Content_Length=10 * MEGABYTE
        )
        await connection.send(body[:-1000])
        await eventually(lambda: {Path(path).suffix for path in left_in(storage)} >= {".png", ".part"})

        await connection.hang_up()

    await eventually(lambda: left_in(storage) == [])
    assert await commands_in_queue(amqp_url) == []


@pytest.mark.parametrize(("content_type", "begin"), BEGUN.values(), ids=BEGUN)
async def test_a_body_whose_chunks_are_broken_leaves_nothing(
    client: Client, storage: Path, content_type: str, begin: bytes
) -> None:
    async with connection_to(client) as connection:
        await connection.send_head("POST", "/upload", Content_Type=content_type, Transfer_Encoding="chunked")
        await connection.send(b"%x\r\n%s\r\n" % (len(begin), begin))
        await eventually(lambda: left_in(storage))
        await connection.send(b"no length\r\n")

    await eventually(lambda: left_in(storage) == [])


async def test_an_upload_that_is_under_way_when_the_frontend_stops_leaves_nothing(
    new_frontend: NewFrontend, amqp_url: str, storage: Path
) -> None:
    client = await when_ready(await new_frontend(amqp_url))
    async with connection_to(client) as connection:
        await connection.send_head("PUT", "/upload/a.png", Content_Length=10 * MEGABYTE)
        await connection.send(BIG)
        await eventually(lambda: [path for path in left_in(storage) if path.endswith(".part")])

        await client.close()

    await eventually(lambda: left_in(storage) == [])
