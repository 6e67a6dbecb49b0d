"""Every response of every route, and every error, keeps browsers from running what it should not."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import make_mocked_request

from frontend.handlers.static_files import STATIC
from pipeline.ids import BatchId, JobId, new_job_id
from pipeline.local_store import LocalImageStore
from tests.unit.frontend.conftest import Client, uploaded
from tests.unit.frontend.raw_http import connection_to
from tests.unit.frontend.refusals import QUESTIONS, UPLOADS, WEB_SOCKET
from tests.unit.frontend.requests import FORM, PAGE, PNG, file_part, form
from tests.unit.frontend.story import RESULT, Story
from tests.unit.frontend.tus import TUS


@dataclass(frozen=True)
class Asked:
    """A request, and the status with which it is answered."""

    method: str
    path: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None


@pytest.fixture
async def done(client: Client, store: LocalImageStore) -> Story:
    """A job that is done."""
    (job,) = (await uploaded(client, PNG))["jobs"]
    story = Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))
    await store.save_rendition(story.job_id, RESULT.file, b"the result")
    await store.save_receipt(story.receipt())
    return story


def questions(done: Story) -> list[Asked]:
    """Every route, answered as it is when all is well, and some of the other ways."""
    job, batch = f"/api/jobs/{done.job_id}", f"/api/batches/{done.batch_id}"
    rendition = f"{job}/renditions/300x300"
    upload = f"/files/{new_job_id()}"
    image = form(file_part(PNG))
    pages = [
        Asked("GET", "/", 200),
        Asked("GET", f"/batches/{done.batch_id}", 200),
        *(Asked("GET", f"/static/{path.name}", 200) for path in sorted(STATIC.iterdir())[:3]),
        Asked("GET", "/docs", 200),
        Asked("GET", "/openapi.json", 200),
        Asked("GET", "/api/jobs", 200),
        Asked("GET", "/api/pipeline", 200),
        Asked("GET", "/metrics", 200),
        Asked("GET", "/api/events", 200),
        Asked("GET", job, 200),
        Asked("GET", f"{job}/source", 200),
        Asked("GET", rendition, 200),
        Asked("GET", f"{rendition}?download=1", 200),
        Asked("GET", f"{job}/receipt", 200),
        Asked("GET", f"{job}/webhooks", 404),
        Asked("GET", batch, 200),
        Asked("GET", f"{batch}.zip", 200),
        Asked("GET", "/sign-in?next=/docs", 303),
        Asked("GET", "/health/live", 200),
        Asked("GET", "/health/ready", 200),
    ]
    return [
        *pages,
        *(Asked("HEAD", page.path, page.status) for page in pages),
        Asked("GET", "/static/icons/nothing.svg", 404),
        Asked("GET", rendition, 206, {"Range": "bytes=0-1"}),
        Asked("GET", rendition, 416, {"Range": "bytes=99-"}),
        Asked("GET", rendition, 304, {"If-None-Match": "*"}),
        Asked("GET", rendition, 412, {"If-Match": '"x"'}),
        Asked("GET", "/ws", 101, WEB_SOCKET),
        Asked("HEAD", "/ws", 400),
        Asked("POST", "/upload", 202, FORM, image),
        Asked("POST", "/upload", 303, FORM | PAGE, image),
        Asked("POST", "/api/images", 202, FORM, image),
        Asked("PUT", "/upload/a.png", 202, {}, PNG),
        Asked("POST", f"{job}/retry", 409),
        Asked("POST", f"{job}/webhooks/replay", 403),
        Asked("POST", f"{batch}/retry", 202),
        Asked("POST", f"/jobs/{done.job_id}/retry", 409),
        Asked("POST", f"/batches/{done.batch_id}/retry", 303),
        Asked("DELETE", f"/api/jobs/{new_job_id()}", 404),
        Asked("POST", f"/jobs/{done.job_id}/delete", 303),
        Asked("POST", "/sign-in", 401, {}, b""),
        Asked("POST", "/sign-out", 303),
        Asked("OPTIONS", "/", 405),
        Asked("OPTIONS", "/files/", 204),
        Asked("POST", "/files/", 201, TUS | {"Upload-Length": "9"}),
        Asked("HEAD", upload, 404, TUS),
        Asked("PATCH", upload, 412),
        Asked("DELETE", upload, 404, TUS),
        Asked("POST", upload, 405, TUS),
    ]


def check(headers: Mapping[str, str], what: object) -> None:
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'self'", what
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'", what
    assert policy["form-action"] == "'self'", what
    assert not {"script-src", "style-src", "script-src-elem", "script-src-attr"} & policy.keys(), what
    assert "unsafe" not in headers["Content-Security-Policy"], what
    assert "*" not in headers["Content-Security-Policy"], what
    assert headers["X-Content-Type-Options"] == "nosniff", what
    assert headers["X-Frame-Options"] == "DENY", what
    assert headers["Referrer-Policy"] == "same-origin", what
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin", what
    assert headers["Cross-Origin-Resource-Policy"] in ("same-origin", "cross-origin"), what
    assert headers["Cache-Control"], what
    assert re.fullmatch("[0-9a-f]{12}", headers["X-Request-Id"]), what
    assert "aiohttp" not in headers.get("Server", ""), what


async def test_every_route_answers_with_the_headers_that_keep_the_page_to_itself(
    client: Client, done: Story
) -> None:
    asked = questions(done)
    for one in asked:
        response = await client.request(
            one.method, one.path, headers=one.headers, data=one.body, allow_redirects=False
        )
        assert response.status == one.status, (one, await response.text())
        check(response.headers, one)
        response.close()

    assert client.app is not None
    routes = {
        (route.method, route.resource.canonical) for route in client.app.router.routes() if route.resource
    }
    answered = {(one.method, await route_of(client.app, one)) for one in asked}
    assert routes - answered == set()


async def route_of(app: web.Application, asked: Asked) -> str | None:
    """The one route that answers this request, of which several may look like it; None if none does."""
    found = await app.router.resolve(make_mocked_request(asked.method, asked.path))
    return found.route.resource.canonical if found.route.resource else None


@pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionHeader")
async def test_every_error_has_them_too(client: Client) -> None:
    for name, refusal in (UPLOADS | QUESTIONS).items():
        for more in ({}, PAGE):
            response: ClientResponse = await client.request(
                refusal.method,
                refusal.path,
                headers=refusal.headers | more,
                data=refusal.body,
                allow_redirects=False,
            )
            check(response.headers, name)
            response.close()


async def test_only_results_may_be_put_into_pages_of_other_sites(client: Client, done: Story) -> None:
    for one in questions(done):
        response = await client.request(
            one.method, one.path, headers=one.headers, data=one.body, allow_redirects=False
        )
        is_result = "/renditions/" in one.path and response.status < 400
        expected = "cross-origin" if is_result else "same-origin"
        if response.status != 304:
            assert response.headers["Cross-Origin-Resource-Policy"] == expected, one
        response.close()


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nbad header\r\n\r\n",
        b"G\x01T / HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 9000 + b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ],
    ids=["a header", "a method", "an address", "a value", "TLS"],
)
async def test_what_is_no_http_at_all_is_answered_as_text_and_told_nothing_of_the_inside(
    client: Client, head: bytes
) -> None:
    async with connection_to(client) as connection:
        await connection.send(head)
        answer = (await connection.rest()).decode()

    assert " 400 " in answer.partition("\r\n")[0]
    assert "Content-Type: text/plain" in answer
    assert not re.search(r"Traceback|\.pyx?\b|site-packages", answer)


async def test_an_expectation_that_nobody_can_meet_is_refused_with_the_headers(client: Client) -> None:
    async with connection_to(client) as connection:
        await connection.send_head("GET", "/health/live", Expect="tea")
        status, *lines = (await connection.answer_head()).decode().strip().split("\r\n")

    assert " 417 " in status
    check(dict(line.split(": ", 1) for line in lines), "an expectation")
