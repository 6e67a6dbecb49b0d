"""With API keys: who has none is not let in, and what belongs to one name is not there for another."""

from pathlib import Path

import pytest

from frontend.admission import OPEN_PATHS
from frontend.api_keys import keyring
from frontend.openapi.document import operations, read_document
from pipeline.ids import BatchId, JobId, new_batch_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import WorkerOnline
from tests.eventually import WITHIN_S, eventually
from tests.unit.frontend.conftest import (
    Client,
    Json,
    NewFrontend,
    Tell,
    commands_in_queue,
    left_in,
    when_ready,
)
from tests.unit.frontend.event_reader import EventReader
from tests.unit.frontend.key_files import Headers, KeyFile, api_keys, key_file
from tests.unit.frontend.requests import FORM, PNG, file_part, form
from tests.unit.frontend.story import RESULT, Story
from tests.unit.pipeline.aged import ago, stored_job

PATHS = [(path, method) for path, method, _ in operations(read_document()) if method != "head"]
CLOSED = [one for one in PATHS if one[0] not in OPEN_PATHS]
OF_ONE = [one for one in CLOSED if "{job_id}" in one[0] or "{batch_id}" in one[0]]


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return key_file(tmp_path / "keys.toml", shop="", rival="", operator="sees_all = true")


@pytest.fixture
async def client(new_frontend: NewFrontend, amqp_url: str, keys: KeyFile) -> Client:
    """A client of a frontend for which a key is needed."""
    return await when_ready(await new_frontend(amqp_url, api_keys=keys.path))


@pytest.fixture
def shop(keys: KeyFile) -> Headers:
    return keys.bearer("shop")


@pytest.fixture
def rival(keys: KeyFile) -> Headers:
    return keys.bearer("rival")


@pytest.fixture
def operator(keys: KeyFile) -> Headers:
    return keys.bearer("operator")


async def sent(client: Client, headers: Headers, **query: str) -> Story:
    """The story of an image that somebody has sent."""
    async with client.put("/upload/holiday.png", data=PNG, params=query, headers=headers) as response:
        assert response.status == 202, await response.text()
        [job] = (await response.json())["jobs"]
    return Story(job_id=JobId(job["id"]), batch_id=BatchId(job["batch_id"]), owner=job["owner"])


async def answer(client: Client, path: str, headers: Headers, method: str = "get") -> tuple[int, Json]:
    async with client.request(method, path, headers=headers) as response:
        return response.status, await response.json(content_type=None)


def filled_in(path: str, story: Story) -> str:
    parts = {"job_id": story.job_id, "batch_id": story.batch_id, "rendition": "300x300", "name": "a.png"}
    return path.format(**parts, upload_id=story.job_id)


@pytest.mark.parametrize(("path", "method"), CLOSED)
async def test_without_a_key_nothing_is_there(client: Client, path: str, method: str) -> None:
    status, problem = await answer(client, filled_in(path, Story()), {}, method)

    assert (status, problem["code"]) == (401, "key_missing")


@pytest.mark.parametrize(("path", "method"), CLOSED)
async def test_with_a_key_that_is_none_nothing_is_there(client: Client, path: str, method: str) -> None:
    headers = {"Authorization": "Bearer ir_x"}
    async with client.request(method, filled_in(path, Story()), headers=headers) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"]) == (401, "key_unknown")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="image-resizer", error="invalid_token"'


async def test_what_is_said_of_the_interface_and_of_health_needs_no_key(client: Client) -> None:
    for path in ("/health/live", "/health/ready", "/docs", "/openapi.json", "/sign-in", "/static/base.css"):
        async with client.get(path) as response:
            assert response.status == 200, path


async def test_an_upload_without_a_key_is_refused_before_its_body_is_read(
    client: Client, storage: Path, amqp_url: str
) -> None:
    async with client.post("/upload", data=form(file_part(PNG)), headers=FORM, expect100=True) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"]) == (401, "key_missing")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="image-resizer"'
    assert left_in(storage) == []
    assert await commands_in_queue(amqp_url) == []


