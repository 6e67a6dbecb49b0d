"""An upload that is sent again with its key makes no second job, whatever has happened in between."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from deploy.local.broker_node import BrokerNode
from frontend.keys import BOARD
from pipeline.claims import Claims
from pipeline.ids import JobId, new_batch_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import JobError, JobStarted, now
from pipeline.records import Receipt
from tests import management
from tests.eventually import eventually
from tests.unit.frontend.conftest import (
    NOWHERE,
    Client,
    Json,
    NewFrontend,
    Tell,
    commands_in_queue,
    left_in,
    when_ready,
)
from tests.unit.frontend.requests import FORM, PAGE, PNG, field_part, file_part, form, image
from tests.unit.frontend.test_ws import watching

KEY = "5c3f1d2e-holiday"


class Answer(NamedTuple):
    """What an upload was answered."""

    status: int
    is_replayed: bool
    body: Json

    @property
    def job_ids(self) -> list[str]:
        return [job["id"] for job in self.body["jobs"]]


class Sending(NamedTuple):
    """An upload; the key comes on top."""

    method: str = "POST"
    path: str = "/upload"
    body: bytes = form(file_part(PNG))
    headers: dict[str, str] = FORM


RAW = {"Content-Type": "image/png"}
WAYS = {
    "form": Sending(body=form(file_part(PNG, "a.png"), file_part(image("JPEG"), "b.jpg"))),
    "raw": Sending(path="/upload?name=a.png&width=20", body=PNG, headers=RAW),
    "put": Sending("PUT", "/upload/a.png", PNG, {}),
    "form with a file that is none": Sending(body=form(file_part(b"text", "a.txt"), file_part(PNG))),
}


async def sent(client: Client, sending: Sending, key: str | None = KEY) -> Answer:
    headers = sending.headers | ({} if key is None else {"Idempotency-Key": key})
    async with client.request(sending.method, sending.path, data=sending.body, headers=headers) as response:
        answer = await response.json(content_type=None)
        return Answer(response.status, response.headers.get("Idempotent-Replayed") == "true", answer)


@pytest.mark.parametrize("sending", WAYS.values(), ids=WAYS)
async def test_the_same_upload_is_answered_with_the_same_jobs(
    client: Client, storage: Path, amqp_url: str, sending: Sending
) -> None:
    first = await sent(client, sending)
    kept = left_in(storage)

    second = await sent(client, sending)

    assert (first.status, first.is_replayed) == (202, False)
    assert (second.status, second.is_replayed) == (202, True)
    assert second.job_ids == first.job_ids
    assert second.body["batch"] == first.body["batch"]
    assert second.body["rejected"] == first.body["rejected"]
    assert left_in(storage) == kept
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == first.job_ids


async def test_without_a_key_the_same_upload_makes_another_job(client: Client, storage: Path) -> None:
    first, second = await sent(client, Sending(), None), await sent(client, Sending(), None)

    assert first.job_ids != second.job_ids
    assert not second.is_replayed
    assert list((storage / "claims").iterdir()) == []


async def test_another_key_makes_another_job(client: Client) -> None:
    first, second = await sent(client, Sending(), "one"), await sent(client, Sending(), "two")

    assert first.job_ids != second.job_ids


@pytest.mark.parametrize(
    "other",
    [
        Sending(body=form(file_part(image("GIF")), field_part("width", "20"))),
        Sending(body=form(file_part(PNG, "b.png"), field_part("width", "20"))),
        Sending(body=form(file_part(PNG), field_part("width", "21"))),
        Sending(body=form(file_part(PNG))),
        Sending(body=form(file_part(PNG), file_part(PNG), field_part("width", "20"))),
        Sending(path="/upload?fit=fill", body=form(file_part(PNG), field_part("width", "20"))),
        Sending(body=form(file_part(PNG), field_part("width", "20"), field_part("batch_id", new_batch_id()))),
        Sending(body=form(file_part(PNG), file_part(b"text"), field_part("width", "20"))),
        Sending(body=form(file_part(b"text"), field_part("width", "20"))),
    ],
    ids=["image", "name", "option", "no option", "files", "address", "batch", "more", "no image"],
)
async def test_a_key_is_not_for_another_upload(
    client: Client, storage: Path, amqp_url: str, other: Sending
) -> None:
    first = await sent(client, Sending(body=form(file_part(PNG), field_part("width", "20"))))
    kept = left_in(storage)

    second = await sent(client, other)

    assert (second.status, second.body["code"]) == (422, "idempotency_key_reused")
    assert left_in(storage) == kept
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == first.job_ids


async def test_options_are_the_same_in_any_order_and_in_form_or_address(client: Client) -> None:
    parts = [field_part("width", "20"), file_part(PNG), field_part("fit", "fill")]
    first = await sent(client, Sending(body=form(*parts)))

    second = await sent(client, Sending(body=form(*reversed(parts))))
    third = await sent(client, Sending(path="/upload?fit=fill&width=20"))

    assert first.job_ids == second.job_ids == third.job_ids


async def test_every_byte_of_a_file_counts(client: Client) -> None:
    large = PNG + bytes(900_000)
    first = await sent(client, Sending("PUT", "/upload/a.png", large + b"a", {}))

    second = await sent(client, Sending("PUT", "/upload/a.png", large + b"b", {}))
    third = await sent(client, Sending("PUT", "/upload/a.png", large + b"a", {}))

    assert (second.status, second.body["code"]) == (422, "idempotency_key_reused")
    assert third.job_ids == first.job_ids


async def test_while_somebody_acts_on_a_key_others_wait(client: Client, storage: Path) -> None:
    async with Claims(storage).held(KEY):
        sending = asyncio.create_task(sent(client, Sending()))
        await eventually(lambda: [path for path in left_in(storage) if path.endswith("holiday.png")])
        other = await sent(client, Sending(), "another-key")

        assert other.status == 202
        assert not sending.done()

    assert (await sending).status == 202


@pytest.mark.parametrize("frontends", [1, 2])
async def test_uploads_at_the_same_moment_make_one_set_of_jobs(
    new_frontend: NewFrontend, storage: Path, amqp_url: str, frontends: int
) -> None:
    clients = [await when_ready(await new_frontend(amqp_url)) for _ in range(frontends)]
    sending = WAYS["form"]

    answers = await asyncio.gather(*(sent(client, sending) for client in clients * (8 // frontends)))

    assert {answer.status for answer in answers} == {202}
    assert len({tuple(answer.job_ids) for answer in answers}) == 1
    assert [answer.is_replayed for answer in answers].count(False) == 1
    assert {path.name for path in (storage / "uploads").glob("*/*")} == set(answers[0].job_ids)
    assert {command.job_id for command in await commands_in_queue(amqp_url)} == set(answers[0].job_ids)


async def test_jobs_are_answered_as_they_are_now(client: Client, tell: Tell) -> None:
    first = await sent(client, Sending())
    [job_id] = first.job_ids
    await tell(JobStarted(job_id=job_id, name="holiday.png", worker="worker-1"))

    async def status() -> bool:
        answer = await sent(client, Sending())
        return answer.job_ids == [job_id] and answer.body["jobs"][0]["status"] == "processing"

    await eventually(status)


async def test_a_browser_is_sent_to_the_page_of_the_same_batch(client: Client) -> None:
    places = []
    for _ in range(2):
        async with client.post(
            "/upload",
            data=form(file_part(PNG)),
            headers=FORM | PAGE | {"Idempotency-Key": KEY},
            allow_redirects=False,
        ) as response:
            assert response.status == 303
            places.append(response.headers["Location"])

    assert places[0] == places[1]


def ended(job_id: str, batch_id: str, **changes: object) -> Receipt:
    values: Json = {
        "job_id": job_id,
        "batch_id": batch_id,
        "name": "holiday.png",
        "status": "failed",
        "attempt": 1,
        "source": None,
        "error": JobError(code="image_broken", detail="It is broken."),
        "started_at": now(),
        "finished_at": now(),
    }
    return Receipt(**(values | changes))


async def test_a_job_that_has_ended_is_not_done_once_more(
    client: Client, store: LocalImageStore, amqp_url: str
) -> None:
    first = await sent(client, Sending())
    await store.save_receipt(ended(first.job_ids[0], first.body["batch"]["id"]))
    await commands_in_queue(amqp_url)

    second = await sent(client, Sending())

    assert [job["status"] for job in second.body["jobs"]] == ["failed"]
    assert await commands_in_queue(amqp_url) == []


async def test_a_job_that_was_removed_since_is_left_out_and_does_not_come_back(
    client: Client, store: LocalImageStore, amqp_url: str
) -> None:
    first = await sent(client, WAYS["form"])
    batch_id = first.body["batch"]["id"]
    await store.save_receipt(ended(first.job_ids[0], batch_id))
    await store.remove_job(ended(first.job_ids[0], batch_id, status="removed", error=None))
    await commands_in_queue(amqp_url)

    second = await sent(client, WAYS["form"])

    assert (second.status, second.is_replayed) == (202, True)
    assert second.job_ids == first.job_ids[1:]
    assert await commands_in_queue(amqp_url) == []


async def test_a_key_with_which_nothing_was_accepted_can_be_used_again(client: Client, storage: Path) -> None:
    refused = await sent(client, Sending(body=form(file_part(b"text"))))
    assert (refused.status, refused.body["code"]) == (415, "not_an_image")
    assert list((storage / "claims").glob("*/*.json")) == []

    assert (await sent(client, Sending())).status == 202


@pytest.fixture
def short_queue(node: BrokerNode) -> Iterator[None]:
    """The queue takes one command, or a few, and no more until this is taken away."""
    with management.short_queue(node):
        yield


async def until_full(client: Client) -> None:
    """Return when the queue takes no more."""

    async def is_full() -> bool:
        return (await sent(client, Sending(), None)).status == 503

    await eventually(is_full)


@pytest.mark.usefixtures("short_queue")
async def test_a_full_queue_leaves_no_claim_so_the_same_upload_may_come_later(
    client: Client, storage: Path, amqp_url: str
) -> None:
    await until_full(client)
    kept = left_in(storage)

    refused = await sent(client, Sending())
    assert (refused.status, refused.body["code"]) == (503, "queue_full")
    assert left_in(storage) == kept
    assert list((storage / "claims").glob("*/*.json")) == []

    await commands_in_queue(amqp_url)
    assert (await sent(client, Sending())).status == 202


@pytest.mark.usefixtures("short_queue")
async def test_what_a_full_queue_did_not_take_is_taken_with_the_same_key_later(
    client: Client, storage: Path, amqp_url: str
) -> None:
    many = Sending(body=form(*(file_part(PNG, f"{number}.png") for number in range(20))))
    first = await sent(client, many)
    assert first.status == 202
    assert {rejected["code"] for rejected in first.body["rejected"]} == {"queue_full"}
    done = [command.job_id for command in await commands_in_queue(amqp_url)]

    async def all_are_taken() -> bool:
        answer = await sent(client, many)
        done.extend(command.job_id for command in await commands_in_queue(amqp_url))
        return len(answer.body["rejected"]) == 0

    await eventually(all_are_taken)
    assert len(set(done)) == 20
    assert {path.name for path in (storage / "uploads").glob("*/*")} == set(done)


DEATHS = ["after the claim", "after the claim, and its image was swept", "after job.json", "after the entry"]


@pytest.mark.parametrize("death", DEATHS)
async def test_what_a_frontend_left_half_done_is_made_whole(
    new_frontend: NewFrontend,
    lonely: Client,
    storage: Path,
    store: LocalImageStore,
    amqp_url: str,
    death: str,
) -> None:
    first = await sent(lonely, Sending())
    await lonely.close()
    [job_id] = first.job_ids
    record = await store.load_job(JobId(job_id))
    source = store.source_file(record.source_path)
    if death != "after the entry":
        (storage / "outbox" / job_id).unlink()
    if death.startswith("after the claim"):
        (source.parent / "job.json").unlink()
        shutil.rmtree(storage / "batches" / source.parent.parent.name)
    if death.endswith("swept"):
        shutil.rmtree(source.parent)

    client = await when_ready(await new_frontend(amqp_url))
    second = await sent(client, Sending())

    assert (second.status, second.is_replayed, second.job_ids) == (202, True, [job_id])
    assert store.source_file(record.source_path).read_bytes() == PNG
    assert await store.load_job(JobId(job_id)) == record
    assert {path.name for path in (storage / "uploads").glob("*/*")} == {job_id}
    assert await store.batch_job_ids(second.body["batch"]["id"]) == [job_id]
    if death == "after the entry":
        assert [path.name for path in (storage / "outbox").iterdir()] == [job_id]  # the relay's business
    else:
        assert [command.job_id for command in await commands_in_queue(amqp_url)] == [job_id]


async def test_what_a_frontend_left_half_done_is_made_whole_though_somebody_watches_it(
    new_frontend: NewFrontend, lonely: Client, storage: Path
) -> None:
    """While the log is silent a watched batch is read from the store, which does not say what was sent."""
    first = await sent(lonely, Sending())
    await lonely.close()
    [job_id], batch_id = first.job_ids, first.body["batch"]["id"]
    (storage / "outbox" / job_id).unlink()  # it died after job.json

    other = await new_frontend(NOWHERE)
    async with watching(other, batch=batch_id):
        await eventually(lambda: other.app[BOARD].job(JobId(job_id)))
        second = await sent(other, Sending())

    assert (second.status, second.job_ids) == (202, [job_id])
    assert [path.name for path in (storage / "outbox").iterdir()] == [job_id]


async def test_a_refused_upload_leaves_its_key_alone(client: Client, storage: Path) -> None:
    wrong = Sending(body=form(file_part(PNG), field_part("fit", "stretch")))

    assert (await sent(client, wrong)).status == 422
    assert left_in(storage) == []

    assert (await sent(client, Sending())).status == 202
