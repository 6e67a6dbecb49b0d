"""Images by their addresses: they become jobs like those that are sent, each by itself."""

import asyncio
import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from frontend.app import create_app
from frontend.keys import FETCHER
from frontend.settings import FrontendSettings
from frontend.url_fetcher import UrlFetcher
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from tests.eventually import eventually
from tests.unit.frontend.conftest import (
    Client,
    FrontendServer,
    Json,
    NewFrontend,
    commands_in_queue,
    left_in,
    when_ready,
)
from tests.unit.frontend.hostile_host import (
    EXEMPT,
    HOST,
    HostileHost,
    Names,
    certificate,
    hostile_host,
    served_with,
)
from tests.unit.frontend.requests import FORM, PAGE, PNG, field_part, file_part, form
from tests.unit.full_disk import FillDisk

Start = Callable[..., Awaitable[Client]]


@pytest.fixture
async def host() -> AsyncIterator[HostileHost]:
    """A host that means no good."""
    async with hostile_host() as running:
        yield running


@pytest.fixture
def start(aiohttp_client: AiohttpClient, storage: Path, amqp_url: str, host: HostileHost) -> Start:
    """Starts frontends that fetch, with the one exemption for that host."""

    async def started(
        *, names: Names | None = None, tls: ssl.SSLContext | None = None, **settings: Any
    ) -> Client:
        given: Any = {"min_free_bytes": 0, "board_history_s": 1, "url_hosts": ("*",)} | settings
        app = create_app(FrontendSettings(amqp_url=amqp_url, storage_dir=storage, **given))
        app[FETCHER] = UrlFetcher(
            given["url_hosts"], max_redirects=3, rule=EXEMPT, resolver=names or Names(host.port), tls=tls
        )
        return await when_ready(await aiohttp_client(FrontendServer(app)))  # type: ignore[arg-type]  # it has an app

    return started


def urls(host: HostileHost, *paths: str) -> list[bytes]:
    return [field_part("url", host.url(path)) for path in paths]


async def sent(client: Client, *parts: bytes, status: int = 202, key: str | None = None) -> Json:
    headers = FORM | ({"Idempotency-Key": key} if key else {})
    async with client.post("/upload", data=form(*parts), headers=headers) as response:
        assert response.status == status, await response.text()
        answer: Json = await response.json(content_type=None)
        return answer


def told(answer: Json) -> tuple[list[str], list[str]]:
    """The names of the jobs, and the codes of what was rejected."""
    return [job["name"] for job in answer["jobs"]], [one["code"] for one in answer["rejected"]]


async def test_an_address_becomes_a_job(
    start: Start, host: HostileHost, store: LocalImageStore, amqp_url: str
) -> None:
    answer = await sent(await start(), *urls(host, "holiday.png"))

    (job,) = answer["jobs"]
    record = await store.load_job(JobId(job["id"]))
    assert told(answer) == (["holiday.png"], [])
    assert job["source"]["bytes"] == len(PNG)
    assert store.source_file(record.source_path).read_bytes() == PNG
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [job["id"]]


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_an_address_in_the_query_needs_no_body(start: Start, host: HostileHost, method: str) -> None:
    path = "/api/images" if method == "POST" else "/upload/any.png"
    query = [("url", host.url("holiday.png")), ("url", host.url("beach.png")), ("width", "40")]
    async with (await start()).request(method, path, params=query) as response:
        assert response.status == 202
        assert told(await response.json()) == (["holiday.png", "beach.png"], [])


async def test_files_come_first_and_then_addresses_in_their_order(start: Start, host: HostileHost) -> None:
    both = field_part("url", f" {host.url('a.png')}\r\n\r\n{host.url('b.png')}\r\n")
    answer = await sent(
        await start(), both, file_part(PNG, "c.png"), *urls(host, "d.png"), file_part(b"", "")
    )

    assert told(answer) == (["c.png", "a.png", "b.png", "d.png"], [])


