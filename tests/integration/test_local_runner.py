"""`make run` as a process: what it says, what it starts again, and that it leaves nothing behind."""

import asyncio
import contextlib
import io
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from PIL import Image

from deploy.local.broker_node import BrokerNode
from deploy.local.services import FRONTEND_STOPS_WITHIN_S
from pipeline.topology import DEFAULT_RETRY_DELAYS_S
from tests.eventually import eventually
from tests.management import virtual_host

ROOT = Path(__file__).parent.parent.parent


class LocalRun:
    """`python -m deploy.local` in a folder of its own, with the services of this project."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder
        self.environment = {
            **{name: value for name, value in os.environ.items() if name != "AMQP_URL"},
            "PYTHONPATH": str(ROOT),
            "PORT": str(random.randrange(20_000, 30_000)),
            **settings,
        }
        self.log = folder / "run.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command("run"), cwd=folder, env=self.environment, stdout=log, stderr=log
            )

    def command(self, name: str) -> list[str]:
        return [sys.executable, "-m", "deploy.local", name]

    def ask(self, name: str) -> subprocess.CompletedProcess[str]:
        """What the same command says in another terminal."""
        return self._call(self.command(name))

    def beside(self, module: str) -> subprocess.CompletedProcess[str]:
        """What a command says that works on what is running here."""
        return self._call([sys.executable, "-m", "deploy.local.beside", module])

    def _call(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            timeout=20,
            check=False,
        )

    async def says(self, pattern: str) -> re.Match[str]:
        """Wait until its output has this; fails at once, and with the output, if it has ended."""

        def seen() -> re.Match[str] | None:
            found = re.search(pattern, self.log.read_text())
            self.has_died = found is None and self.process.poll() is not None
            return found

        found = await eventually(lambda: seen() or self.has_died, timeout_s=40)
        assert isinstance(found, re.Match), f"ended with {self.process.poll()}:\n{self.log.read_text()}"
        return found

    def note(self) -> dict[str, Any]:
        note: dict[str, Any] = json.loads((self.folder / ".run" / "runner.json").read_text())
        return note

    def family(self) -> list[psutil.Process]:
        """Everything that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def workers(self) -> dict[str, psutil.Process]:
        """Its workers by name."""
        return self._children_by("WORKER_NAME")

    def frontends(self) -> dict[str, psutil.Process]:
        """Its frontends by name."""
        return self._children_by("FRONTEND_NAME")

    def _children_by(self, variable: str) -> dict[str, psutil.Process]:
        found = {}
        for child in psutil.Process(self.process.pid).children():
            with contextlib.suppress(psutil.Error):
                if variable in (environment := child.environ()):
                    found[environment[variable]] = child
        return found


@pytest.fixture
def broker(node: BrokerNode) -> Iterator[str]:
    with virtual_host(node, "runner") as url:
        yield url


@pytest.fixture
async def run(broker: str, tmp_path: Path) -> AsyncIterator[LocalRun]:
    """A run with two workers on a broker that is there already; up."""
    run = LocalRun(tmp_path, AMQP_URL=broker, WORKERS="2")
    try:
        await run.says("is running")
        yield run
    finally:
        run.process.kill()
        run.process.wait()


def still_there(processes: list[psutil.Process], within_s: float = 3.0) -> list[psutil.Process]:
    """Those that run after that time; one that has ended and that nobody has asked for does not."""
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]


async def test_ctrl_c_stops_everything_and_leaves_no_process(run: LocalRun) -> None:
    everything = run.family()
    assert len(everything) >= 3

    run.process.send_signal(signal.SIGINT)

    assert run.process.wait(10) == 0
    assert not still_there(everything, within_s=0.5)
    assert not (run.folder / ".run" / "runner.json").exists()


async def test_a_second_ctrl_c_stops_at_once(run: LocalRun) -> None:
    everything = run.family()
    frontend = next(child for child in everything if "frontend" in child.cmdline())
    frontend.suspend()
    run.process.send_signal(signal.SIGINT)
    await run.says("runner stopping")

    run.process.send_signal(signal.SIGINT)

    assert run.process.wait(10) == 0
    took = await run.says(r"all stopped after ([\d.]+) s")
    assert float(took[1]) < FRONTEND_STOPS_WITHIN_S, "it has waited for the one that does not stop"
    assert not still_there(everything)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
async def test_other_signals_stop_it_in_order_too(run: LocalRun, number: signal.Signals) -> None:
    everything = run.family()

    run.process.send_signal(number)

    assert run.process.wait(10) == 0
    assert not still_there(everything)


async def test_a_killed_runner_leaves_nothing_that_stops_the_next(run: LocalRun, broker: str) -> None:
    everything = run.family()
    run.process.kill()
    assert not still_there(everything)
    run.log.unlink()

    after = LocalRun(run.folder, AMQP_URL=broker, WORKERS="1")
    try:
        await after.says("is running")
        assert after.note()["pid"] == after.process.pid
    finally:
        after.process.send_signal(signal.SIGINT)
        after.process.wait(10)


