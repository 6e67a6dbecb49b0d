"""What can go wrong, one function each, and the task that makes it go wrong again and again."""

import asyncio
import os
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import psutil

from tests.chaos.processes import decoders, fork_servers, readers
from tests.chaos.stage import Stage
from tests.rig import Service

Fault = Callable[[Stage], Awaitable[None]]

BROKER_AWAY_S = (0.5, 3.0)
NODE_AWAY_S = (2.0, 5.0)
DISK_FULL_S = (1.0, 4.0)
LEFT_BYTES = 4096


@dataclass(frozen=True)
class Trouble:
    """One of these faults, about every so many seconds, the first time after `first_s`.

    Those that are aimed wait for what they are to hit, and hit it whenever it comes.
    """

    faults: tuple[Fault, ...]
    every_s: float
    first_s: float = 1.0
    is_aimed: bool = False


async def make(trouble: Trouble, stage: Stage, *, most_faults: float) -> None:
    """Make trouble until cancelled, or unless it is aimed until there were so many faults of whatever kind.

    A fault that finds nothing to break is none.
    """
    await asyncio.sleep(trouble.first_s)
    while trouble.is_aimed or stage.ledger.faults.total() < most_faults:
        try:
            await stage.dice.choice(trouble.faults)(stage)
        except (psutil.NoSuchProcess, ProcessLookupError, OSError):
            stage.ledger.misses += 1
        await asyncio.sleep(trouble.every_s * stage.dice.uniform(0.6, 1.4))


async def kill_worker(stage: Stage) -> None:
    """Kill -9 a worker and start it again at once."""
    _restart(stage, stage.dice.choice(list(stage.rig.workers.values())), "worker killed")


async def kill_frontend(stage: Stage) -> None:
    """Kill -9 a frontend and start it again at once."""
    _restart(stage, stage.dice.choice(list(stage.rig.frontends.values())), "frontend killed")


async def kill_decoder(stage: Stage) -> None:
    """Kill -9 a process that decodes, whether it is at work or not."""
    name, process = _one_of(stage, decoders(stage.rig))
    process.kill()
    stage.ledger.strike("decoder killed", f"of {name}")


async def stop_decoder(stage: Stage) -> None:
    """Stop a process that decodes (SIGSTOP), and never let it go on."""
    name, process = _one_of(stage, decoders(stage.rig))
    process.suspend()
    stage.ledger.strike("decoder stopped", f"of {name}")


async def kill_fork_server(stage: Stage) -> None:
    """Kill -9 what the decoders of a worker come from; all of them end with it."""
    name, process = _one_of(stage, fork_servers(stage.rig))
    process.kill()
    stage.ledger.strike("fork server killed", f"of {name}")


async def restart_broker(stage: Stage) -> None:
    """Stop the broker in order, and start it a moment later."""
    await stage.broker.stop()
    stage.ledger.strike("broker stopped")
    await asyncio.sleep(stage.dice.uniform(*BROKER_AWAY_S))
    await stage.broker.start()


async def kill_broker(stage: Stage) -> None:
    """Kill -9 the broker, and start it a moment later."""
    await stage.broker.kill()
    stage.ledger.strike("broker killed")
    await asyncio.sleep(stage.dice.uniform(*BROKER_AWAY_S))
    await stage.broker.start()


async def close_connection(stage: Stage) -> None:
    """Close a connection, as an operator can in the console."""
    stage.ledger.strike("connection closed", await stage.broker.close_a_connection(stage.dice))


async def kill_node(stage: Stage) -> None:
    """Kill -9 one node of the cluster, start it, and let it catch up before the next one has its turn."""
    number = stage.dice.randrange(len(stage.broker.nodes))
    await stage.broker.kill(number)
    stage.ledger.strike("node killed", f"{number + 1}")
    await asyncio.sleep(stage.dice.uniform(*NODE_AWAY_S))
    await stage.broker.start(number)


async def lose_node(stage: Stage) -> None:
    """Kill -9 one node of the cluster for good, if all are there."""
    if stage.broker.down:
        raise ProcessLookupError("one is lost already")
    number = stage.dice.randrange(len(stage.broker.nodes))
    await stage.broker.kill(number)
    stage.ledger.strike("node lost", f"{number + 1}")


async def fill_disk(stage: Stage) -> None:
    """Leave next to nothing free on the disk of the store, and free it a moment later."""
    with stage.ballast.open("wb") as file:
        free = shutil.disk_usage(stage.ballast.parent).free
        os.posix_fallocate(file.fileno(), 0, max(1, free - LEFT_BYTES))
    stage.ledger.strike("disk filled", f"up to {LEFT_BYTES} bytes")
    await asyncio.sleep(stage.dice.uniform(*DISK_FULL_S))
    stage.ballast.unlink()


def kill_reader_of(name_start: str) -> Fault:
    """Kill -9 whichever decoder works at a file whose name begins so."""

    async def kill_reader(stage: Stage) -> None:
        for name, process in readers(stage.rig, name_start):
            process.kill()
            stage.ledger.strike(f"decoder of {name_start}* killed", f"of {name}")

    return kill_reader


def stop_reader_of(name_start: str) -> Fault:
    """Stop (SIGSTOP) whichever decoder works at a file whose name begins so."""

    async def stop_reader(stage: Stage) -> None:
        for name, process in readers(stage.rig, name_start):
            if process.status() != psutil.STATUS_STOPPED:
                process.send_signal(signal.SIGSTOP)
                stage.ledger.strike(f"decoder of {name_start}* stopped", f"of {name}")

    return stop_reader


def kill_worker_at(name_start: str) -> Fault:
    """Kill -9 whichever worker works at a file whose name begins so, and start it again."""

    async def kill_worker_there(stage: Stage) -> None:
        for name in {name for name, _ in readers(stage.rig, name_start)}:
            _restart(stage, stage.rig.workers[name], f"worker at {name_start}* killed")

    return kill_worker_there


def _restart(stage: Stage, service: Service, kind: str) -> None:
    service.kill()
    stage.ledger.strike(kind, service.name)
    service.start()


def _one_of(stage: Stage, found: list[tuple[str, psutil.Process]]) -> tuple[str, psutil.Process]:
    if not found:
        raise ProcessLookupError("there is none just now")
    return stage.dice.choice(found)
