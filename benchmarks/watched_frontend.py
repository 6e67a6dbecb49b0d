"""A frontend of its own on a broker of its own, for as long as a benchmark runs."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

from deploy.local.broker_node import BrokerNode
from deploy.local.ports import Ports
from deploy.local.program import Program

READY_WITHIN_S = 30.0
POLL_S = 0.1
PORT = 5100


class FrontendFailed(Exception):
    """The frontend does not run."""


class WatchedFrontend:
    """`url` is where it answers, `amqp_url` its broker."""

    def __init__(self, *, url: str, amqp_url: str, pid: int) -> None:
        self.url = url
        self.amqp_url = amqp_url
        self._pid = pid

    def memory_bytes(self) -> int:
        """What it holds in memory, as the kernel counts it (VmRSS)."""
        for line in Path(f"/proc/{self._pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise FrontendFailed("it has ended")

    def cpu_s(self) -> float:
        """Seconds of the processor that it has used so far."""
        fields = Path(f"/proc/{self._pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def watched_frontend(folder: Path) -> Iterator[WatchedFrontend]:
    """One that is ready. It and its broker end at the end, and with this process, however that ends."""
    with (
        BrokerNode(folder / "rabbitmq") as node,
        Ports() as ports,
        (folder / "frontend.log").open("wb") as log,
    ):
        port = ports.take(PORT)
        process = _start(_program(folder, node.amqp_url, port), log)
        frontend = WatchedFrontend(url=f"http://127.0.0.1:{port}", amqp_url=node.amqp_url, pid=process.pid)
        try:
            _wait_ready(port, process, folder)
            yield frontend
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _program(folder: Path, amqp_url: str, port: int) -> Program:
    own = {
        "AMQP_URL": amqp_url,
        "STORAGE_DIR": str(folder / "storage"),
        "PORT": str(port),
        "MIN_FREE_BYTES": "0",
    }
    return Program(
        name="frontend",
        command=(sys.executable, "-m", "frontend"),
        environment={**os.environ, **own},
        folder=Path.cwd(),
        stop_within_s=10.0,
    )


def _start(program: Program, log: IO[bytes]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(program.launch, stdout=log, stderr=log, **program.options)


def _wait_ready(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while not _is_ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise FrontendFailed((folder / "frontend.log").read_text())
        time.sleep(POLL_S)


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
