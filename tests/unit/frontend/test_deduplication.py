"""An image that comes again is done at once, for who sent it before, and only if it is wanted so.

There is no worker; what one has done is put into the store as it would do it.
"""

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from frontend.finished_work import FinishedWork
from frontend.keys import BOARD, DISPATCH, STORE, WEBHOOK_DISPATCH
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import Result, now
from pipeline.outbox import Outbox
from pipeline.records import JobRecord, Receipt, command_of
from pipeline.reuse import Reuse
from tests.broker_line import BrokerLine, line_to
from tests.eventually import eventually
from tests.unit.frontend.conftest import (
    Client,
    Json,
    NewFrontend,
    commands_in_queue,
    uploaded,
    when_ready,
)
from tests.unit.frontend.key_files import key_file
from tests.unit.frontend.requests import FORM, PNG, field_part, file_part, form, image
from tests.unit.frontend.test_error_shape import check_problem
from tests.unit.frontend.test_ws import watching

RESULT_BYTES = image("JPEG")


@pytest.fixture
def reuse(storage: Path, store: LocalImageStore) -> Reuse:
    return Reuse(storage)


@pytest.fixture
async def line(amqp_url: str) -> AsyncIterator[BrokerLine]:
    """The line between the frontend and the broker."""
    async with line_to(amqp_url) as line:
        yield line


async def work(store: LocalImageStore, reuse: Reuse, job: Json) -> Receipt:
    """Do what a worker does with this job."""
    record = await store.load_job(JobId(job["id"]))
    file = Path(record.source_path).stem + "_300x300.jpg"
    await store.save_rendition(JobId(record.job_id), file, RESULT_BYTES)
    receipt = await store.save_receipt(
        Receipt(
            job_id=record.job_id,
            batch_id=record.batch_id,
            owner=record.owner,
            name=record.name,
            status="done",
            attempt=1,
            worker="worker-1",
            source=replace(record.source, width=8, height=6),
            renditions=tuple(
                Result(
                    name=rendition.name,
                    file=file,
                    width=300,
                    height=300,
                    media_type="image/jpeg",
                    bytes=len(RESULT_BYTES),
                    sha256=hashlib.sha256(RESULT_BYTES).hexdigest(),
                )
                for rendition in record.renditions
            ),
            started_at=now(),
            finished_at=now(),
            timings_ms={"total": 9.0},
            work=record.work,
        )
    )
    await reuse.note(receipt)
    return receipt


async def worked(client: Client, store: LocalImageStore, reuse: Reuse, **query: str) -> Receipt:
    """The end of an image that was sent and done."""
    (job,) = (await uploaded(client, PNG, **query))["jobs"]
    return await work(store, reuse, job)


async def sent_again(client: Client, name: str = "beach.png", **query: str) -> Json:
    (job,) = (await uploaded(client, PNG, name, **query))["jobs"]
    assert isinstance(job, dict)
    return job


async def outbox_of(storage: Path) -> int:
    return await Outbox(storage).count()


async def test_an_image_that_comes_again_is_done_when_it_is_accepted(
    client: Client, store: LocalImageStore, reuse: Reuse, storage: Path, amqp_url: str
) -> None:
    first = await worked(client, store, reuse)
    await commands_in_queue(amqp_url)

    job = await sent_again(client)

    assert (job["status"], job["reused"], job["worker"], job["attempt"]) == ("done", True, None, 1)
    assert (job["name"], job["source"]["width"]) == ("beach.png", 8)
    assert job["id"] != first.job_id
    assert job["batch_id"] != first.batch_id
    async with client.get(job["renditions"][0]["url"]) as response:
        assert (response.status, await response.read()) == (200, RESULT_BYTES)
        assert "beach_300x300.jpg" in response.headers["Content-Disposition"]
    async with client.get(f"/api/jobs/{job['id']}") as response:
        assert await response.json() == job
    async with client.get(f"/api/jobs/{job['id']}/receipt") as response:
        receipt = await response.json()
        assert (receipt["reused"], receipt["work"]) == (True, first.work)
    assert await commands_in_queue(amqp_url) == []
    assert await outbox_of(storage) == 0


