"""The broker is away, silent or full: what was accepted waits in the outbox, and goes when it can."""

import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest

from pipeline.broker import publisher as publisher_module
from pipeline.local_store import LocalImageStore
from pipeline.outbox import Outbox
from tests.broker_line import BrokerLine, line_to
from tests.eventually import eventually
from tests.unit.frontend.conftest import (
    Client,
    NewFrontend,
    commands_in_queue,
    left_in,
    uploaded,
    when_ready,
)
from tests.unit.frontend.requests import FORM, PNG, file_part, form
from tests.unit.full_disk import FillDisk


@pytest.fixture
def outbox(storage: Path, store: LocalImageStore) -> Outbox:
    """The outbox of the store."""
    return Outbox(storage)


@pytest.fixture
async def line(amqp_url: str) -> AsyncIterator[BrokerLine]:
    """The line between the frontend and the broker."""
    async with line_to(amqp_url) as line:
        yield line


def is_empty(outbox: Outbox) -> Callable[[], Coroutine[None, None, bool]]:
    """A check whether nothing waits any more."""

    async def check() -> bool:
        return await outbox.count() == 0

    return check


async def takes_more(client: Client) -> bool:
    """Whether the frontend says that there is room in its outbox."""
    async with client.get("/health/ready") as response:
        return bool((await response.json())["checks"]["outbox"])


async def sent_in_time(client: Client, within_s: float) -> str:
    """The id of a job that is accepted within so many seconds."""
    begin = time.monotonic()
    (job,) = (await uploaded(client, PNG))["jobs"]
    assert time.monotonic() - begin < within_s
    return str(job["id"])


@pytest.mark.parametrize("path", ["/upload", "/api/images"])
async def test_without_a_broker_an_upload_is_accepted_and_waits(
    lonely: Client, outbox: Outbox, path: str
) -> None:
    async with lonely.post(path, data=form(file_part(PNG), file_part(PNG)), headers=FORM) as response:
        assert response.status == 202
        answer = await response.json()

    assert [(job["status"], job["attempt"]) for job in answer["jobs"]] == [("queued", 1)] * 2
    assert list(await outbox.entries()) == [job["id"] for job in answer["jobs"]]
    assert answer["rejected"] == []


async def test_a_job_that_waits_in_the_outbox_can_be_looked_at(lonely: Client) -> None:
    answer = await uploaded(lonely, PNG)

    async with lonely.get(f"/api/jobs/{answer['jobs'][0]['id']}") as response:
        assert (response.status, (await response.json())["status"]) == (200, "queued")
    async with lonely.get(answer["batch"]["url"]) as response:
        assert (await response.json())["counts"] == {"queued": 1}


async def test_what_has_come_to_the_broker_is_not_in_the_outbox(
    client: Client, outbox: Outbox, amqp_url: str
) -> None:
    await uploaded(client, PNG)

    assert await outbox.count() == 0
    assert len(await commands_in_queue(amqp_url)) == 1


async def test_when_the_broker_is_back_all_that_waits_goes_into_the_queue_in_its_order(
    new_frontend: NewFrontend, line: BrokerLine, outbox: Outbox, amqp_url: str
) -> None:
    client = await when_ready(await new_frontend(line.url))
    await line.cut()
    waiting = [(await uploaded(client, PNG))["jobs"][0]["id"] for _ in range(5)]

    await line.mend()

    await eventually(is_empty(outbox))
    commands = await commands_in_queue(amqp_url)
    assert sorted(command.job_id for command in commands) == waiting
    assert commands[0].job_id == waiting[0]


async def test_the_log_is_told_of_what_went_into_the_queue_later(
    new_frontend: NewFrontend, line: BrokerLine
) -> None:
    client = await when_ready(await new_frontend(line.url))
    await line.cut()
    (job,) = (await uploaded(client, PNG))["jobs"]
    assert job["position"] is None

    await line.mend()

    async def position() -> int | None:
        async with client.get(f"/api/jobs/{job['id']}") as response:
            place: int | None = (await response.json())["position"]
            return place

    assert await eventually(position) == 1


async def test_a_broker_that_falls_silent_is_waited_for_once_and_not_by_every_upload(
    new_frontend: NewFrontend,
    line: BrokerLine,
    outbox: Outbox,
    amqp_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(publisher_module, "COMMAND_TIMEOUT_S", 5.0)
    client = await when_ready(await new_frontend(line.url))
    line.silence()

    job_ids = [await sent_in_time(client, 30.0)]
    job_ids += [await sent_in_time(client, 4.5) for _ in range(3)]
    assert list(await outbox.entries()) == job_ids

    line.let_speak()
    await eventually(is_empty(outbox))
    assert {command.job_id for command in await commands_in_queue(amqp_url)} == set(job_ids)


async def test_a_broker_that_speaks_again_is_asked_again_at_once(
    new_frontend: NewFrontend, line: BrokerLine, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await when_ready(await new_frontend(line.url))
    line.silence()
    with monkeypatch.context() as patched:
        patched.setattr(publisher_module, "COMMAND_TIMEOUT_S", 0.5)
        await uploaded(client, PNG)
    line.let_speak()
    await eventually(is_empty(outbox))

    await uploaded(client, PNG)

    assert await outbox.count() == 0


async def test_beyond_its_bound_nothing_is_kept_until_the_broker_is_back(
    new_frontend: NewFrontend, line: BrokerLine, storage: Path
) -> None:
    client = await when_ready(await new_frontend(line.url, max_outbox=2))
    await line.cut()
    await uploaded(client, PNG)
    await uploaded(client, PNG)
    kept = left_in(storage)

    async with client.put("/upload/a.png", data=PNG) as response:
        problem = await response.json(content_type=None)
    assert (response.status, problem["code"]) == (503, "outbox_full")
    assert int(response.headers["Retry-After"]) > 0
    assert left_in(storage) == kept
    assert not await takes_more(client)

    await line.mend()
    await eventually(lambda: takes_more(client))
    await uploaded(client, PNG)


async def test_what_another_frontend_has_left_counts_too(
    new_frontend: NewFrontend, lonely: Client, amqp_url: str
) -> None:
    await uploaded(lonely, PNG)
    client = await when_ready(await new_frontend(amqp_url, max_outbox=1))

    async with client.put("/upload/a.png", data=PNG) as response:
        assert (response.status, (await response.json(content_type=None))["code"]) == (503, "outbox_full")


async def test_a_disk_without_room_for_the_outbox_keeps_nothing(
    client: Client, storage: Path, amqp_url: str, fill_disk: FillDisk
) -> None:
    fill_disk(inside="outbox")

    async with client.post("/upload", data=form(file_part(PNG)), headers=FORM) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"]) == (507, "storage_full")
    assert int(response.headers["Retry-After"]) > 0
    assert left_in(storage) == []
    assert await commands_in_queue(amqp_url) == []


async def test_what_waits_outlives_its_frontend(
    new_frontend: NewFrontend, lonely: Client, storage: Path, outbox: Outbox, amqp_url: str
) -> None:
    (job,) = (await uploaded(lonely, PNG))["jobs"]
    await lonely.close()
    os.utime(storage / "outbox" / job["id"], (0, 0))

    await new_frontend(amqp_url)

    await eventually(is_empty(outbox))
    assert [command.job_id for command in await commands_in_queue(amqp_url)] == [job["id"]]