async def test_a_key_takes_images_and_shows_what_became_of_them(client: Client, shop: Headers) -> None:
    story = await sent(client, shop)

    status, job = await answer(client, f"/api/jobs/{story.job_id}", shop)

    assert (status, job["owner"]) == (200, "shop")


@pytest.mark.parametrize(("path", "method"), OF_ONE)
async def test_what_belongs_to_one_is_not_there_for_another(
    client: Client,
    shop: Headers,
    rival: Headers,
    store: LocalImageStore,
    storage: Path,
    path: str,
    method: str,
) -> None:
    story = await sent(client, shop)
    await store.save_receipt(story.failed_receipt())
    before = left_in(storage)

    status, problem = await answer(client, filled_in(path, story), rival, method)

    assert status == 404
    assert problem["code"] in ("job_not_found", "batch_not_found")
    assert left_in(storage) == before
    _, nothing = await answer(client, filled_in(path, Story()), rival, method)
    assert {**problem, "detail": "", "request_id": ""} == {**nothing, "detail": "", "request_id": ""}


@pytest.mark.parametrize("path", ["/api/events?job={job_id}", "/ws?job={job_id}"])
@pytest.mark.parametrize("method", ["get", "head"])
async def test_nobody_can_follow_a_job_of_another(
    client: Client, shop: Headers, rival: Headers, path: str, method: str
) -> None:
    story = await sent(client, shop)

    async with client.request(method, filled_in(path, story), headers=rival) as response:
        assert response.status == 404


async def test_an_operator_sees_and_changes_what_all_have(
    client: Client, shop: Headers, operator: Headers, tell: Tell
) -> None:
    story = await sent(client, shop)

    assert (await answer(client, f"/api/jobs/{story.job_id}", operator))[0] == 200
    assert [job["id"] for job in (await answer(client, "/api/jobs", operator))[1]["jobs"]] == [story.job_id]
    status, job = await answer(client, f"/api/jobs/{story.job_id}", operator, "delete")
    assert (status, job["status"], job["owner"]) == (200, "cancelled", "shop")


async def test_a_batch_of_two_shows_each_what_is_his(
    client: Client, shop: Headers, rival: Headers, operator: Headers
) -> None:
    batch = new_batch_id()
    mine, other = await sent(client, shop, batch_id=batch), await sent(client, rival, batch_id=batch)

    for headers, seen in ((shop, [mine]), (rival, [other]), (operator, [mine, other])):
        _, shown = await answer(client, f"/api/batches/{batch}", headers)
        assert [job["id"] for job in shown["jobs"]] == [story.job_id for story in seen]
        _, listed = await answer(client, f"/api/jobs?batch={batch}", headers)
        assert [job["id"] for job in listed["jobs"]] == [story.job_id for story in reversed(seen)]


async def test_a_list_has_the_jobs_of_the_key_alone(
    client: Client, shop: Headers, rival: Headers, tell: Tell
) -> None:
    mine = await sent(client, shop)
    working = await sent(client, shop)
    await sent(client, rival)
    await tell(working.started())

    async def is_begun() -> bool:
        return bool((await answer(client, "/api/jobs?status=processing", shop))[1]["jobs"])

    await eventually(is_begun)
    for status, seen in (("", [working, mine]), ("queued", [mine]), ("processing", [working]), ("done", [])):
        _, listed = await answer(client, f"/api/jobs?status={status}", shop)
        assert [job["id"] for job in listed["jobs"]] == [story.job_id for story in seen]
    assert (await answer(client, "/api/jobs?status=processing", rival))[1]["jobs"] == []


