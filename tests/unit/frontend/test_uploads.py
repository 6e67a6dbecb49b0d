"""Images in, jobs out: every way to send them, and what is answered."""

import hashlib
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from pipeline.ids import JobId, new_batch_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import DEFAULT_RENDITION, ResizeImage
from pipeline.work_key import work_key
from tests.unit.frontend.conftest import (
    Client,
    Json,
    NewFrontend,
    commands_in_queue,
    left_in,
    uploaded,
    when_ready,
)
from tests.unit.frontend.requests import FORM, PNG, field_part, file_part, form, image


async def posted(client: Client, body: bytes, headers: dict[str, str] = FORM, path: str = "/upload") -> Json:
    async with client.post(path, data=body, headers=headers) as response:
        assert response.status == 202, await response.text()
        answer: Json = await response.json()
        return answer


@pytest.mark.parametrize("path", ["/upload", "/api/images"])
async def test_a_form_with_a_file_becomes_a_job(client: Client, path: str) -> None:
    async with client.post(path, data=form(file_part(PNG)), headers=FORM) as response:
        answer = await response.json()

    (job,) = answer["jobs"]
    assert response.status == 202
    assert response.content_type == "application/json"
    assert response.headers["Location"] == f"/api/jobs/{job['id']}"
    assert answer["rejected"] == []
    assert answer["batch"] == {
        "id": job["batch_id"],
        "url": f"/api/batches/{job['batch_id']}",
        "page": f"/batches/{job['batch_id']}",
    }


async def test_a_job_is_answered_in_the_shape_in_which_it_can_be_asked_for(client: Client) -> None:
    (job,) = (await uploaded(client, PNG))["jobs"]

    async with client.get(f"/api/jobs/{job['id']}") as response:
        asked_for = await response.json()

    assert job["source"] == {
        "media_type": "image/png",
        "bytes": len(PNG),
        "width": None,
        "height": None,
        "url": f"/api/jobs/{job['id']}/source",
    }
    assert (job["status"], job["name"], job["attempt"]) == ("queued", "holiday.png", 1)
    assert asked_for.keys() == job.keys()
    assert {**asked_for, "position": None} == {**job, "position": None}


async def test_what_is_accepted_is_in_the_store_and_in_the_queue(
    client: Client, store: LocalImageStore, amqp_url: str
) -> None:
    answer = await uploaded(client, PNG)

    (job,) = answer["jobs"]
    record = await store.load_job(JobId(job["id"]))
    assert store.source_file(record.source_path).read_bytes() == PNG
    assert (record.name, record.batch_id) == ("holiday.png", answer["batch"]["id"])
    assert await commands_in_queue(amqp_url) == [
        ResizeImage(
            job_id=job["id"],
            batch_id=answer["batch"]["id"],
            source=record.source_path,
            renditions=(DEFAULT_RENDITION,),
            work=work_key(
                sha256=hashlib.sha256(PNG).hexdigest(), renditions=(DEFAULT_RENDITION,), owner=None
            ),
        )
    ]


async def test_a_raw_body_is_an_image_and_may_be_named_in_the_address(client: Client) -> None:
    answer = await posted(client, PNG, {"Content-Type": "image/png"}, "/upload?name=beach.png")

    assert [job["name"] for job in answer["jobs"]] == ["beach.png"]


async def test_a_raw_body_needs_no_name(client: Client) -> None:
    answer = await posted(client, PNG, {"Content-Type": "image/png"})

    assert [job["name"] for job in answer["jobs"]] == ["image"]


async def test_an_image_can_be_put_without_telling_its_type(client: Client) -> None:
    async with client.put("/upload/a%20b.jpg", data=image("JPEG")) as response:
        answer = await response.json()

    assert [(job["name"], job["source"]["media_type"]) for job in answer["jobs"]] == [
        ("a b.jpg", "image/jpeg")
    ]


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP"])
async def test_every_format_is_known_by_its_bytes_whatever_it_is_called(
    client: Client, image_format: str
) -> None:
    (job,) = (await uploaded(client, image(image_format), "list.txt"))["jobs"]

    assert job["name"] == "list.txt"
    assert job["source"]["media_type"] == f"image/{image_format.lower()}"


async def test_a_body_without_a_stated_length_is_taken_as_it_comes(client: Client) -> None:
    async def chunks() -> object:
        for byte in PNG:
            yield bytes([byte])

    async with client.put("/upload/a.png", data=chunks()) as response:
        (job,) = (await response.json())["jobs"]

    assert job["source"]["bytes"] == len(PNG)


async def test_several_files_become_a_batch_in_their_order(client: Client, amqp_url: str) -> None:
    names = ["c.png", "a.png", "b.png"]

    answer = await posted(client, form(*(file_part(PNG, name) for name in names)))

    assert [job["name"] for job in answer["jobs"]] == names
    assert {job["batch_id"] for job in answer["jobs"]} == {answer["batch"]["id"]}
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [
        j["id"] for j in answer["jobs"]
    ]


async def test_several_files_are_to_be_found_at_their_batch(client: Client) -> None:
    async with client.post("/upload", data=form(file_part(PNG), file_part(PNG)), headers=FORM) as response:
        location = response.headers["Location"]
        answer = await response.json()

    async with client.get(location) as response:
        batch = await response.json()

    assert location == answer["batch"]["url"]
    assert batch["counts"] == {"queued": 2}
    assert [job["id"] for job in batch["jobs"]] == [job["id"] for job in answer["jobs"]]


