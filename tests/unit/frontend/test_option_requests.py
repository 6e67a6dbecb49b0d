"""Options over HTTP: in the address or the form, before or after the files; a wrong one leaves nothing."""

import json
from pathlib import Path

import pytest

from frontend.upload_form import FIELD_BYTES
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import DEFAULT_RENDITION, Rendition
from tests.unit.frontend.conftest import (
    Client,
    Json,
    NewFrontend,
    commands_in_queue,
    left_in,
    uploaded,
    when_ready,
)
from tests.unit.frontend.requests import FORM, PAGE, PNG, field_part, file_part, form

WIDE = Rendition(name="640w-webp", width=640, format="webp")


async def refused(client: Client, *parts: bytes, path: str = "/upload") -> Json:
    """The problem with which a form of these parts is refused."""
    async with client.post(path, data=form(*parts), headers=FORM) as response:
        assert response.status == 422, await response.text()
        problem: Json = await response.json(content_type="application/problem+json")
        assert problem["code"] == "invalid_option"
        return problem


async def asked_of_workers(amqp_url: str) -> list[tuple[Rendition, ...]]:
    return [command.renditions for command in await commands_in_queue(amqp_url)]


@pytest.mark.parametrize("place", [0, 1, 2])
async def test_options_may_come_before_and_after_the_files(client: Client, amqp_url: str, place: int) -> None:
    parts = [file_part(PNG), field_part("format", "webp")]
    parts.insert(place, field_part("width", "640"))

    async with client.post("/upload", data=form(*parts), headers=FORM) as response:
        assert response.status == 202, await response.text()

    assert await asked_of_workers(amqp_url) == [(WIDE,)]


async def test_options_in_the_address_are_for_a_raw_body_too(client: Client, amqp_url: str) -> None:
    await uploaded(client, PNG, width="640", format="webp")

    assert await asked_of_workers(amqp_url) == [(WIDE,)]


async def test_options_of_the_address_and_of_the_form_are_one(client: Client, amqp_url: str) -> None:
    body = form(file_part(PNG), field_part("width", "640"))

    async with client.post("/upload?format=webp", data=body, headers=FORM) as response:
        assert response.status == 202, await response.text()

    assert await asked_of_workers(amqp_url) == [(WIDE,)]


async def test_all_images_of_a_request_get_the_same_renditions(client: Client, amqp_url: str) -> None:
    listed = json.dumps([{"width": 640, "format": "webp"}, {"name": "tiny", "width": 16, "height": 16}])
    body = form(file_part(PNG), field_part("renditions", listed), file_part(PNG))

    async with client.post("/upload", data=body, headers=FORM) as response:
        answer = await response.json()

    tiny = Rendition(name="tiny", width=16, height=16)
    assert await asked_of_workers(amqp_url) == [(WIDE, tiny)] * 2
    assert [job["rendition_count"] for job in answer["jobs"]] == [2, 2]


async def test_what_is_asked_for_is_kept_with_the_image(client: Client, store: LocalImageStore) -> None:
    (job,) = (await uploaded(client, PNG, preset="responsive"))["jobs"]

    record = await store.load_job(JobId(job["id"]))
    assert len(record.renditions) == job["rendition_count"] == 12


async def test_an_empty_form_of_options_asks_for_the_default(client: Client, amqp_url: str) -> None:
    fields = [field_part(name, "") for name in ("width", "height", "format", "preset", "renditions")]

    async with client.post("/upload", data=form(*fields, file_part(PNG)), headers=FORM) as response:
        assert response.status == 202, await response.text()

    assert await asked_of_workers(amqp_url) == [(DEFAULT_RENDITION,)]


