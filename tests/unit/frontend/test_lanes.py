"""Frontends that send the first few unfinished images of each client one way, and the rest another."""

from functools import partial
from itertools import chain
from pathlib import Path

import pytest

from deploy.local.broker_node import BrokerNode
from frontend import feed, outbox_level
from frontend.keys import BOARD
from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from tests import management
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, NewFrontend, Tell, commands_in_queue, when_ready
from tests.unit.frontend.key_files import Headers, KeyFile, key_file
from tests.unit.frontend.requests import FORM, PNG, file_part, form
from tests.unit.frontend.story import Story

MOST = 2


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return key_file(tmp_path / "keys.toml", shop="", rival="")


@pytest.fixture
async def clients(new_frontend: NewFrontend, amqp_url: str, keys: KeyFile) -> list[Client]:
    """Clients of two frontends that share the store."""
    settings = {"api_keys": keys.path, "interactive_images": MOST, "reuse_work": False}
    return [await when_ready(await new_frontend(amqp_url, **settings)) for _ in range(2)]


async def sent(client: Client, headers: Headers, count: int = 1) -> list[Story]:
    """The jobs of an upload of so many images."""
    body = form(*(file_part(PNG, f"{number}.png") for number in range(count)))
    async with client.post("/upload", data=body, headers=FORM | headers) as response:
        assert response.status == 202, await response.text()
        jobs = (await response.json())["jobs"]
        return [Story(job_id=JobId(job["id"]), batch_id=job["batch_id"], owner=job["owner"]) for job in jobs]


def ids(stories: list[Story]) -> set[str]:
    return {str(story.job_id) for story in stories}


async def in_lanes(amqp_url: str) -> dict[str, set[str]]:
    """The jobs of each lane, which is empty then."""
    commands = await commands_in_queue(amqp_url)
    return {
        lane: {command.job_id for command in commands if command.lane == lane}
        for lane in ("interactive", "bulk")
    }


async def test_a_large_batch_goes_into_bulk_but_for_its_first_few_and_holds_nobody_up(
    clients: list[Client], keys: KeyFile, amqp_url: str, store: LocalImageStore
) -> None:
    many = await sent(clients[0], keys.bearer("shop"), 5)
    one = await sent(clients[0], keys.bearer("rival"))

    lanes = await in_lanes(amqp_url)
    assert lanes == {"interactive": ids(many[:MOST] + one), "bulk": ids(many[MOST:])}
    for lane, job_ids in lanes.items():
        assert {(await store.load_job(JobId(job_id))).lane for job_id in job_ids} == {lane}


async def test_two_frontends_count_together(clients: list[Client], keys: KeyFile, amqp_url: str) -> None:
    shop = keys.bearer("shop")
    first = await sent(clients[0], shop)
    await eventually(lambda: clients[1].app[BOARD].job(first[0].job_id) is not None)
    second = await sent(clients[1], shop)
    await eventually(lambda: clients[0].app[BOARD].job(second[0].job_id) is not None)

    rest = [*await sent(clients[0], shop), *await sent(clients[1], shop)]

    assert await in_lanes(amqp_url) == {"interactive": ids(first + second), "bulk": ids(rest)}


async def test_a_client_of_whose_ends_the_log_says_nothing_is_not_kept_in_bulk(
    clients: list[Client],
    keys: KeyFile,
    amqp_url: str,
    store: LocalImageStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "DOUBT_EVERY_TICKS", 1)
    monkeypatch.setattr(feed, "TICK_S", 0.1)
    shop, board = keys.bearer("shop"), clients[0].app[BOARD]
    for story in await sent(clients[0], shop, MOST):
        await store.save_receipt(story.receipt())
    await commands_in_queue(amqp_url)

    await eventually(lambda: not board.doubtful())

    (later,) = await sent(clients[0], shop)
    assert (await in_lanes(amqp_url))["interactive"] == {str(later.job_id)}