@pytest.mark.parametrize("place", [0, 1])
async def test_the_client_may_name_the_batch_before_or_after_the_files(client: Client, place: int) -> None:
    batch_id = new_batch_id()
    parts = [file_part(PNG)]
    parts.insert(place, field_part("batch_id", batch_id))

    answer = await posted(client, form(*parts))

    assert answer["batch"]["id"] == batch_id
    assert [job["batch_id"] for job in answer["jobs"]] == [batch_id]


async def test_a_batch_named_in_the_address_grows_with_every_request(client: Client) -> None:
    batch_id = new_batch_id()
    first = await uploaded(client, PNG, batch_id=batch_id)
    second = await uploaded(client, PNG, batch_id=batch_id.upper())

    async with client.get(f"/api/batches/{batch_id}") as response:
        batch = await response.json()

    assert [job["id"] for job in batch["jobs"]] == [first["jobs"][0]["id"], second["jobs"][0]["id"]]


async def test_a_file_that_is_no_image_is_rejected_by_name_and_the_others_go_on(
    client: Client, storage: Path
) -> None:
    parts = [
        file_part(PNG, "a.png"),
        file_part(b"text", "<b>.txt"),
        file_part(b"", "c.png"),
        file_part(PNG, "d.png"),
    ]

    answer = await posted(client, form(*parts))

    assert [job["name"] for job in answer["jobs"]] == ["a.png", "d.png"]
    assert answer["rejected"] == [
        {
            "name": "<b>.txt",
            "code": "not_an_image",
            "detail": "Not an image of these kinds: JPEG, PNG, WebP, AVIF, GIF, TIFF, BMP, HEIC, JPEG XL.",
        },
        {"name": "c.png", "code": "empty_file", "detail": "The file is empty."},
    ]
    assert len([path for path in left_in(storage) if path.endswith(".png")]) == 2


async def test_a_field_in_which_no_file_was_chosen_is_passed_over(client: Client) -> None:
    answer = await posted(client, form(file_part(b"", ""), file_part(PNG, "a.png")))

    assert [job["name"] for job in answer["jobs"]] == ["a.png"]
    assert answer["rejected"] == []


@pytest.mark.parametrize(
    ("sent", "shown", "stored"),
    [
        ("../../etc/passwd.png", "passwd.png", "passwd.png"),
        ("..", "..", "image.png"),
        ("%3Cimg src=x%3E.png", "%3Cimg src=x%3E.png", "3Cimg_src_x_3E.png"),
        ("<img src=x>.png", "<img src=x>.png", "img_src_x.png"),
        ("写真.png", "写真.png", "写真.png"),
        ("C:\\\\photos\\\\a.png", "a.png", "a.png"),
        ("a\u202egnp.exe", "agnp.exe", "agnp.png"),
        ("n" * 5000 + ".png", "n" * 200, "n" * 100 + ".png"),
    ],
)
async def test_a_name_is_shown_as_text_and_stored_as_a_file_name(
    client: Client, storage: Path, sent: str, shown: str, stored: str
) -> None:
    answer = await posted(client, form(file_part(PNG, sent)))

    (job,) = answer["jobs"]
    assert job["name"] == shown
    assert {Path(path).name for path in left_in(storage)} == {
        job["id"],
        "job.json",
        stored,
        answer["batch"]["id"],
    }


async def test_the_length_that_a_part_states_is_not_believed(client: Client) -> None:
    lying = [b"Content-Length: %s\r\n" % length + file_part(PNG) for length in (b"5", b"10000", b"many")]

    answer = await posted(client, form(*lying))

    assert [job["source"]["bytes"] for job in answer["jobs"]] == [len(PNG)] * 3


async def test_a_form_as_aiohttp_makes_it_is_understood(client: Client) -> None:
    data = aiohttp.FormData(quote_fields=False)
    data.add_field("file", PNG, filename="ü.png", content_type="image/png")

    async with client.post("/upload", data=data) as response:
        (job,) = (await response.json())["jobs"]

    assert job["name"] == "ü.png"


async def test_images_of_exactly_the_allowed_size_and_number_are_taken(
    new_frontend: NewFrontend, amqp_url: str
) -> None:
    body = form(file_part(PNG), file_part(PNG))
    client = await when_ready(
        await new_frontend(amqp_url, max_upload_bytes=len(PNG), max_files=2, max_request_bytes=len(body))
    )

    assert len((await posted(client, body))["jobs"]) == 2


@pytest.mark.parametrize("name", ["a{1}.png", "100%.png", "ä ö.png"])
async def test_a_name_in_the_path_may_have_any_character_but_a_slash(client: Client, name: str) -> None:
    async with client.put(URL("/upload").joinpath(name), data=PNG) as response:
        assert response.status == 202
        (job,) = (await response.json())["jobs"]

    assert job["name"] == name


async def test_fields_without_text_count_as_not_given(client: Client) -> None:
    batch_id = new_batch_id()
    empty, given = field_part("batch_id", ""), field_part("batch_id", f" {batch_id} ")
    async with client.post("/upload", data=form(empty, given, file_part(PNG)), headers=FORM) as response:
        assert response.status == 202
        assert (await response.json())["batch"]["id"] == batch_id