async def test_who_watches_and_other_frontends_are_told(
    client: Client, new_frontend: NewFrontend, store: LocalImageStore, reuse: Reuse, amqp_url: str
) -> None:
    other = await when_ready(await new_frontend(amqp_url))
    first = await worked(client, store, reuse)
    async with watching(client, batch=first.batch_id or "") as live:
        await live.next("snapshot")
        job = await sent_again(client, batch_id=first.batch_id or "")

        while (told := await live.next_job())["id"] != job["id"]:
            pass

    assert (told["status"], told["reused"]) == ("done", True)
    known = await eventually(lambda: other.app[BOARD].job(JobId(job["id"])))
    assert known is not None
    assert (known.status, known.is_reused) == ("done", True)


async def test_it_is_in_the_lists_of_what_is_done(
    client: Client, store: LocalImageStore, reuse: Reuse
) -> None:
    await worked(client, store, reuse)
    job = await sent_again(client)

    async with client.get("/api/jobs", params={"status": "done"}) as response:
        newest, _ = (await response.json())["jobs"]
        assert newest["id"] == job["id"]
    async with client.get(f"/api/batches/{job['batch_id']}") as response:
        assert (await response.json())["counts"] == {"done": 1}


async def test_who_waits_is_answered_at_once(client: Client, store: LocalImageStore, reuse: Reuse) -> None:
    await worked(client, store, reuse)

    async with asyncio.timeout(30):
        async with client.put(
            "/upload/beach.png", data=PNG, headers={"Prefer": "wait=60, return=representation"}
        ) as response:
            assert (response.status, await response.read()) == (200, RESULT_BYTES)
            assert response.headers["Preference-Applied"] == "wait=60, return=representation"


async def test_of_several_images_those_are_done_that_were_before(
    client: Client, store: LocalImageStore, reuse: Reuse, amqp_url: str
) -> None:
    await worked(client, store, reuse)
    await commands_in_queue(amqp_url)

    body = form(file_part(PNG, "a.png"), file_part(image("GIF"), "b.gif"), file_part(PNG, "c.png"))
    async with client.post("/upload", data=body, headers=FORM) as response:
        assert response.status == 202
        jobs = (await response.json())["jobs"]

    assert [(job["name"], job["status"]) for job in jobs] == [
        ("a.png", "done"),
        ("b.gif", "queued"),
        ("c.png", "done"),
    ]
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [jobs[1]["id"]]


async def test_an_upload_with_a_key_is_done_at_once_and_replayed_as_any_other(
    client: Client, store: LocalImageStore, reuse: Reuse, amqp_url: str
) -> None:
    await worked(client, store, reuse)
    answers = []
    for _ in range(2):
        headers = {"Idempotency-Key": "once"}
        async with client.put("/upload/beach.png", data=PNG, headers=headers) as response:
            answers.append((await response.json())["jobs"])

    assert answers[0] == answers[1]
    assert (answers[0][0]["status"], answers[0][0]["reused"]) == ("done", True)


@pytest.mark.parametrize("query", [{"width": "301"}, {"format": "webp"}, {"preset": "avatar"}])
async def test_what_is_wanted_otherwise_is_worked(
    client: Client, store: LocalImageStore, reuse: Reuse, query: dict[str, str]
) -> None:
    await worked(client, store, reuse)

    assert (await sent_again(client, **query))["status"] == "queued"


@pytest.mark.parametrize("word", ["no", "false", "0", "off", "No"])
async def test_who_asks_for_it_has_the_image_worked_again(
    client: Client, store: LocalImageStore, reuse: Reuse, amqp_url: str, word: str
) -> None:
    await worked(client, store, reuse)
    await commands_in_queue(amqp_url)

    job = await sent_again(client, reuse=word)

    assert (job["status"], job["reused"]) == ("queued", False)
    assert [command.work for command in await commands_in_queue(amqp_url)] == [None]


