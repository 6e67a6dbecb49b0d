"""What is refused before it is read, and clients that go in the middle of what they say."""

from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, NewFrontend, commands_in_queue, left_in, when_ready
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

        head = await connection.answer_head()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in head
    assert left_in(storage) == []


@pytest.mark.parametrize("path", ["/upload", "/api/images"])
async def test_a_client_that_asks_first_is_told_at_once_that_it_is_too_much(
    client: Client, path: str
) -> None:
    async with connection_to(client) as connection:
        await connection.send_head(
            "POST", path, Content_Type="image/png", Content_Length=TERABYTE, Expect="100-continue"
        )

        head = await connection.answer_head()

    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"X-Request-Id" in head or b"X-Request-ID" in head


async def test_a_client_that_asks_first_is_told_that_the_broker_is_away(lonely: Client) -> None:
    async with connection_to(lonely) as connection:
        await connection.send_head("PUT", "/upload/a.png", Content_Length=len(PNG), Expect="100-continue")

        head = await connection.answer_head()

    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: " in head


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
        await connection.send_head(
            "POST", "/upload", Content_Type=content_type, Content_Length=100 * MEGABYTE
        )
        await connection.send(begin)

        head = await connection.answer_head()

    assert head.startswith(b"HTTP/1.1 413 ")
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
        await eventually(lambda: [path for path in left_in(storage) if path.endswith(".part")])
        assert [path for path in left_in(storage) if path.endswith("holiday.png")]

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