async def test_what_cannot_be_fetched_is_rejected_and_the_others_are_taken(
    start: Start, host: HostileHost, storage: Path
) -> None:
    paths = ("missing", "a.png", "cut", "to-metadata", "loop", "text", "empty", "too-large", "no-http")
    answer = await sent(await start(), *urls(host, *paths), field_part("url", "ftp://example.com/a.png"))

    assert told(answer) == (
        ["a.png"],
        [
            "url_bad_status",
            "url_broken_off",
            "url_not_allowed",
            "url_too_many_redirects",
            "not_an_image",
            "empty_file",
            "image_too_large",
            "url_unreachable",
            "url_invalid",
        ],
    )
    assert answer["rejected"][0]["name"] == host.url("missing")
    assert {Path(path).parts[2] for path in left_in(storage) if path.startswith("uploads/")} == {
        answer["jobs"][0]["id"]
    }


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("missing", 502, "url_bad_status"),
        ("cut", 502, "url_broken_off"),
        ("no-http", 502, "url_unreachable"),
        ("loop", 502, "url_too_many_redirects"),
        ("to-loopback", 403, "url_not_allowed"),
        ("to-a-file", 422, "url_invalid"),
        ("drip", 504, "url_too_slow"),
        ("silent", 504, "url_too_slow"),
        ("endless", 413, "image_too_large"),
        ("bomb", 413, "image_too_large"),
    ],
)
async def test_if_nothing_is_taken_the_answer_is_the_first_error_and_nothing_stays(
    start: Start, host: HostileHost, storage: Path, path: str, status: int, code: str
) -> None:
    seconds = 0.5 if status == 504 else 30.0
    client = await start(fetch_timeout_s=seconds, max_upload_bytes=3_000_000)

    answer = await sent(client, *urls(host, path), status=status)

    assert answer["code"] == code
    assert left_in(storage) == []
    await eventually(lambda: host.open == 0)


async def test_few_are_fetched_at_a_time(start: Start, host: HostileHost) -> None:
    host.gate.clear()
    sending = asyncio.create_task(sent(await start(), *urls(host, *"abcdefghij")))
    await eventually(lambda: len(host.requests) == 4)
    host.gate.set()

    assert told(await sending) == (list("abcdefghij"), [])
    assert host.most_open == 4


@pytest.mark.parametrize("where", ["form", "query"])
async def test_where_it_is_off_an_address_is_refused_and_not_looked_at(
    start: Start, host: HostileHost, storage: Path, where: str
) -> None:
    client = await start(url_hosts=())
    if where == "form":
        answer = await sent(client, file_part(PNG), *urls(host, "holiday.png"), status=403)
    else:
        async with client.post("/upload", params={"url": host.url("holiday.png")}) as response:
            answer = await response.json(content_type=None)

    assert answer["code"] == "url_off"
    assert (host.requests, left_in(storage)) == ([], [])


async def test_an_empty_field_is_none(start: Start) -> None:
    client = await start(url_hosts=())
    assert told(await sent(client, field_part("url", " \r\n"), file_part(PNG))) == (["holiday.png"], [])
    assert (await sent(client, field_part("url", ""), status=400))["code"] == "no_file"


@pytest.mark.parametrize("settings", [{"max_urls": 2}, {"max_files": 2}])
async def test_too_many_are_refused_before_one_is_fetched(
    start: Start, host: HostileHost, storage: Path, settings: dict[str, int]
) -> None:
    answer = await sent(await start(**settings), *urls(host, "a.png", "b.png", "c.png"), status=413)

    assert answer["code"] == "too_many_files"
    assert (host.requests, left_in(storage)) == ([], [])


async def test_a_wrong_option_is_answered_before_anything_is_fetched(
    start: Start, host: HostileHost, storage: Path
) -> None:
    await sent(await start(), *urls(host, "a.png"), file_part(PNG), field_part("width", "x"), status=422)

    assert (host.requests, left_in(storage)) == ([], [])


async def test_all_together_are_no_more_than_a_request_may_have(
    start: Start, host: HostileHost, storage: Path
) -> None:
    client = await start(max_request_bytes=1000)

    answer = await sent(client, *urls(host, "endless"), file_part(PNG), status=413)

    assert answer["code"] == "request_too_large"
    assert left_in(storage) == []


async def test_a_full_disk_refuses_the_request_and_nothing_stays(
    start: Start, host: HostileHost, storage: Path, fill_disk: FillDisk
) -> None:
    client = await start()
    host.gate.clear()
    sending = asyncio.create_task(sent(client, *urls(host, "a.png", "endless"), status=507))
    await eventually(lambda: len(host.requests) == 2)
    fill_disk()
    host.gate.set()

    assert (await sending)["code"] == "storage_full"
    assert left_in(storage) == []


