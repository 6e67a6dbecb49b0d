"""Uploads that wait for what becomes of them: `Prefer: wait`, and the image itself."""

import asyncio
import signal
import time
from collections.abc import Iterator

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import make_mocked_request
from msgspec import structs
from multidict import CIMultiDict

from frontend.keys import BOARD, WAITS
from frontend.preferences import Preferences, preferences_of
from pipeline.ids import BatchId, new_batch_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import JobError
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, Tell
from tests.unit.frontend.requests import FORM, PAGE, PNG, field_part, file_part, form
from tests.unit.frontend.story import RESULT, Story

IMAGE = "wait=60, return=representation"
SOON_S = 20.0


def sent(
    client: Client, prefer: str, *parts: bytes, batch_id: BatchId, **headers: str
) -> asyncio.Task[ClientResponse]:
    """An upload, under way. Its images are `parts`, or one if there are none."""
    body = form(field_part("batch_id", batch_id), *(parts or (file_part(PNG),)))

    async def answer() -> ClientResponse:
        async with asyncio.timeout(SOON_S):
            return await client.post("/upload", data=body, headers={**FORM, "Prefer": prefer, **headers})

    return asyncio.create_task(answer())


async def stories_waited_for(client: Client, batch_id: BatchId, jobs: int = 1) -> list[Story]:
    """The stories of the jobs that an upload waits for."""
    await eventually(lambda: len(client.app[WAITS].jobs) == jobs)
    return [Story(job_id=job_id, batch_id=batch_id) for job_id in sorted(client.app[WAITS].jobs)]


async def test_an_upload_is_answered_when_its_job_has_ended(client: Client, tell: Tell) -> None:
    answer = sent(client, "wait=60", batch_id=(batch_id := new_batch_id()))
    (story,) = await stories_waited_for(client, batch_id)

    await tell(story.started(), story.done())

    response = await answer
    (job,) = (await response.json())["jobs"]
    assert (response.status, job["id"], job["status"]) == (200, story.job_id, "done")
    assert response.headers["Preference-Applied"] == "wait=60"
    assert response.headers["Location"] == f"/api/jobs/{story.job_id}"


def has_failed(client: Client, story: Story) -> bool:
    state = client.app[BOARD].job(story.job_id)
    return state is not None and state.status == "failed"


async def test_an_upload_of_several_is_answered_when_the_last_has_ended(
    client: Client, store: LocalImageStore, tell: Tell
) -> None:
    answer = sent(client, "wait=60", file_part(PNG), file_part(PNG), batch_id=(batch_id := new_batch_id()))
    first, second = await stories_waited_for(client, batch_id, jobs=2)
    await store.save_receipt(first.failed_receipt())
    await tell(first.failed())
    await eventually(lambda: has_failed(client, first))
    assert not answer.done()

    await tell(second.done())

    response = await answer
    assert response.status == 200
    assert [job["status"] for job in (await response.json())["jobs"]] == ["failed", "done"]


async def test_what_has_not_ended_in_time_is_answered_as_accepted(client: Client) -> None:
    begun = time.monotonic()
    response = await sent(client, "wait=1, return=representation", batch_id=new_batch_id())

    assert (response.status, response.headers["Preference-Applied"]) == (202, "wait=1")
    assert [job["status"] for job in (await response.json())["jobs"]] == ["queued"]
    assert time.monotonic() - begun >= 1


async def test_without_a_wait_nothing_is_waited_for_and_nothing_applied(client: Client) -> None:
    response = await sent(client, "return=representation", batch_id=new_batch_id())

    assert response.status == 202
    assert "Preference-Applied" not in response.headers


async def test_a_browser_is_led_to_the_page_at_once(client: Client) -> None:
    response = await sent(client, "wait=60", batch_id=(batch_id := new_batch_id()), **PAGE)

    assert response.url.path == f"/batches/{batch_id}"


async def test_one_result_is_sent_itself_if_that_is_preferred(
    client: Client, tell: Tell, store: LocalImageStore
) -> None:
    answer = sent(client, IMAGE, batch_id=(batch_id := new_batch_id()))
    (story,) = await stories_waited_for(client, batch_id)
    await store.save_rendition(story.job_id, RESULT.file, b"the result")

    await tell(story.done())

    response = await answer
    assert (response.status, response.content_type) == (200, "image/jpeg")
    assert await response.read() == b"the result"
    assert response.headers["Content-Location"] == f"/api/jobs/{story.job_id}/renditions/300x300"
    assert response.headers["Location"] == f"/api/jobs/{story.job_id}"
    assert response.headers["Preference-Applied"] == IMAGE
    assert response.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": "*"},
        {"If-Match": '"x"'},
        {"If-Modified-Since": "Fri, 01 Jan 2100 00:00:00 GMT"},
        {"If-Unmodified-Since": "Sat, 01 Jan 2000 00:00:00 GMT"},
        {"Range": "bytes=0-1"},
        {"Range": "bytes=99-"},
    ],
    ids=str,
)
async def test_the_result_of_an_upload_is_sent_whole_whatever_would_hold_for_a_file(
    client: Client, tell: Tell, store: LocalImageStore, headers: dict[str, str]
) -> None:
    answer = sent(client, IMAGE, batch_id=(batch_id := new_batch_id()), **headers)
    (story,) = await stories_waited_for(client, batch_id)
    await store.save_rendition(story.job_id, RESULT.file, b"the result")

    await tell(story.done())

    response = await answer
    assert (response.status, await response.read()) == (200, b"the result")