async def test_it_can_be_asked_for_in_the_form_as_well(
    client: Client, store: LocalImageStore, reuse: Reuse
) -> None:
    await worked(client, store, reuse)

    for value, status in (("no", "queued"), ("yes", "done"), ("", "done")):
        body = form(file_part(PNG), field_part("reuse", value))
        async with client.post("/upload", data=body, headers=FORM) as response:
            (job,) = (await response.json())["jobs"]
            assert job["status"] == status


async def test_a_word_that_says_neither_is_refused(client: Client) -> None:
    async with client.put("/upload/a.png", data=PNG, params={"reuse": "perhaps"}) as response:
        await check_problem(response, 422, "invalid_option")
        problem = await response.json()
        assert (problem["field"], problem["value"]) == ("reuse", "perhaps")


async def test_it_is_said_once(client: Client) -> None:
    body = form(file_part(PNG), field_part("reuse", "no"))
    async with client.post("/upload?reuse=yes", data=body, headers=FORM) as response:
        await check_problem(response, 422, "invalid_option")


async def test_results_that_were_not_to_be_reused_are_given_to_nobody(
    client: Client, store: LocalImageStore, reuse: Reuse
) -> None:
    (job,) = (await uploaded(client, PNG, reuse="no"))["jobs"]
    await work(store, reuse, job)

    assert (await sent_again(client))["status"] == "queued"


async def test_an_operator_can_have_everything_worked(
    new_frontend: NewFrontend, store: LocalImageStore, reuse: Reuse, amqp_url: str
) -> None:
    client = await when_ready(await new_frontend(amqp_url, reuse_work=False))
    await worked(client, store, reuse)

    assert (await sent_again(client, reuse="yes"))["status"] == "queued"


async def test_what_somebody_else_has_sent_is_worked_again(
    new_frontend: NewFrontend, store: LocalImageStore, reuse: Reuse, amqp_url: str, tmp_path: Path
) -> None:
    keys = key_file(tmp_path / "keys.toml", shop="", rival="", operator="sees_all = true")
    client = await when_ready(await new_frontend(amqp_url, api_keys=keys.path))

    async def sent(name: str) -> Json:
        async with client.put("/upload/a.png", data=PNG, headers=keys.bearer(name)) as response:
            (job,) = (await response.json())["jobs"]
            assert isinstance(job, dict)
            return job

    await work(store, reuse, await sent("shop"))

    assert [(await sent(name))["status"] for name in ("rival", "operator")] == ["queued", "queued"]
    assert (await sent("shop"))["status"] == "done"


async def test_it_is_done_at_once_while_the_broker_is_away(
    lonely: Client, store: LocalImageStore, reuse: Reuse, storage: Path
) -> None:
    await worked(lonely, store, reuse)
    async with asyncio.timeout(15):  # it would be 20 s if each waited for the broker
        jobs = [await sent_again(lonely) for _ in range(20)]

    assert {job["status"] for job in jobs} == {"done"}
    assert await outbox_of(storage) == 1, "that of the first one"


async def test_a_broker_that_is_silent_is_waited_for_once(
    new_frontend: NewFrontend, line: BrokerLine, store: LocalImageStore, reuse: Reuse
) -> None:
    client = await when_ready(await new_frontend(line.url))
    await worked(client, store, reuse)
    line.silence()

    async with asyncio.timeout(15):  # it would be 20 s if each waited for the broker
        jobs = [await sent_again(client) for _ in range(20)]
    line.let_speak()

    assert {job["status"] for job in jobs} == {"done"}


async def test_a_job_whose_results_are_damaged_is_no_help(
    client: Client, store: LocalImageStore, reuse: Reuse, amqp_url: str
) -> None:
    first = await worked(client, store, reuse)
    store.rendition_file(JobId(first.job_id), first.renditions[0].file).write_bytes(b"damaged")
    await commands_in_queue(amqp_url)

    job = await sent_again(client)

    assert job["status"] == "queued"
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [job["id"]]