async def test_a_browser_without_javascript_is_told_what_was_rejected(
    start: Start, host: HostileHost
) -> None:
    body = form(*urls(host, "a.png", "missing"), file_part(b"", ""))
    async with (await start()).post("/upload", data=body, headers=FORM | PAGE) as response:
        page = await response.text()

    assert response.status == 200
    assert "a.png" in page
    assert "The address was not answered with an image." in page
    assert "…://images.example.com/missing" in page


async def test_the_page_asks_for_addresses_only_where_they_are_fetched(
    start: Start, new_frontend: NewFrontend, amqp_url: str
) -> None:
    for client, is_on in ((await start(), True), (await new_frontend(amqp_url), False)):
        async with client.get("/") as response:
            page = await response.text()
        assert ('name="url"' in page) is is_on
        assert ('name="file" multiple required' in page) is not is_on


ROOT = Path(__file__).parents[3]
COMMANDS = re.findall(
    r"^    (curl (?:.*\\\n)*.*)$", (ROOT / "docs" / "fetching_urls.md").read_text(), re.MULTILINE
)


async def test_the_examples_of_the_docs_do_what_they_say(start: Start, tmp_path: Path) -> None:
    shown = certificate(tmp_path, HOST)
    trusted = ssl.create_default_context(cafile=shown.with_suffix(".crt"))
    async with hostile_host(served_with(shown)) as secure:
        client = await start(names=Names(secure.port), tls=trusted, url_hosts=(HOST,))
        place = f"{client.host}:{client.port}"
        answers = [
            json.loads(await output_of(command.replace("localhost:5000", place))) for command in COMMANDS
        ]

    assert [told(answer) for answer in answers] == [
        (["holiday.jpg"], []),
        (["holiday.jpg", "beach.jpg"], []),
        (["holiday.jpg"], []),
    ]


async def output_of(command: str) -> bytes:
    process = await asyncio.create_subprocess_shell(
        command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    return output


# With an idempotency key


async def test_the_same_addresses_with_the_same_key_are_the_same_jobs_and_are_not_fetched_again(
    start: Start, host: HostileHost, storage: Path
) -> None:
    client, parts = await start(), urls(host, "a.png", "b.png")
    first = await sent(client, *parts, key="k")
    before = left_in(storage)

    again = await sent(client, *parts, key="k")

    assert [job["id"] for job in again["jobs"]] == [job["id"] for job in first["jobs"]]
    assert len(host.requests) == 2
    assert left_in(storage) == before


async def test_other_addresses_or_another_order_need_another_key(start: Start, host: HostileHost) -> None:
    client = await start()
    await sent(client, *urls(host, "a.png", "b.png"), key="k")

    for paths in (("b.png", "a.png"), ("a.png",), ("a.png", "c.png")):
        answer = await sent(client, *urls(host, *paths), key="k", status=422)
        assert answer["code"] == "idempotency_key_reused"
    assert len(host.requests) == 2


async def test_what_was_not_taken_at_first_is_told_with_the_same_key(start: Start, host: HostileHost) -> None:
    client, parts = await start(), urls(host, "missing", "a.png")
    first = await sent(client, *parts, key="k")

    again = await sent(client, *parts, key="k")

    assert (told(first), told(again)) == (
        (["a.png"], ["url_bad_status"]),
        (["a.png"], ["url_not_taken_at_first"]),
    )
    assert len(host.requests) == 2


async def test_two_with_the_same_key_at_once_make_one_set_of_jobs(
    start: Start, host: HostileHost, amqp_url: str
) -> None:
    clients, parts = (await start(), await start()), urls(host, "a.png", "b.png")
    host.gate.clear()
    sending = [asyncio.create_task(sent(client, *parts, key="k")) for client in clients]
    await eventually(lambda: len(host.requests) == 4)
    host.gate.set()

    one, other = await asyncio.gather(*sending)

    assert [job["id"] for job in one["jobs"]] == [job["id"] for job in other["jobs"]]
    assert len(await commands_in_queue(amqp_url)) == 2


async def test_a_key_of_which_nothing_was_taken_is_free(start: Start, host: HostileHost) -> None:
    client = await start()
    await sent(client, *urls(host, "missing"), key="k", status=502)

    assert told(await sent(client, *urls(host, "a.png"), key="k")) == (["a.png"], [])


async def test_fetched_bytes_count_for_the_client(start: Start, host: HostileHost) -> None:
    client = await start(bytes_per_minute=100_000)
    async with client.post("/upload", params={"url": host.url("endless")}) as response:
        assert response.status == 413

    async with client.post("/upload", params={"url": host.url("a.png")}) as response:
        assert response.status == 429