@pytest.mark.parametrize(
    "parts",
    [
        (file_part(PNG), file_part(PNG)),
        (file_part(PNG), file_part(b"text", "notes.txt")),
        (field_part("renditions", '[{"width": 3}, {"width": 4}]'), file_part(PNG)),
    ],
    ids=["two images", "a rejected file", "two renditions"],
)
async def test_what_is_more_than_one_result_is_told_as_jobs(
    client: Client, store: LocalImageStore, parts: tuple[bytes, ...]
) -> None:
    batch_id = new_batch_id()
    answer = sent(client, IMAGE, *parts, batch_id=batch_id)
    images = 2 if parts[0] == parts[1] else 1
    for story in await stories_waited_for(client, batch_id, jobs=images):
        await store.save_receipt(story.failed_receipt())

    response = await answer
    assert (response.status, response.headers["Preference-Applied"]) == (200, "wait=60")
    assert {job["status"] for job in (await response.json())["jobs"]} == {"failed"}


@pytest.mark.parametrize(
    ("code", "status"),
    [("image_truncated", 422), ("decoder_crashed", 500), ("storage_full", 507)],
)
async def test_a_failed_job_is_answered_with_its_problem(
    client: Client, tell: Tell, code: str, status: int
) -> None:
    answer = sent(client, IMAGE, batch_id=(batch_id := new_batch_id()))
    (story,) = await stories_waited_for(client, batch_id)

    await tell(structs.replace(story.failed(), error=JobError(code=code, detail="It ended.")))

    response = await answer
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"], problem["detail"]) == (status, code, "It ended.")
    assert response.headers["Location"] == f"/api/jobs/{story.job_id}"


async def test_a_job_that_is_called_off_is_answered_so(client: Client) -> None:
    answer = sent(client, IMAGE, batch_id=(batch_id := new_batch_id()))
    (story,) = await stories_waited_for(client, batch_id)

    await client.delete(f"/api/jobs/{story.job_id}")

    response = await answer
    problem = await response.json(content_type="application/problem+json")
    assert (response.status, problem["code"]) == (409, "job_cancelled")


@pytest.mark.parametrize(
    ("header", "understood"),
    [
        ("wait=10", Preferences(10)),
        ("WAIT = 10", Preferences(10)),
        ('wait="10"', Preferences(10)),
        ("wait=600", Preferences(60)),
        (f"wait={'9' * 5000}", Preferences(60)),
        ("wait=007", Preferences(7)),
        ("wait=0", Preferences()),
        ("wait=soon", Preferences()),
        ("wait=-1", Preferences()),
        ("wait", Preferences()),
        ("", Preferences()),
        ("wait=1, wait=2", Preferences(1)),
        ("respond-async, wait=5; of=me", Preferences(5)),
        ('foo="a, wait=3", wait=4', Preferences(4)),
        ("wait=5,return=representation", Preferences(5, wants_image=True)),
        ("return=representation; why=so, wait=5", Preferences(5, wants_image=True)),
        ("return=minimal, wait=5", Preferences(5)),
        ("return=representation", Preferences()),
    ],
)
def test_preferences_are_read_as_the_rfc_says(header: str, understood: Preferences) -> None:
    request = make_mocked_request("POST", "/upload", headers=CIMultiDict(Prefer=header))

    assert preferences_of(request) == understood


def test_preferences_in_several_headers_count_together() -> None:
    headers = CIMultiDict([("Prefer", "wait=5"), ("Prefer", "return=representation")])

    understood = preferences_of(make_mocked_request("POST", "/upload", headers=headers))

    assert understood == Preferences(5, wants_image=True)


@pytest.fixture
def impatience() -> Iterator[None]:
    """Ends what takes very much longer than it should."""

    def end(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize(
    "header",
    ["a" * 200_000 + '"', " " * 200_000 + '"', "a" + " " * 200_000 + "b", "a;" * 1_000 + " " * 6_000 + '"'],
    ids=["a long name", "spaces in front", "spaces behind", "many parameters"],
)
def test_a_header_that_is_made_to_be_slow_keeps_nobody(header: str) -> None:
    request = make_mocked_request("POST", "/upload", headers=CIMultiDict(Prefer=header + ", wait=4"))

    preferences_of(request)