async def test_a_worker_that_dies_is_started_again(run: LocalRun) -> None:
    first = await eventually(lambda: run.workers()["worker-2"])

    first.kill()

    await run.says(r"worker-2 has ended \(killed by SIGKILL\); starting it again now")
    await eventually(lambda: run.workers()["worker-2"].pid != first.pid)


async def test_of_two_frontends_on_one_port_each_may_die_and_is_started_again(
    broker: str, tmp_path: Path
) -> None:
    run = LocalRun(tmp_path, AMQP_URL=broker, WORKERS="1", FRONTENDS="2")
    try:
        await run.says("2 frontends share the port")
        page = run.note()["page"]
        for name in ("frontend-1", "frontend-2"):
            await run.says(rf"{name} \S+ events: connected")

            run.frontends()[name].kill()

            await run.says(rf"{name} has ended \(killed by SIGKILL\); starting it again now")
            await eventually(lambda: status_of_upload(page) == 202)
    finally:
        await end_orderly(run)


async def test_frontends_do_not_share_a_port_with_another_program(broker: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as other:
        port = other.getsockname()[1]
        run = LocalRun(tmp_path, AMQP_URL=broker, WORKERS="1", FRONTENDS="2", PORT=str(port))
        try:
            moved = await run.says(rf"port {port} is taken by another program: the page is on (\d+)")
            await run.says("is running")
            assert run.note()["page"] == f"http://localhost:{moved[1]}/"
        finally:
            await end_orderly(run)


async def test_one_more_worker_can_be_had_while_it_runs(run: LocalRun) -> None:
    answer = run.ask("worker")

    assert answer.returncode == 0, answer.stderr
    assert "worker-3 is started" in answer.stdout
    await run.says(r"worker-3 \S+ consume: connected")


async def test_a_second_run_says_where_the_first_is(run: LocalRun) -> None:
    answer = run.ask("run")

    assert answer.returncode == 2
    assert answer.stderr.startswith(f"already running: {run.note()['page']} (process {run.process.pid})")


async def test_without_a_run_there_is_no_worker_to_add(run: LocalRun) -> None:
    run.process.send_signal(signal.SIGINT)
    run.process.wait(10)

    answer = run.ask("worker")

    assert answer.returncode == 2
    assert "Nothing is running here" in answer.stderr


async def test_a_wrong_setting_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    run = LocalRun(tmp_path, WORKERS="none")

    assert run.process.wait(20) == 2
    assert run.log.read_text() == "WORKERS has value 'none': not a positive integer\n"


async def test_without_a_broker_there_is_one_and_it_is_told_where(tmp_path: Path) -> None:
    run = LocalRun(tmp_path, WORKERS="1")
    try:
        console = await run.says(r"Console +(http://\S+) +login: guest / guest")
        assert run.note()["console"] == console[1]
        assert run.beside("pipeline.reconcile").stdout == "0 jobs put back into the queue.\n"
        assert await eventually(lambda: {"epmd", "beam.smp"} <= {child.name() for child in run.family()})
    finally:
        await end_orderly(run)


async def test_after_a_kill_the_broker_stops_and_the_next_run_uses_its_data(tmp_path: Path) -> None:
    run = LocalRun(tmp_path, WORKERS="1")
    await run.says("is running")
    # This is when the queues have just been declared, and RabbitMQ itself would not survive a kill.
    await run.says("worker-1 .* publish: connected")
    everything = run.family()
    run.process.kill()
    run.process.wait()
    run.log.unlink()

    after = LocalRun(tmp_path, WORKERS="1")
    try:
        await after.says("is running")
        assert not still_there(everything, within_s=0)
        await after.says("worker-1 .* consume: connected")
        log = (tmp_path / ".run" / "rabbitmq" / "log" / "rabbitmq.log").read_text()
        # Two lanes, webhooks, the dead letters of both, and the rungs of the ladder of the workers.
        assert f"Recovering {5 + len(DEFAULT_RETRY_DELAYS_S)} queues of type rabbit_quorum_queue" in log
        # A queue without a leader would confirm nothing.
        assert await asyncio.to_thread(status_of_upload, after.note()["page"]) == 202
    finally:
        await end_orderly(after)


def status_of_upload(page: str) -> int:
    """The answer to an image; 202 is given when the broker has confirmed its command."""
    image = io.BytesIO()
    Image.new("RGB", (8, 8)).save(image, "PNG")
    request = urllib.request.Request(f"{page}upload/a.png", data=image.getvalue(), method="PUT")
    with urllib.request.urlopen(request, timeout=20) as response:
        return int(response.status)


async def end_orderly(run: LocalRun) -> None:
    everything = run.family()
    run.process.send_signal(signal.SIGINT)
    try:
        assert run.process.wait(10) == 0
        assert not still_there(everything)
    finally:
        run.process.kill()
        run.process.wait()