async def test_who_watches_a_batch_of_two_is_told_of_his_own_jobs(
    client: Client, shop: Headers, rival: Headers, tell: Tell
) -> None:
    batch = new_batch_id()
    mine, other = await sent(client, shop, batch_id=batch), await sent(client, rival, batch_id=batch)

    async with client.ws_connect(f"/ws?batch={batch}", headers=shop) as socket:
        snapshot = await socket.receive_json(timeout=WITHIN_S)
        await tell(other.started(), other.done(), mine.started())
        told, status = [], None
        while status != "processing":
            message = await socket.receive_json(timeout=WITHIN_S)
            job = message.get("job")
            told += [job["id"]] if job else list(message.get("positions", {}))
            status = job["status"] if job else None

    assert [job["id"] for job in snapshot["jobs"]] == [mine.job_id]
    assert set(told) == {mine.job_id}


async def test_who_comes_back_to_a_batch_of_two_is_told_what_he_has_missed_of_his_own(
    client: Client, shop: Headers, rival: Headers, tell: Tell
) -> None:
    batch = new_batch_id()
    mine, other = await sent(client, shop, batch_id=batch), await sent(client, rival, batch_id=batch)
    async with client.ws_connect(f"/ws?batch={batch}", headers=shop) as socket:
        place = (await socket.receive_json(timeout=WITHIN_S))["id"]
        await tell(other.started(), mine.started())
        while (await socket.receive_json(timeout=WITHIN_S)).get("job", {}).get("status") != "processing":
            """Until the news has come."""

    async with client.get(f"/api/events?batch={batch}&after={place}", headers=shop) as response:
        first = await EventReader(response).event()

    assert first is not None
    assert (first.data["type"], first.data["job"]["id"]) == ("job", mine.job_id)


async def test_at_what_a_worker_is_for_others_is_not_told(
    client: Client, shop: Headers, rival: Headers, tell: Tell
) -> None:
    story = await sent(client, shop)
    await tell(WorkerOnline(worker="worker-1", slots=1), story.started())

    async def is_begun() -> bool:
        return bool(await busy(client, shop))

    await eventually(is_begun)

    assert await busy(client, shop) == [{"job_id": story.job_id, "name": "holiday.jpg"}]
    assert await busy(client, rival) == [{"job_id": None, "name": ""}]


async def test_that_others_wait_is_told_and_not_with_what(
    client: Client, shop: Headers, rival: Headers
) -> None:
    story = await sent(client, shop)

    for headers, job_id in ((shop, story.job_id), (rival, None)):
        _, pipeline = await answer(client, "/api/pipeline", headers)
        assert pipeline["oldest_waiting"]["job_id"] == job_id


async def test_an_idempotency_key_of_one_means_nothing_for_another(
    client: Client, shop: Headers, rival: Headers
) -> None:
    once = {"Idempotency-Key": "k"}
    mine, other = await sent(client, shop | once), await sent(client, rival | once)

    assert mine.job_id != other.job_id
    assert (await sent(client, shop | once)).job_id == mine.job_id


async def test_jobs_from_before_there_were_keys_are_the_operators(
    client: Client, shop: Headers, operator: Headers, store: LocalImageStore
) -> None:
    record = await stored_job(store, ago(hours=1))

    assert (await answer(client, f"/api/jobs/{record.job_id}", shop))[0] == 404
    assert (await answer(client, f"/api/jobs/{record.job_id}", operator))[0] == 200


async def test_who_asks_to_try_a_batch_of_two_again_tries_his_own(
    client: Client, shop: Headers, rival: Headers, store: LocalImageStore
) -> None:
    batch = new_batch_id()
    mine, other = await sent(client, shop, batch_id=batch), await sent(client, rival, batch_id=batch)
    for story in (mine, other):
        await store.save_receipt(story.failed_receipt())

    status, tried = await answer(client, f"/api/batches/{batch}/retry", shop, "post")

    assert (status, [job["id"] for job in tried["jobs"]]) == (202, [mine.job_id])


