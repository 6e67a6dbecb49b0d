"""The files: their names and types, whole or in part, and what is said to those who have them already."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from frontend.handlers.jobs import KEEP_FOR_GOOD
from frontend.middlewares import add_headers
from frontend.stored_file import stored_file
from pipeline.ids import BatchId, JobId, day_of
from pipeline.local_store import LocalImageStore
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, Tell, uploaded
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.story import RESULT, Story
from tests.unit.frontend.test_error_shape import check_problem

DATA = bytes(range(100))
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.fixture
async def rendition(client: Client, store: LocalImageStore) -> str:
    """The address of a rendition with DATA in it, of an image called `für Élise.png`."""
    (job,) = (await uploaded(client, PNG, "für Élise.png"))["jobs"]
    story = Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]))
    story.name = "für Élise.png"
    await store.save_rendition(story.job_id, RESULT.file, DATA)
    await store.save_receipt(story.receipt())
    return f"/api/jobs/{story.job_id}/renditions/300x300"


async def validators(client: Client, address: str) -> tuple[str, str]:
    """The ETag and the date of a file."""
    async with client.head(address) as response:
        return response.headers["ETag"], response.headers["Last-Modified"]


async def test_a_rendition_is_shown_under_the_name_of_its_image(client: Client, rendition: str) -> None:
    async with client.get(rendition) as response:
        assert response.headers["Content-Disposition"] == (
            "inline; filename=\"fur Elise_300x300.jpg\"; filename*=UTF-8''f%C3%BCr%20%C3%89lise_300x300.jpg"
        )
        assert response.headers["Cache-Control"] == "private, max-age=31536000, immutable"
        assert response.headers["Content-Type"] == "image/jpeg"


async def test_an_image_is_shown_under_its_own_name(client: Client) -> None:
    (job,) = (await uploaded(client, PNG, "cat.html"))["jobs"]

    async with client.get(job["source"]["url"]) as response:
        assert response.headers["Content-Disposition"].startswith('inline; filename="cat.png"')
        assert response.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize(("word", "kind"), [("1", "attachment"), ("true", "attachment"), ("0", "inline")])
async def test_a_file_is_saved_when_that_is_asked_for(
    client: Client, rendition: str, word: str, kind: str
) -> None:
    async with client.get(rendition, params={"download": word}) as response:
        assert response.headers["Content-Disposition"].startswith(f"{kind};")
        assert await response.read() == DATA


async def test_a_download_that_is_neither_asked_for_nor_not_is_a_problem(
    client: Client, rendition: str
) -> None:
    async with client.get(rendition, params={"download": "maybe"}) as response:
        await check_problem(response, 422, "invalid_option")
        assert "Content-Disposition" not in response.headers


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "image/jpeg\r\nX: y", "nonsense"])
async def test_a_type_that_somebody_has_typed_is_not_believed(
    client: Client, tell: Tell, store: LocalImageStore, media_type: str
) -> None:
    story = Story()
    await store.save_rendition(story.job_id, "lie.svg", SVG)
    lie = type(RESULT)(name="lie", file="lie.svg", width=1, height=1, media_type=media_type, bytes=6)
    await tell(type(story.ready())(job_id=story.job_id, batch_id=story.batch_id, result=lie))

    async def is_there() -> bool:
        async with client.get(f"/api/jobs/{story.job_id}/renditions/lie?download=0") as response:
            return response.status == 200

    await eventually(is_there)
    async with client.get(f"/api/jobs/{story.job_id}/renditions/lie?download=0") as response:
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["Content-Disposition"].startswith("attachment;")
        assert response.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("wanted", "begin", "end"),
    [("bytes=0-9", 0, 10), ("bytes=90-", 90, 100), ("bytes=-5", 95, 100), ("bytes=50-5000", 50, 100)],
)
async def test_a_part_of_a_file_is_sent(
    client: Client, rendition: str, wanted: str, begin: int, end: int
) -> None:
    async with client.get(rendition, headers={"Range": wanted}) as response:
        assert (response.status, await response.read()) == (206, DATA[begin:end])
        assert response.headers["Content-Range"] == f"bytes {begin}-{end - 1}/100"
        assert response.headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize("wanted", ["bytes=100-", "bytes=5000-6000", "bytes=-0"])
async def test_a_part_that_is_not_there_is_a_problem(client: Client, rendition: str, wanted: str) -> None:
    async with client.get(rendition, headers={"Range": wanted}) as response:
        await check_problem(response, 416, "requested_range_not_satisfiable")
        assert response.headers["Content-Range"] == "bytes */100"
        assert "immutable" not in response.headers["Cache-Control"]


async def test_who_has_the_file_is_told_so_though_the_range_is_not_there(
    client: Client, rendition: str
) -> None:
    async with client.get(rendition) as response:
        known = {"If-None-Match": response.headers["ETag"]}
        seen = {"If-Modified-Since": response.headers["Last-Modified"]}

    for condition in (known, seen):
        async with client.get(rendition, headers=condition | {"Range": "bytes=999-"}) as response:
            assert response.status == 304


@pytest.mark.parametrize(
    "wanted",
    ["bytes=9-5", "bytes=0-1,5-6", "pages=1-2", "bytes=-", "nonsense", f"bytes={'9' * 5_000}-"],
    ids=["backwards", "several", "of pages", "without an end", "nonsense", "with thousands of digits"],
)
async def test_a_range_that_is_none_or_several_gets_the_whole_file(
    client: Client, rendition: str, wanted: str
) -> None:
    async with client.get(rendition, headers={"Range": wanted}) as response:
        assert (response.status, await response.read()) == (200, DATA)


async def test_a_part_is_sent_to_those_who_have_the_same_file(client: Client, rendition: str) -> None:
    for condition in await validators(client, rendition):
        headers = {"Range": "bytes=10-19", "If-Range": condition}
        async with client.get(rendition, headers=headers) as response:
            assert (response.status, await response.read()) == (206, DATA[10:20])


@pytest.mark.parametrize("condition", ['"another"', "Thu, 01 Jan 1970 00:00:00 GMT", "nonsense", "weak"])
async def test_the_whole_file_is_sent_to_those_who_have_another(
    client: Client, rendition: str, condition: str
) -> None:
    etag, _ = await validators(client, rendition)
    headers = {"Range": "bytes=10-19", "If-Range": f"W/{etag}" if condition == "weak" else condition}

    async with client.get(rendition, headers=headers) as response:
        assert (response.status, await response.read()) == (200, DATA)


async def test_a_file_that_is_kept_is_not_sent_again(client: Client, rendition: str) -> None:
    etag, date = await validators(client, rendition)
    assert etag.startswith('"')

    for headers in (
        {"If-None-Match": f'"x", {etag}'},
        {"If-None-Match": f"W/{etag}"},
        {"If-Modified-Since": date},
    ):
        async with client.get(rendition, headers=headers) as response:
            assert (response.status, await response.read()) == (304, b"")
            assert response.headers["ETag"] == etag
            assert "immutable" in response.headers["Cache-Control"]


async def test_a_file_is_not_sent_to_those_who_want_another(client: Client, rendition: str) -> None:
    etag, _ = await validators(client, rendition)

    for headers in (
        {"If-Match": '"x"'},
        {"If-Match": f"W/{etag}"},
        {"If-Unmodified-Since": "Thu, 01 Jan 1970 00:00:00 GMT"},
    ):
        async with client.get(rendition, headers=headers) as response:
            await check_problem(response, 412, "precondition_failed")
    for value in (etag, "*"):
        async with client.get(rendition, headers={"If-Match": value}) as response:
            assert response.status == 200


async def test_the_head_of_a_file_is_that_of_the_whole(client: Client, rendition: str) -> None:
    async with client.head(rendition, headers={"Range": "bytes=0-9"}) as response:
        assert (response.status, response.headers["Content-Length"]) == (200, "100")
        assert await response.read() == b""


async def test_a_file_that_is_gone_is_a_problem(client: Client, rendition: str, storage: Path) -> None:
    job_id = JobId(rendition.split("/")[3])
    (storage / "processed" / day_of(job_id) / job_id / RESULT.file).unlink()

    async with client.get(rendition) as response:
        await check_problem(response, 404, "job_not_found")


async def test_that_a_file_cannot_be_opened_is_not_kept_for_good(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.touch()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = stored_file(request, file, dict(KEEP_FOR_GOOD))
        file.unlink()
        return response

    app = web.Application()
    app.router.add_get("/", answer)
    app.on_response_prepare.append(add_headers)
    async with TestClient(TestServer(app)) as plain, plain.get("/") as response:
        assert (response.status, response.headers["Cache-Control"]) == (404, "no-cache")
