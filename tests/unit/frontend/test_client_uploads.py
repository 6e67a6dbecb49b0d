"""Uploads of the Python client at a real frontend: whatever is lost on the way, an image is one job."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from image_resizer import Client as Resizer
from image_resizer import NotLetIn, Refused, SourceChanged, Unreachable, WrongOption, tus
from image_resizer.local_image import LocalImage
from image_resizer.remembered import RememberedUploads
from image_resizer.site import Site
from image_resizer.uploading import Uploader, new_batch_id
from tests.unit.frontend.conftest import Client, NewFrontend, when_ready
from tests.unit.frontend.key_files import key_file
from tests.unit.frontend.requests import PNG
from tests.unit.frontend.tus import TUS

Step = Callable[..., Awaitable[Any]]


def write(path: Path, data: bytes) -> None:
    path.write_bytes(data)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "holiday.png"
    write(path, PNG)
    return path


@pytest.fixture
def resizer(client: Client, tmp_path: Path) -> Resizer:
    """A client of the frontend, not opened yet."""
    return of(client, tmp_path)


def of(client: Client, tmp_path: Path, key: str | None = None) -> Resizer:
    return Resizer(str(client.make_url("/")), state=tmp_path / "state", patience_s=10, key=key)


def remembered(tmp_path: Path) -> list[Path]:
    return list(tmp_path.glob("state/uploads/*"))


async def jobs(client: Client) -> list[str]:
    async with client.get("/api/jobs") as response:
        return [job["name"] for job in (await response.json())["jobs"]]


def once(step: Step, before: Step | None = None, *, is_lost: bool = True) -> Step:
    """The step, before which the first time something else happens, and whose first answer may be lost."""
    calls = 0

    async def wrapped(*arguments: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 1 and before:
            await before(*arguments)
        answer = await step(*arguments, **more)
        if calls == 1 and is_lost:
            raise Unreachable("The answer was lost.")
        return answer

    return wrapped


@pytest.mark.parametrize("step", ["create", "look", "append"])
async def test_whichever_answer_is_lost_an_image_is_one_job(
    client: Client,
    resizer: Resizer,
    picture: Path,
    tmp_path: Path,
    step: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tus, step, once(getattr(tus, step)))
    if step == "look":  # which is there only after something else was lost
        monkeypatch.setattr(tus, "append", once(tus.append))
    sent: list[int] = []

    async with resizer:
        job = await resizer.upload(picture, width=64, on_sent=sent.append)

    assert (job.name, job.rendition_count) == ("holiday.png", 1)
    assert await jobs(client) == ["holiday.png"]
    assert sent[-1] == len(PNG)
    assert remembered(tmp_path) == []


async def test_an_upload_that_the_server_knows_no_more_is_begun_anew(
    client: Client, resizer: Resizer, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def remove(_: object, path: str) -> None:
        async with client.delete(path, headers=TUS) as response:
            assert response.status == 204

    monkeypatch.setattr(tus, "append", once(tus.append, before=remove, is_lost=False))

    async with resizer:
        await resizer.upload(picture)

    assert await jobs(client) == ["holiday.png"]


async def test_who_sends_from_the_wrong_place_asks_where_it_is(
    client: Client, resizer: Resizer, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send_half(site: Any, path: str) -> None:
        headers = {**TUS, "Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        async with client.patch(path, data=PNG[:20], headers=headers) as response:
            assert response.status == 204

    monkeypatch.setattr(tus, "append", once(tus.append, before=send_half, is_lost=False))

    async with resizer:
        await resizer.upload(picture)

    assert await jobs(client) == ["holiday.png"]


async def test_a_file_that_is_changed_meanwhile_is_not_sent(
    client: Client, resizer: Resizer, picture: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def change(*_: object) -> None:
        write(picture, PNG + b"more")

    monkeypatch.setattr(tus, "append", once(tus.append, before=change, is_lost=False))

    async with resizer:
        with pytest.raises(SourceChanged):
            await resizer.upload(picture)

    assert await jobs(client) == []
    assert remembered(tmp_path) == []
    assert not list((tmp_path / "storage").glob("unfinished/*"))


async def test_what_is_refused_is_told_with_its_code_and_forgotten(
    resizer: Resizer, picture: Path, tmp_path: Path
) -> None:
    async with resizer:
        with pytest.raises(WrongOption, match="nowhere"):
            await resizer.upload(picture, position="nowhere")
        write(picture, b"This is no image." * 100)
        with pytest.raises(Refused) as refused:
            await resizer.upload(picture)

    assert refused.value.code == "not_an_image"
    assert remembered(tmp_path) == []


async def test_what_was_sent_before_is_found_as_long_as_the_server_has_it(
    client: Client, picture: Path, tmp_path: Path
) -> None:
    image, remembered = LocalImage.at(picture), RememberedUploads(tmp_path / "state")
    async with Site.opened(client.make_url("/"), key=None, patience_s=0) as site:
        uploader = Uploader(site, key=None, remembered=remembered)
        first = await uploader.upload(image, {}, new_batch_id())

        assert await uploader.upload(image, {}, new_batch_id()) == first
        assert uploader.batch_of(image, {}) == first.batch_id
        assert await jobs(client) == ["holiday.png"]

        for _ in ("called off", "removed"):
            await site.ask("DELETE", f"/api/jobs/{first.job_id}")
        assert await uploader.upload(image, {}, new_batch_id()) != first
        assert await jobs(client) == ["holiday.png"]


async def test_images_of_a_key_are_sent_followed_and_fetched_with_it(
    new_frontend: NewFrontend, amqp_url: str, picture: Path, tmp_path: Path
) -> None:
    keys = key_file(tmp_path / "api_keys.toml", shop="")
    client = await when_ready(await new_frontend(amqp_url, api_keys=keys.path))

    async with of(client, tmp_path) as nobody:
        with pytest.raises(NotLetIn) as refused:
            await nobody.check()
        assert refused.value.code == "key_missing"

    async with of(client, tmp_path, keys.secrets["shop"]) as shop:
        job = await shop.upload(picture)
        assert job.batch_id
        followed = await anext(shop.follow(job.batch_id))
        assert followed.id == job.id


async def test_images_that_are_given_twice_are_sent_once(
    client: Client, resizer: Resizer, picture: Path
) -> None:
    async with resizer:
        errands = await resizer.resize_all([picture, str(picture)], out=None)

    assert [errand.image for errand in errands] == [LocalImage.at(picture)]
    assert await jobs(client) == ["holiday.png"]