async def test_nor_is_one_whose_ends_are_lost_behind_many_jobs_that_are_tried_again_for_long(
    clients: list[Client],
    keys: KeyFile,
    store: LocalImageStore,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "DOUBT_EVERY_TICKS", 1)
    monkeypatch.setattr(feed, "TICK_S", 0.1)
    monkeypatch.setattr(feed, "DOUBTFUL_AT_A_TIME", 3)
    stories = [Story() for _ in range(7)]
    await tell(*chain.from_iterable((story.queued(), story.retrying()) for story in stories))
    (lost,) = await sent(clients[0], keys.bearer("shop"))
    board = clients[0].app[BOARD]
    await eventually(lambda: len(board.doubtful()) == len(stories) + 1)

    await store.save_receipt(lost.receipt())

    await eventually(lambda: set(board.doubtful()) == {story.job_id for story in stories})


async def test_what_is_asked_for_once_more_goes_the_way_that_is_free_now(
    clients: list[Client], keys: KeyFile, amqp_url: str, store: LocalImageStore, tell: Tell
) -> None:
    shop, board = keys.bearer("shop"), clients[0].app[BOARD]
    *others, last = await sent(clients[0], shop, MOST + 1)
    assert (await in_lanes(amqp_url))["bulk"] == {str(last.job_id)}
    await store.save_receipt(last.failed_receipt())
    await tell(last.failed(), *(story.done() for story in others))
    await eventually(lambda: not board.doubtful())

    async with clients[0].post(f"/api/jobs/{last.job_id}/retry", headers=shop) as response:
        assert response.status == 202, await response.text()

    assert (await in_lanes(amqp_url))["interactive"] == {str(last.job_id)}
    await eventually(
        lambda: (state := clients[1].app[BOARD].job(last.job_id)) and state.lane == "interactive"
    )


async def test_many_that_are_asked_for_once_more_while_bulk_is_full_keep_nobody_else_out(
    new_frontend: NewFrontend,
    keys: KeyFile,
    amqp_url: str,
    node: BrokerNode,
    store: LocalImageStore,
    storage: Path,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outbox_level, "LOOK_EVERY_S", 0.0)
    shop, bound = keys.bearer("shop"), 3
    client = await when_ready(
        await new_frontend(amqp_url, api_keys=keys.path, interactive_images=MOST, max_outbox=bound)
    )
    stories = await sent(client, shop, 12)
    for story in stories:
        await store.save_receipt(story.failed_receipt())
    await tell(*(story.failed() for story in stories))
    await eventually(lambda: not client.app[BOARD].doubtful())

    with management.short_queue(node, lanes=["bulk"]):
        async with client.post(f"/api/batches/{stories[0].batch_id}/retry", headers=shop) as response:
            assert response.status == 202, await response.text()
        assert len(list((storage / "outbox").iterdir())) > bound, "bulk was not full"

        await sent(client, keys.bearer("rival"))


async def test_a_replay_of_an_upload_keeps_the_lane_of_its_jobs(
    clients: list[Client], keys: KeyFile, amqp_url: str, tell: Tell
) -> None:
    headers = keys.bearer("shop") | {"Idempotency-Key": "again"}
    first = await sent(clients[0], headers, MOST + 1)
    before = await in_lanes(amqp_url)
    later = Story()
    await tell(later.queued())
    await eventually(lambda: clients[0].app[BOARD].job(later.job_id))  # it has read of all before
    clients[0].app[BOARD]._jobs.clear()  # as after a start, when it is not known how far they have come

    again = await sent(clients[0], headers, MOST + 1)

    assert ids(again) == ids(first)
    assert await in_lanes(amqp_url) == before
    assert before["bulk"] == {str(first[-1].job_id)}


async def test_the_answer_tells_the_lane_and_the_place_in_it(clients: list[Client], keys: KeyFile) -> None:
    shop = keys.bearer("shop")
    stories = await sent(clients[0], shop, MOST + 1)

    async def are_shown(client: Client) -> bool:
        shown = []
        for story in stories:
            async with client.get(f"/api/jobs/{story.job_id}", headers=shop) as response:
                job = await response.json()
                shown.append((job["lane"], job["position"]))
        return shown == [("interactive", 1), ("interactive", 2), ("bulk", 1)]

    for client in clients:
        await eventually(partial(are_shown, client))
