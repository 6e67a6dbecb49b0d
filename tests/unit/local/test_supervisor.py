"""Programs are kept running, stopped in order, and never left behind; with small real processes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deploy.local.keeper import how_it_ended, restart_delay_s
from deploy.local.program import Program
from deploy.local.supervisor import Stage, Supervisor
from tests.eventually import eventually

# Writes its process id when it begins and, if it may stop in order, its name when it ends.
OBEDIENT = """
import os, signal, sys
folder, name = sys.argv[1:]
def stop(*_):
    with open(folder + "/stopped", "a") as file:
        file.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
with open(f"{folder}/{name}.new", "w") as file:
    file.write(str(os.getpid()))
os.rename(f"{folder}/{name}.new", f"{folder}/{name}.pid")
"""
WAITS = OBEDIENT + "\nwhile True: signal.pause()"
STUBBORN = WAITS.replace("SIGTERM, stop", "SIGTERM, signal.SIG_IGN")
STOPS_AT_EOF = OBEDIENT + "\nsys.stdin.read(); stop()"
HAS_A_CHILD = (
    OBEDIENT
    + """
if os.fork() == 0:
    with open(f"{folder}/child.pid", "w") as file:
        file.write(str(os.getpid()))
while True: signal.pause()
"""
)


def program(script: str, folder: Path, name: str = "it", *, stop_within_s: float = 5.0) -> Program:
    return Program(
        name=name,
        command=(sys.executable, "-c", script, str(folder), name),
        environment=os.environ,
        folder=folder,
        stop_within_s=stop_within_s,
        output=folder / f"{name}.log",
        stops_at_eof=script is STOPS_AT_EOF,
    )


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    supervisor = Supervisor()
    yield supervisor
    supervisor.kill()
    await stop(supervisor)


async def stop(supervisor: Supervisor) -> None:
    async with asyncio.timeout(15):
        await supervisor.stop()


async def pid_in(folder: Path, name: str = "it") -> int:
    return await eventually(lambda: int((folder / f"{name}.pid").read_text()))


def is_alive(pid: int) -> bool:
    """Whether there is such a process; one that has ended and was not waited for yet counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def test_a_program_that_dies_is_started_again(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Stage.WORKERS, program(WAITS, tmp_path))
    first = await pid_in(tmp_path)

    os.kill(first, signal.SIGKILL)

    second = await eventually(lambda: (pid := int((tmp_path / "it.pid").read_text())) != first and pid)
    assert is_alive(second)


async def test_a_program_that_may_not_be_started_again_is_not(supervisor: Supervisor, tmp_path: Path) -> None:
    keeper = supervisor.start(Stage.BROKER, program(WAITS, tmp_path), restarts=False)
    pid = await pid_in(tmp_path)

    os.kill(pid, signal.SIGKILL)

    await eventually(lambda: keeper.has_ended)


async def test_stages_are_stopped_one_after_the_other(supervisor: Supervisor, tmp_path: Path) -> None:
    stages = {"mapper": Stage.PORT_MAPPER, "broker": Stage.BROKER, "w": Stage.WORKERS, "f": Stage.FRONTENDS}
    for name, stage in stages.items():
        supervisor.start(stage, program(WAITS, tmp_path, name))
        await pid_in(tmp_path, name)

    await stop(supervisor)

    assert (tmp_path / "stopped").read_text().split() == ["f", "w", "broker", "mapper"]


async def test_a_program_can_be_stopped_through_its_standard_input(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.start(Stage.BROKER, program(STOPS_AT_EOF, tmp_path))
    await pid_in(tmp_path)

    await stop(supervisor)

    assert (tmp_path / "stopped").read_text().split() == ["it"]


async def test_a_program_that_does_not_stop_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Stage.WORKERS, program(STUBBORN, tmp_path, stop_within_s=0.2))
    pid = await pid_in(tmp_path)

    await stop(supervisor)

    assert not is_alive(pid)


async def test_kill_ends_all_at_once_while_stop_still_waits(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Stage.FRONTENDS, program(STUBBORN, tmp_path, "f", stop_within_s=60))
    supervisor.start(Stage.BROKER, program(STUBBORN, tmp_path, "b", stop_within_s=60))
    pids = [await pid_in(tmp_path, name) for name in "fb"]
    stopping = asyncio.create_task(supervisor.stop())

    supervisor.kill()

    async with asyncio.timeout(10):
        await stopping
    assert not any(map(is_alive, pids))


async def test_what_a_program_has_started_ends_with_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(Stage.WORKERS, program(HAS_A_CHILD, tmp_path))
    child = await pid_in(tmp_path, "child")

    await stop(supervisor)

    await eventually(lambda: not is_alive(child))


async def test_a_program_that_is_not_there_is_reported_and_tried_again(
    supervisor: Supervisor, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    missing = Program(name="it", command=("/nowhere/it",), environment={}, folder=tmp_path, stop_within_s=1.0)

    supervisor.start(Stage.WORKERS, missing)

    await eventually(lambda: "it has ended (exit code 127); starting it again" in caplog.text)


RUNNER = """
import asyncio, sys
from pathlib import Path
from deploy.local.supervisor import Stage, Supervisor
from tests.unit.local.test_supervisor import STUBBORN, program
async def main():
    supervisor = Supervisor()
    for name in "ab":
        supervisor.start(Stage.WORKERS, program(STUBBORN, Path(sys.argv[1]), name))
    await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_when_the_runner_is_killed_all_its_programs_end(tmp_path: Path) -> None:
    runner = await asyncio.create_subprocess_exec(sys.executable, "-c", RUNNER, str(tmp_path))
    pids = [await pid_in(tmp_path, name) for name in "ab"]
    assert all(map(is_alive, pids))

    runner.kill()
    await runner.wait()

    await eventually(lambda: not any(map(is_alive, pids)))


def test_only_a_program_that_keeps_dying_is_waited_with() -> None:
    delays = [restart_delay_s(deaths) for deaths in range(8)]

    assert delays == [0, 0, 0.5, 1, 2, 4, 5, 5]


def test_how_a_program_ended_is_told_in_words() -> None:
    assert how_it_ended(3) == "exit code 3"
    assert how_it_ended(-9) == "killed by SIGKILL"