@pytest.mark.parametrize("place", [0, 1])
async def test_a_wrong_option_is_named_and_leaves_nothing(
    client: Client, storage: Path, amqp_url: str, place: int
) -> None:
    parts = [file_part(PNG)]
    parts.insert(place, field_part("fit", "stretch"))

    problem = await refused(client, *parts)

    assert (problem["field"], problem["value"]) == ("fit", "stretch")
    assert problem["allowed"] == ["cover", "contain", "fill", "inside", "outside"]
    assert problem["detail"] == (
        "fit has the value 'stretch'; allowed are cover, contain, fill, inside, outside."
    )
    assert left_in(storage) == []
    assert await commands_in_queue(amqp_url) == []


async def test_a_wrong_option_before_the_files_is_answered_before_they_are_read(
    client: Client, storage: Path
) -> None:
    async def body() -> object:
        yield form(field_part("width", "0"), file_part(PNG))[:-40]

    async with client.post("/upload", data=body(), headers=FORM) as response:
        assert response.status == 422  # read on, the form would turn out to be cut off, which is a 400
    assert left_in(storage) == []


async def test_options_that_contradict_each_other_across_the_files_leave_nothing(
    client: Client, storage: Path
) -> None:
    problem = await refused(
        client, field_part("format", "jpeg"), file_part(PNG), field_part("lossless", "true")
    )

    assert problem["field"] == "lossless"
    assert left_in(storage) == []


async def test_an_option_of_the_address_is_not_given_again_in_the_form(client: Client) -> None:
    problem = await refused(client, field_part("width", "640"), file_part(PNG), path="/upload?width=640")

    assert (problem["field"], problem["allowed"]) == ("width", "one value")


async def test_a_file_under_another_name_is_told_what_it_should_have_been(client: Client) -> None:
    problem = await refused(client, file_part(PNG + bytes(200_000), "holiday.png", field="files"))

    assert (problem["field"], problem["value"]) == ("files", "holiday.png")
    assert "did you mean 'file'?" in problem["detail"]


async def test_a_list_of_renditions_may_be_sent_as_a_file(client: Client, amqp_url: str) -> None:
    parts = [
        file_part(b'[{"width": 640, "format": "webp"}]', "list.json", field="renditions"),
        file_part(PNG),
    ]

    async with client.post("/upload", data=form(*parts), headers=FORM) as response:
        assert response.status == 202, await response.text()

    assert await asked_of_workers(amqp_url) == [(WIDE,)]


async def test_an_endless_option_is_refused(client: Client) -> None:
    problem = await refused(client, field_part("renditions", "[" + " " * FIELD_BYTES + "{}]"), file_part(PNG))

    assert problem["field"] == "renditions"
    assert "at most 65,536 bytes" in problem["detail"]
    assert len(problem["value"]) <= 80


async def test_the_name_of_an_option_may_be_any_bytes(client: Client) -> None:
    nameless = b'Content-Disposition: form-data; name="\xff\xfe"\r\n\r\n1'

    problem = await refused(client, nameless, file_part(PNG))

    assert "there is no such option" in problem["detail"]


async def test_a_person_sees_which_option_is_wrong(client: Client) -> None:
    body = form(field_part("width", "<b>wide"), file_part(PNG))

    async with client.post("/upload", data=body, headers=FORM | PAGE) as response:
        page = await response.text()

    assert (response.status, response.content_type) == (422, "text/html")
    assert "&lt;b&gt;wide" in page
    assert "<b>" not in page


async def test_an_operator_sets_how_much_may_be_asked_for(
    new_frontend: NewFrontend, amqp_url: str, tmp_path: Path
) -> None:
    presets = tmp_path / "mine.toml"
    presets.write_text("[card]\nwidth = 10\nheight = 10\n")
    client = await when_ready(
        await new_frontend(amqp_url, max_renditions=1, max_output_pixels=100, presets_file=presets)
    )

    await uploaded(client, PNG, preset="card")
    for options in ({"preset": "thumbnail"}, {"preset": "card,card"}, {"width": "11", "height": "10"}):
        async with client.put("/upload/a.png", data=PNG, params=options) as response:
            assert response.status == 422, options

    assert await asked_of_workers(amqp_url) == [(Rendition(name="10x10", width=10, height=10),)]
