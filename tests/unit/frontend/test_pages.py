"""The page, which works without JavaScript too: forms in, rows out, and nothing in it that is not text."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import ClientResponse

from frontend.handlers.static_files import STATIC
from pipeline.ids import JobId, new_batch_id
from pipeline.image_formats import FORMATS
from pipeline.local_store import LocalImageStore
from pipeline.messages import WorkerHeartbeat
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, NewFrontend, Tell, uploaded, when_ready
from tests.unit.frontend.html_page import Page
from tests.unit.frontend.requests import FORM, PAGE, PNG, field_part, file_part, form
from tests.unit.frontend.story import Story

EVIL = "<img src=x onerror=alert(1)>.png"


async def sent(client: Client, body: bytes) -> ClientResponse:
    """The answer to a form that a browser without JavaScript sends."""
    return await client.post("/upload", data=body, headers=FORM | PAGE, allow_redirects=False)


async def page_at(client: Client, path: str) -> Page:
    async with client.get(path, headers=PAGE) as response:
        assert (response.status, response.content_type) == (200, "text/html"), await response.text()
        return Page(await response.text())


async def test_the_page_has_a_form_that_needs_no_javascript(client: Client) -> None:
    page = await page_at(client, "/")

    (sent_form,) = page.all("form", id="upload-form")
    (file,) = page.all("input", type="file")
    assert (sent_form["method"], sent_form["action"], sent_form["enctype"]) == (
        "post",
        "/upload",
        "multipart/form-data",
    )
    assert file["name"] == "file"
    assert "multiple" in file
    assert page.all("input", type="hidden", name="batch_id")


async def test_every_page_starts_a_batch_of_its_own(client: Client) -> None:
    pages = [await page_at(client, "/") for _ in range(2)]
    first, second = (page.all("input", name="batch_id")[0]["value"] for page in pages)

    assert first != second


async def test_a_form_without_javascript_leads_to_the_page_of_its_batch(client: Client) -> None:
    batch_id = new_batch_id()

    response = await sent(client, form(field_part("batch_id", batch_id), file_part(PNG)))

    assert response.status == 303
    assert response.headers["Location"] == f"/batches/{batch_id}"
    assert "X-Request-Id" in response.headers


async def test_the_page_of_a_batch_shows_its_jobs_in_rows(client: Client) -> None:
    response = await sent(client, form(file_part(PNG, "a.png"), file_part(PNG, "b.png")))

    page = await page_at(client, response.headers["Location"])

    assert len([row for row in page.all("li", class_="job") if "data-job-id" in row]) == 2
    assert [cell["title"] for cell in page.all("p", class_="job-name") if "title" in cell] == [
        "a.png",
        "b.png",
    ]


async def test_a_name_that_is_markup_is_shown_as_text(client: Client) -> None:
    response = await sent(client, form(file_part(PNG, EVIL), file_part(b"text", EVIL + "2")))

    page = await page_at(client, response.headers["Location"])

    assert EVIL in page.text
    assert page.all("img", src="x") == []
    assert [cell["title"] for cell in page.all("p", class_="job-name") if "title" in cell] == [EVIL]
    assert page.inline_code() == []


async def test_the_page_comes_again_by_itself_until_every_job_has_ended(
    client: Client, store: LocalImageStore
) -> None:
    answer = await uploaded(client, PNG)
    path = answer["batch"]["page"]
    (job,) = answer["jobs"]
    assert (await page_at(client, path)).all("meta", http_equiv="refresh")

    await store.save_receipt(Story(job_id=JobId(job["id"])).receipt())

    page = await page_at(client, path)
    assert page.all("meta", http_equiv="refresh") == []
    assert page.all("li", data_status="done")
    assert page.all("img", src=f"/api/jobs/{job['id']}/renditions/300x300")


async def test_files_that_were_not_accepted_are_shown_with_the_reason(client: Client) -> None:
    response = await sent(
        client, form(file_part(PNG), file_part(b"text", "a b&c=<d>.txt"), file_part(b"", "e.png"))
    )

    page = await page_at(client, response.headers["Location"])

    assert [row["data-code"] for row in page.all("li") if "data-code" in row] == [
        "not_an_image",
        "empty_file",
    ]
    assert "a b&c=<d>.txt" in page.text
    assert "2 files were not accepted" in page.text


async def test_many_rejected_files_with_long_names_do_not_break_the_way_to_the_page(client: Client) -> None:
    rejected = [file_part(b"text", "写" * 150 + f"{number}.txt") for number in range(30)]

    response = await sent(client, form(file_part(PNG), *rejected))

    page = await page_at(client, response.headers["Location"])
    assert [row["data-code"] for row in page.all("li") if "data-code" in row]


async def test_an_address_cannot_put_words_into_the_page_that_are_not_names_of_files(client: Client) -> None:
    page_path = (await uploaded(client, PNG))["batch"]["page"]

    page = await page_at(client, f"{page_path}?rejected=you_have_won%20call%20us&rejected=<script>&rejected=")

    assert "call us" not in page.text
    assert page.inline_code() == []


async def test_a_batch_whose_jobs_are_refused_as_a_whole_has_no_page_to_go_to(client: Client) -> None:
    response = await sent(client, form(file_part(b"text", "a.txt")))

    assert response.status == 415
    assert Page(await response.text()).all("a", href="/")


@pytest.mark.parametrize("path", ["/", "/nothing", "batch"])
async def test_nothing_in_a_page_is_inline_and_its_policy_says_so(client: Client, path: str) -> None:
    if path == "batch":
        path = (await uploaded(client, PNG, EVIL.replace("/", "")))["batch"]["page"]
    async with client.get(path, headers=PAGE) as response:
        page = Page(await response.text())
        policy = response.headers["Content-Security-Policy"]

    assert page.inline_code() == []
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
    assert "frame-ancestors 'none'" in policy


@pytest.mark.parametrize("path", ["/", "/nothing"])
async def test_everything_that_a_page_needs_is_there(client: Client, path: str) -> None:
    async with client.get(path, headers=PAGE) as response:
        page = Page(await response.text())
    needed = [link["href"] for link in page.all("link")] + [script["src"] for script in page.all("script")]
    assert needed

    for address in needed:
        async with client.get(str(address)) as response:
            assert response.status == 200, address


async def test_the_files_of_the_page_have_their_types_and_are_asked_for_again(lonely: Client) -> None:
    types = {
        ".css": {"text/css"},
        ".js": {"text/javascript", "application/javascript"},
        ".svg": {"image/svg+xml"},
        ".txt": {"text/plain"},
    }
    for path in STATIC.iterdir():
        async with lonely.get(f"/static/{path.name}") as response:
            assert response.status == 200
            assert response.content_type in types[path.suffix]
            assert response.headers["Cache-Control"] == "no-cache"
            assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_scripts_import_only_scripts_that_are_there() -> None:
    names = {path.name for path in STATIC.iterdir()}
    for path in STATIC.glob("*.js"):
        for imported in re.findall(r'(?:from|import)\s*\(?"([^"]+)"', path.read_text()):
            name = imported.removeprefix("./").removeprefix("/static/")
            assert name in names, f"{path.name} imports {imported}"


async def test_the_page_is_there_without_a_broker(lonely: Client) -> None:
    assert (await page_at(lonely, "/")).all("form", id="upload-form")


async def test_the_page_knows_the_limits_of_its_server(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await when_ready(await new_frontend(amqp_url, max_upload_bytes=123_456))

    (main,) = (await page_at(client, "/")).all("main")

    assert main["data-max-upload-bytes"] == "123456"


async def test_the_page_offers_every_kind_of_file_that_is_taken(client: Client) -> None:
    (file,) = (await page_at(client, "/")).all("input", type="file")

    accepted = set(str(file["accept"]).split(","))
    for image_format in FORMATS:
        assert {image_format.media_type, image_format.suffix} <= accepted


async def test_the_page_offers_the_presets_of_the_operator(
    new_frontend: NewFrontend, amqp_url: str, tmp_path: Path
) -> None:
    presets = tmp_path / "mine.toml"
    presets.write_text('[card]\ntitle = "For <cards>"\nwidth = 10\n')
    client = await when_ready(await new_frontend(amqp_url, presets_file=presets))

    page = await page_at(client, "/")

    assert "For <cards>" in page.text
    assert "Thumbnail" not in page.text


async def test_the_console_is_linked_when_there_is_one(new_frontend: NewFrontend, amqp_url: str) -> None:
    console = "http://broker.example:15672/"
    with_console = await when_ready(await new_frontend(amqp_url, console_url=console))
    without = await when_ready(await new_frontend(amqp_url))

    assert (await page_at(with_console, "/")).all("a", href=console)
    assert (await page_at(without, "/")).all("a", href="") == []


async def test_a_redirect_carries_what_was_rejected_and_no_more(client: Client) -> None:
    response = await sent(client, form(file_part(PNG), file_part(b"text", "a b.txt")))

    location = urlsplit(response.headers["Location"])
    assert parse_qs(location.query) == {"rejected": ["not_an_image a b.txt"]}
    assert location.netloc == ""


async def test_a_job_that_waits_shows_its_place(client: Client) -> None:
    answer = await uploaded(client, PNG)

    async def has_place() -> bool:
        page = await page_at(client, answer["batch"]["page"])
        return "in the queue" in page.text

    await eventually(has_place)


async def test_a_job_that_waits_shows_about_how_long_once_another_has_ended(
    client: Client, tell: Tell
) -> None:
    await tell(WorkerHeartbeat(worker="worker-1", slots=1, busy=()), Story().done())
    answer = await uploaded(client, PNG)

    async def has_time() -> bool:
        page = await page_at(client, answer["batch"]["page"])
        return re.search(r"next in the queue, about \d+ s", page.text) is not None

    await eventually(has_time)