async def test_a_job_that_is_deleted_takes_nothing_from_those_that_have_its_results(
    client: Client, store: LocalImageStore, reuse: Reuse
) -> None:
    first = await worked(client, store, reuse)
    second, third = await sent_again(client), await sent_again(client)

    for gone in (first.job_id, third["id"]):
        async with client.delete(f"/api/jobs/{gone}") as response:
            assert response.status == 204

    async with client.get(second["renditions"][0]["url"]) as response:
        assert await response.read() == RESULT_BYTES
    async with client.get(second["source"]["url"]) as response:
        assert await response.read() == PNG
    async with client.get(f"/api/jobs/{first.job_id}") as response:
        assert response.status == 404


async def test_results_outlive_the_job_that_they_were_made_for(
    client: Client, store: LocalImageStore, reuse: Reuse
) -> None:
    first = await worked(client, store, reuse)
    await sent_again(client)
    async with client.delete(f"/api/jobs/{first.job_id}") as response:
        assert response.status == 204

    assert (await sent_again(client))["status"] == "done"


async def test_the_forecast_is_not_misled_by_jobs_that_took_no_time(
    client: Client, store: LocalImageStore, reuse: Reuse
) -> None:
    await worked(client, store, reuse)
    for _ in range(3):
        await sent_again(client)

    board = client.app[BOARD]
    assert board.rate_per_s() > 0
    assert board._paces.forecast("interactive", slots=1, busy=0) is None


async def waiting(client: Client, store: LocalImageStore) -> JobRecord:
    """A job that is accepted, and whose command is in the outbox, before it is looked for earlier work."""
    (job,) = (await uploaded(client, PNG, "beach.png", reuse="no"))["jobs"]
    (twin,) = (await uploaded(client, PNG))["jobs"]
    record = replace(
        await store.load_job(JobId(job["id"])), work=(await store.load_job(JobId(twin["id"]))).work
    )
    await client.app[DISPATCH].keep(command_of(record))
    return record


async def test_one_that_was_called_off_meanwhile_stays_so_and_keeps_nothing(
    client: Client, store: LocalImageStore, reuse: Reuse, storage: Path
) -> None:
    await worked(client, store, reuse)
    record = await waiting(client, store)
    async with client.delete(f"/api/jobs/{record.job_id}") as response:
        assert response.status == 200
    finished_work = FinishedWork(
        store=client.app[STORE],
        reuse=reuse,
        dispatch=client.app[DISPATCH],
        webhooks=client.app[WEBHOOK_DISPATCH],
        board=client.app[BOARD],
    )

    state = await finished_work.given_to(command_of(record), record)

    assert state is not None
    assert state.status == "cancelled"
    assert [path.name for path in (storage / "processed").glob(f"*/{record.job_id}/*")] == ["receipt.json"]
    assert await outbox_of(storage) == 0


async def test_one_whose_end_cannot_be_written_goes_to_a_worker(
    client: Client,
    store: LocalImageStore,
    reuse: Reuse,
    storage: Path,
    amqp_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await worked(client, store, reuse)
    await commands_in_queue(amqp_url)

    async def refuse(receipt: Receipt) -> Receipt:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(client.app[STORE], "save_receipt", refuse)
    job = await sent_again(client)

    assert job["status"] == "queued"
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [job["id"]]
    assert await outbox_of(storage) == 0


async def test_a_frontend_that_died_before_the_end_leaves_a_command_and_after_it_none(
    client: Client,
    new_frontend: NewFrontend,
    store: LocalImageStore,
    reuse: Reuse,
    amqp_url: str,
    storage: Path,
) -> None:
    await worked(client, store, reuse)
    before, after = await waiting(client, store), await waiting(client, store)
    receipt = await reuse.receipt_for(command_of(after), name=after.name, attempt=1)
    assert receipt is not None
    await store.save_receipt(receipt)
    await commands_in_queue(amqp_url)
    for path in (storage / "outbox").iterdir():
        os.utime(path, (0, 0))

    await eventually(lambda: not list((storage / "outbox").iterdir()))

    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [before.job_id]
