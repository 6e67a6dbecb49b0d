"""Every error path, walked: one shape, for programs and for people, and nothing left behind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import ClientResponse

from frontend.error_responses import ANSWERS
from pipeline.ids import JobId, day_of
from tests.unit.frontend.conftest import Client, NewFrontend, commands_in_queue, left_in, uploaded, when_ready
from tests.unit.frontend.refusals import LIMITS, QUESTIONS, UPLOADS, Refusal
from tests.unit.frontend.requests import FORM, PAGE, PNG, file_part, form

# aiohttp warns of heads that it cannot read; here they are sent on purpose.
pytestmark = pytest.mark.filterwarnings("ignore::aiohttp.multipart.BadContentDispositionHeader")

WALKED_ELSEWHERE = {
    "callback_invalid",
    "callback_not_allowed",
    "webhook_not_found",
    "webhook_not_due",
    "url_bad_status",
    "url_broken_off",
    "url_invalid",
    "url_not_allowed",
    "url_not_taken_at_first",
    "url_too_many_redirects",
    "url_too_slow",
    "url_unreachable",
    "source_missing",
    "rendition_not_found",
    "receipt_not_found",
    "job_not_failed",
    "job_busy",
    "job_cancelled",
    "nothing_done",
    "damaged_record",
    "queue_full",
    "outbox_full",
    "storage_full",
    "upload_stalled",
    "upload_paused",
    "invalid_tus_header",
    "final_upload",
    "upload_not_found",
    "offset_conflict",
    "part_unfinished",
    "tus_version_unsupported",
    "upload_locked",
    "checksum_mismatch",
    "too_much_unfinished",
    "idempotency_key_reused",
    "key_missing",
    "key_unknown",
    "rate_limited",
}


@pytest.fixture
async def strict(new_frontend: NewFrontend, amqp_url: str) -> Client:
    """A client of a frontend that allows little."""
    return await when_ready(await new_frontend(amqp_url, **LIMITS))


async def chunks_of(body: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), 500):
        yield body[begin : begin + 500]


async def answer_to(client: Client, refusal: Refusal, **headers: str) -> ClientResponse:
    body = chunks_of(refusal.body or b"") if refusal.in_chunks else refusal.body
    all_headers = refusal.headers | headers
    return await client.request(refusal.method, refusal.path, data=body, headers=all_headers)


async def check_problem(response: ClientResponse, status: int, code: str) -> None:
    """The answer is a problem as RFC 9457 describes it, with what we add to it."""
    problem = await response.json(content_type="application/problem+json")
    more = {"field", "value", "allowed"} if code == "invalid_option" else set()
    assert problem.keys() == {"type", "title", "status", "code", "detail", "request_id"} | more
    assert (response.status, problem["status"], problem["code"]) == (status, status, code)
    assert problem["detail"]
    assert problem["request_id"] == response.headers["X-Request-Id"]
    assert ("Retry-After" in response.headers) == (status in (503, 507))
    assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("refusal", UPLOADS.values(), ids=UPLOADS)
async def test_an_upload_that_is_refused_is_answered_by_a_problem_and_leaves_nothing(
    strict: Client, storage: Path, amqp_url: str, refusal: Refusal
) -> None:
    response = await answer_to(strict, refusal)

    await check_problem(response, refusal.status, refusal.code)
    assert left_in(storage) == []
    assert await commands_in_queue(amqp_url) == []


@pytest.mark.parametrize("refusal", QUESTIONS.values(), ids=QUESTIONS)
async def test_a_question_that_has_no_answer_is_answered_by_a_problem(
    strict: Client, refusal: Refusal
) -> None:
    response = await answer_to(strict, refusal)

    await check_problem(response, refusal.status, refusal.code)


async def test_a_browser_gets_every_refusal_as_a_page(strict: Client, storage: Path) -> None:
    for refusal in (*UPLOADS.values(), *QUESTIONS.values()):
        if refusal.path.startswith("/api/"):
            continue
        response = await answer_to(strict, refusal, **PAGE)
        page = await response.text()

        assert (response.status, response.content_type) == (refusal.status, "text/html")
        assert f"<code>{refusal.code}</code>" in page
        assert response.headers["X-Request-Id"] in page
        assert "<code>None</code>" not in page
        assert "Content-Security-Policy" in response.headers
    assert left_in(storage) == []


async def test_the_api_answers_by_a_problem_even_to_a_browser(strict: Client) -> None:
    for refusal in QUESTIONS.values():
        if refusal.path.startswith("/api/"):
            await check_problem(await answer_to(strict, refusal, **PAGE), refusal.status, refusal.code)


def test_every_code_of_the_table_is_walked() -> None:
    walked = {refusal.code for refusal in (*UPLOADS.values(), *QUESTIONS.values())}

    assert {answer.code for answer in ANSWERS.values()} <= walked | WALKED_ELSEWHERE
    assert not walked & WALKED_ELSEWHERE


def test_every_code_that_is_walked_elsewhere_is_told_by_a_test() -> None:
    told = "".join(path.read_text() for path in Path(__file__).parents[2].rglob("test_*.py"))

    # Once is the list above.
    assert {code for code in WALKED_ELSEWHERE if told.count(f'"{code}"') < 2} == set()


async def test_a_method_that_there_is_not_is_answered_with_those_that_there_are(strict: Client) -> None:
    async with strict.get("/upload") as response:
        assert response.headers["Allow"] == "POST"


async def test_a_form_that_a_browser_sends_to_no_avail_gets_a_page(strict: Client) -> None:
    async with strict.post(
        "/upload", data=form(file_part(b"text", "<b>.txt")), headers=FORM | PAGE
    ) as response:
        page = await response.text()

    assert (response.status, response.content_type) == (415, "text/html")
    assert "<b>" not in page


async def test_a_nearly_full_disk_takes_no_upload(
    new_frontend: NewFrontend, amqp_url: str, storage: Path
) -> None:
    client = await when_ready(await new_frontend(amqp_url, min_free_bytes=10**18))

    async with client.post("/upload", data=form(file_part(PNG)), headers=FORM) as response:
        await check_problem(response, 507, "storage_full")

    assert left_in(storage) == []


async def test_an_image_that_is_gone_is_a_problem(client: Client, storage: Path) -> None:
    (job,) = (await uploaded(client, PNG))["jobs"]
    (storage / "uploads" / day_of(JobId(job["id"])) / job["id"] / "holiday.png").unlink()

    async with client.get(job["source"]["url"]) as response:
        await check_problem(response, 404, "source_missing")


async def test_a_rendition_that_is_not_made_yet_is_a_problem(client: Client) -> None:
    (job,) = (await uploaded(client, PNG))["jobs"]

    async with client.get(f"/api/jobs/{job['id']}/renditions/300x300") as response:
        await check_problem(response, 404, "rendition_not_found")


async def test_a_damaged_record_is_a_problem_that_tells_nothing_of_the_disk(
    client: Client, storage: Path
) -> None:
    (job,) = (await uploaded(client, PNG))["jobs"]
    folder = storage / "processed" / day_of(JobId(job["id"])) / job["id"]
    folder.mkdir(parents=True)
    (folder / "receipt.json").write_bytes(b"{")

    async with client.get(f"/api/jobs/{job['id']}") as response:
        await check_problem(response, 500, "damaged_record")

    assert str(storage) not in await response.text()


async def test_an_error_that_nobody_thought_of_tells_nothing_but_where_to_look(
    client: Client, storage: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (job,) = (await uploaded(client, PNG))["jobs"]
    obstacle = storage / "processed" / day_of(JobId(job["id"])) / job["id"] / "receipt.json"
    obstacle.mkdir(parents=True)

    async with client.get(f"/api/jobs/{job['id']}") as response:
        await check_problem(response, 500, "internal_error")

    problem = await response.json(content_type=None)
    assert problem["request_id"] in problem["detail"]
    assert str(storage) not in problem["detail"]
    assert problem["request_id"] in caplog.text
    assert "IsADirectoryError" in caplog.text
