"""`image-resizer` as anybody runs it: against real services, over connections that break."""

import asyncio
import io
import json
import os
import pty
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from PIL import Image

from deploy.local.broker_node import BrokerNode
from tests.e2e.command import Command
from tests.e2e.holding_proxy import HoldingProxy
from tests.e2e.images import small_photograph
from tests.eventually import WITHIN_S, eventually
from tests.rig import Rig

MEGABYTE = 1024**2
LARGE_BYTES = 8 * MEGABYTE
OVERHEAD_BYTES = MEGABYTE
"""More than all requests of a test have in their heads, and what was on its way when a connection was cut."""
NO_SERVER = "http://127.0.0.1:1"


@pytest.fixture(scope="module")
def rig(node: BrokerNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    """A frontend and a worker for all tests here."""
    rig = Rig(node.amqp_url, tmp_path_factory.mktemp("command"), MIN_FREE_BYTES="0", REUSE_WORK="no")
    try:
        asyncio.run(rig.start(workers=1))
        yield rig
    finally:
        rig.end()


@pytest_asyncio.fixture(loop_scope="session")
async def proxy(rig: Rig) -> AsyncIterator[HoldingProxy]:
    """Between the command and the frontend."""
    async with HoldingProxy(int(rig.url.rpartition(":")[2])) as running:
        yield running


@pytest.fixture
def command(rig: Rig, tmp_path: Path) -> Command:
    """The command in an empty folder."""
    return Command(tmp_path, rig.url)


def large_photograph() -> bytes:
    """A photograph of eight megabytes that is worked in no time: most of it comes behind its end."""
    return small_photograph(1).ljust(LARGE_BYTES, b"\0")


def batches_of(rig: Rig, name: str) -> list[str]:
    """The batches of all jobs of this name."""
    return [job["batch_id"] for job in rig.get("/api/jobs?limit=200")["jobs"] if job["name"] == name]


def arrived(rig: Rig) -> int:
    """How many bytes of uploads that have not ended are in the store."""
    return sum(path.stat().st_size for path in rig.storage.glob("unfinished/**/*") if path.is_file())


def names_in(folder: Path) -> list[str]:
    """What is in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


def jobs_called(rig: Rig, name: str) -> list[str]:
    """The statuses of all jobs of this name."""
    return [job["status"] for job in rig.get("/api/jobs?limit=200")["jobs"] if job["name"] == name]


async def test_images_are_sent_resized_and_fetched_and_nothing_else_is_left(command: Command) -> None:
    (command.folder / "a").mkdir()
    for seed, name in enumerate(("one.jpg", "a/one.jpg", "two.jpg")):
        (command.folder / name).write_bytes(small_photograph(seed))

    ended = await command.run(
        *("resize", "one.jpg", "a/one.jpg", "two.jpg", "two.jpg", "--out", "out/small"),
        *("--width", "64", "--fit", "inside", "--format", "webp", "--no-reuse"),
    )

    assert ended.code == 0, ended.errors
    names = ["one-2_64w-webp.webp", "one_64w-webp.webp", "two_64w-webp.webp"]
    assert sorted(ended.output.splitlines()) == [f"out/small/{name}" for name in names]
    for name in names:
        with Image.open(command.folder / "out" / "small" / name) as result:
            assert (result.format, result.size) == ("WEBP", (64, 48))
    assert names_in(command.folder / "out" / "small") == names
    assert command.remembered == []
    [line] = ended.errors.splitlines()
    assert line.startswith("3 of 3 images are done http://127.0.0.1:")
    assert "\x1b" not in ended.output + ended.errors


async def test_what_fails_is_named_with_its_code_and_the_rest_is_done(command: Command) -> None:
    (command.folder / "good.jpg").write_bytes(small_photograph(1))
    (command.folder / "bad.jpg").write_bytes(small_photograph(2)[:5000])
    (command.folder / "text.jpg").write_bytes(b"This is no image. " * MEGABYTE)
    (command.folder / "empty.jpg").touch()

    images = ("good.jpg", "bad.jpg", "text.jpg", "empty.jpg", "missing.jpg")
    ended = await command.run("resize", *images, "--json")

    assert ended.code == 1
    told = {image["source"]: image for image in json.loads(ended.output)["images"]}
    assert {name: image["error"] and image["error"]["code"] for name, image in told.items()} == {
        "good.jpg": None,
        "bad.jpg": "image_truncated",
        "text.jpg": "not_an_image",
        "empty.jpg": "empty_file",
        "missing.jpg": "source_unreadable",
    }
    assert told["good.jpg"]["files"] == ["good_300x300.jpg"]
    for name in (
        "bad.jpg: image_truncated: ",
        "text.jpg: not_an_image: ",
        "missing.jpg: source_unreadable: ",
    ):
        assert f"image-resizer: {name}" in ended.errors
    assert command.remembered == []


async def test_a_cut_connection_is_gone_on_with_where_it_broke(
    rig: Rig, command: Command, proxy: HoldingProxy
) -> None:
    (command.folder / "cut.jpg").write_bytes(large_photograph())
    proxy.most_bytes = LARGE_BYTES // 2
    process = await command.start("resize", "cut.jpg", "--url", proxy.url)
    await eventually(lambda: proxy.is_holding, WITHIN_S)

    proxy.cut()
    proxy.lift()
    ended = await command.ended(process)

    assert ended.code == 0, ended.errors
    assert proxy.sent < LARGE_BYTES + OVERHEAD_BYTES
    assert jobs_called(rig, "cut.jpg") == ["done"]


async def test_a_frontend_that_is_killed_and_started_again_is_gone_on_with(
    rig: Rig, command: Command, proxy: HoldingProxy
) -> None:
    (command.folder / "killed.jpg").write_bytes(large_photograph())
    proxy.most_bytes = LARGE_BYTES // 2
    process = await command.start("resize", "killed.jpg", "--url", proxy.url)
    await eventually(lambda: proxy.is_holding and arrived(rig) > LARGE_BYTES // 4, WITHIN_S)

    rig.frontend.kill()
    proxy.cut()
    proxy.lift()
    rig.frontend.start()
    ended = await command.ended(process)

    assert ended.code == 0, ended.errors
    # What the frontend had not read when it was killed is lost.
    assert proxy.sent < LARGE_BYTES * 1.25 + OVERHEAD_BYTES
    assert jobs_called(rig, "killed.jpg") == ["done"]


async def test_after_ctrl_c_the_same_command_goes_on_in_the_same_batch_and_sends_nothing_twice(
    rig: Rig, command: Command, proxy: HoldingProxy
) -> None:
    (command.folder / "first.jpg").write_bytes(small_photograph(1))
    (command.folder / "large.jpg").write_bytes(large_photograph())
    again = ("resize", "first.jpg", "large.jpg", "--jobs", "1", "--out", "out", "--url", proxy.url)
    proxy.most_bytes = LARGE_BYTES // 2
    process = await command.start(*again)
    first = command.folder / "out" / "first_300x300.jpg"
    await eventually(lambda: proxy.is_holding and first.exists(), WITHIN_S)
    process.send_signal(signal.SIGINT)
    interrupted = await command.ended(process)
    assert interrupted.code == 130
    assert "Traceback" not in interrupted.errors
    assert len(command.remembered) == 2
    assert names_in(command.folder / "out") == ["first_300x300.jpg"]

    proxy.lift()
    ended = await command.run(*again)

    assert ended.code == 0, ended.errors
    assert proxy.sent < LARGE_BYTES + OVERHEAD_BYTES
    assert names_in(command.folder / "out") == ["first_300x300.jpg", "large_300x300.jpg"]
    assert jobs_called(rig, "first.jpg") == jobs_called(rig, "large.jpg") == ["done"]
    assert batches_of(rig, "first.jpg") == batches_of(rig, "large.jpg")
    assert command.remembered == []


async def test_who_is_killed_while_waiting_is_given_the_results_of_the_first_time(
    rig: Rig, command: Command
) -> None:
    (command.folder / "waiting.jpg").write_bytes(small_photograph(3))
    rig.workers["worker-1"].stop()
    process = await command.start("resize", "waiting.jpg")
    await eventually(lambda: jobs_called(rig, "waiting.jpg") == ["queued"], WITHIN_S)
    await eventually(lambda: b'"job_id":"' in command.remembered[0].read_bytes(), WITHIN_S)
    process.kill()
    await process.wait()

    rig.add_worker("worker-1")
    ended = await command.run("resize", "waiting.jpg")

    assert (ended.code, ended.output) == (0, "waiting_300x300.jpg\n"), ended.errors
    assert jobs_called(rig, "waiting.jpg") == ["done"]


async def test_a_batch_is_watched_and_tried_again(command: Command) -> None:
    (command.folder / "good.jpg").write_bytes(small_photograph(1))
    (command.folder / "bad.jpg").write_bytes(small_photograph(2)[:5000])
    sent = await command.run("resize", "--no-wait", "--quiet", "good.jpg", "bad.jpg")
    assert (sent.code, sent.errors) == (0, "")
    batch = sent.output.strip()

    watched = await command.run("watch", batch, "--out", "out")
    assert (watched.code, watched.output) == (1, "out/good_300x300.jpg\n")
    assert "image-resizer: bad.jpg: image_truncated: " in watched.errors

    retried = await command.run("retry", batch, "--json")
    assert retried.code == 1
    [good, bad] = json.loads(retried.output)["images"]
    assert (good["status"], bad["status"], bad["error"]["code"]) == ("done", "failed", "image_truncated")
    assert "1 tried once more\n" in retried.errors


async def test_the_exit_status_says_what_kind_of_thing_is_wrong(command: Command) -> None:
    (command.folder / "a.jpg").write_bytes(small_photograph(1))

    option, server, batch = await asyncio.gather(
        command.run("resize", "a.jpg", "--position", "nowhere"),
        command.run("status", "--url", NO_SERVER),
        command.run("watch", "01a20cb8-0c91-7e17-b855-6d443ac022aa"),
    )

    assert option.code == 2
    assert option.errors.startswith("image-resizer: invalid_option: position has the value 'nowhere'")
    assert server.code == 3
    assert server.errors.startswith(f"image-resizer: unreachable: {NO_SERVER} cannot be reached: ")
    assert batch.code == 1
    assert batch.errors.startswith("image-resizer: batch_not_found: ")
    assert command.remembered == []


async def test_at_a_terminal_there_are_bars(command: Command) -> None:
    (command.folder / "seen.jpg").write_bytes(small_photograph(1))
    ours, theirs = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        "image-resizer",
        "resize",
        "seen.jpg",
        cwd=command.folder,
        env={**command.environment, "TERM": "xterm", "COLUMNS": "100"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=theirs,
    )
    os.close(theirs)
    shown = asyncio.create_task(asyncio.to_thread(all_of, ours))

    ended = await command.ended(process)

    assert (ended.code, ended.output) == (0, "seen_300x300.jpg\n")
    text = (await shown).decode()
    assert "\x1b[" in text
    assert "1/1" in text


def all_of(terminal: int) -> bytes:
    """What is written to a terminal, until nobody is there any more to write."""
    shown = io.BytesIO()
    with os.fdopen(terminal, "rb", buffering=0) as file:
        try:
            while data := file.read(4096):
                shown.write(data)
        except OSError:
            """The other side is closed."""
    return shown.getvalue()