async def test_a_list_does_not_go_on_for_what_others_have_in_the_batch(
    client: Client, shop: Headers, rival: Headers, operator: Headers, tell: Tell
) -> None:
    batch = new_batch_id()
    others = [await sent(client, rival, batch_id=batch) for _ in range(2)]
    mine = await sent(client, shop, batch_id=batch)
    await tell(*(story.started() for story in [*others, mine]))

    async def is_begun() -> bool:
        return len((await answer(client, "/api/jobs?status=processing", operator))[1]["jobs"]) == 3

    await eventually(is_begun)
    for query in (f"batch={batch}", "status=processing", f"status=processing&batch={batch}"):
        _, listed = await answer(client, f"/api/jobs?limit=1&{query}", shop)
        assert ([job["id"] for job in listed["jobs"]], listed["next"]) == ([mine.job_id], None)


async def test_who_takes_away_his_last_job_of_a_batch_is_not_led_to_what_others_have_in_it(
    client: Client, shop: Headers, rival: Headers, store: LocalImageStore
) -> None:
    batch = new_batch_id()
    mine, _ = await sent(client, shop, batch_id=batch), await sent(client, rival, batch_id=batch)
    await store.save_receipt(mine.failed_receipt())

    path = f"/jobs/{mine.job_id}/delete"
    async with client.post(path, headers=shop, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/")


async def test_who_watches_a_batch_is_not_told_that_others_wait_in_it(
    client: Client, shop: Headers, rival: Headers
) -> None:
    batch, later = new_batch_id(), new_batch_id()
    async with client.ws_connect(f"/ws?batch={batch}", headers=shop) as socket:
        place = (await socket.receive_json(timeout=WITHIN_S))["id"]
        async with client.ws_connect(f"/ws?batch={batch}", headers=rival) as others:
            await sent(client, rival, batch_id=batch)
            while "positions" not in await others.receive_json(timeout=WITHIN_S):
                """Until those who may know are told."""
        await sent(client, shop, batch_id=batch)
        told: list[Json] = []
        while not told or told[-1]["type"] != "positions":
            told.append(await socket.receive_json(timeout=WITHIN_S))

    assert [list(message["positions"]) for message in told if "positions" in message] != [[]]
    assert all(message.get("positions") != {} for message in told)
    await sent(client, rival, batch_id=later)
    async with client.get(f"/api/events?batch={later}&after={place}", headers=shop) as response:
        first = await EventReader(response).event()
    assert first is not None
    assert first.data["type"] == "pipeline"


async def test_results_may_be_there_for_whoever_knows_their_address_and_nothing_else_is(
    new_frontend: NewFrontend, amqp_url: str, keys: KeyFile, shop: Headers, store: LocalImageStore
) -> None:
    client = await when_ready(await new_frontend(amqp_url, api_keys=keys.path, public_renditions=True))
    story = await sent(client, shop)
    await store.save_rendition(story.job_id, RESULT.file, PNG)
    await store.save_receipt(story.receipt())

    statuses = {}
    for path in ("/renditions/300x300", "", "/source", "/receipt"):
        async with client.get(f"/api/jobs/{story.job_id}{path}") as response:
            statuses[path] = response.status

    assert statuses == {"/renditions/300x300": 200, "": 401, "/source": 401, "/receipt": 401}


async def test_a_key_that_is_taken_away_is_not_taken_any_more(
    client: Client, keys: KeyFile, shop: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keyring, "LOOK_EVERY_S", 0.0)
    assert (await answer(client, "/api/jobs", shop))[0] == 200

    api_keys("remove", "shop", file=keys.path)

    assert (await answer(client, "/api/jobs", shop))[1]["code"] == "key_unknown"


async def busy(client: Client, headers: Headers) -> list[Json]:
    """What the only worker is at."""
    _, pipeline = await answer(client, "/api/pipeline", headers)
    return [job for worker in pipeline["workers"] for job in worker["busy"]]
