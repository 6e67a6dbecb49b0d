"""The real services as processes of their own, on a real node, for tests that kill them."""

import json
import os
import random
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from deploy.local.ports import Ports
from deploy.local.program import DIE_WITH_PARENT
from tests.eventually import WITHIN_S, eventually

ROOT = Path(__file__).parent.parent
STOP_TIMEOUT_S = 60.0


class Service:
    """One process. Its output goes into a file, which is shown when it dies unexpectedly.

    It ends with the process that started it, even on kill -9.
    """

    def __init__(self, name: str, module: str, environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        end_with_us = ("-I", "-S", str(DIE_WITH_PARENT), str(os.getpid()))
        self._command = [sys.executable, *end_with_us, sys.executable, "-m", module]
        self._environment = {**os.environ, **environment}
        self._log = folder / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; it is not waited for."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """The process id."""
        assert self.process is not None, f"{self.name} has not been started"
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def output(self) -> str:
        """What it has said so far."""
        return self._log.read_text()

    def check_alive(self) -> None:
        """Fail with what the process said if it has ended."""
        assert self.process is not None
        assert self.process.poll() is None, f"{self.name} has ended:\n{self.output}"

    def kill(self) -> None:
        """Kill -9."""
        self._end(signal.SIGKILL)

    def tell_to_stop(self) -> None:
        """SIGTERM, and nothing is waited for."""
        os.kill(self.pid, signal.SIGTERM)

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            return self.process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.name} did not stop:\n{self.output}") from None
        finally:
            self.process = None


class Rig:
    """Frontends and workers that share a store. Everything that is still running is ended at the end."""

    def __init__(
        self,
        amqp_url: str,
        folder: Path,
        *,
        storage: Path | None = None,
        frontend_module: str = "frontend",
        **settings: str,
    ) -> None:
        """`settings` are environment variables of all the services; `storage` is in `folder` if not given."""
        self._frontend_module = frontend_module
        self.storage = storage or folder / "storage"
        self._folder = folder
        self._ports = Ports()
        self._environment = {
            "AMQP_URL": amqp_url,
            "STORAGE_DIR": str(self.storage),
            # Several rigs share a machine, and none should starve beside another one.
            "BULK_NICENESS": "0",
            # What takes long beside other tests is no image that takes too long.
            "JOB_TIMEOUT_S": "600",
            "JOB_CPU_S": "600",
            **settings,
        }
        self.frontends: dict[str, Service] = {}
        self.workers: dict[str, Service] = {}
        self.urls: dict[str, str] = {}
        self.frontend = self.prepare_frontend("frontend")
        self.url = self.urls["frontend"]

    @property
    def services(self) -> list[Service]:
        """All of them, the frontends first."""
        return [*self.frontends.values(), *self.workers.values()]

    async def start(self, *, workers: int, slots: int = 1) -> None:
        """Start the frontends and so many workers, and wait until uploads are taken."""
        for frontend in self.frontends.values():
            frontend.start()
        for number in range(1, workers + 1):
            self.add_worker(f"worker-{number}", slots=slots)
        await self.until_ready()

    def prepare_frontend(self, name: str) -> Service:
        """One more frontend, not started yet, with a port of its own that it keeps for good."""
        port = self._ports.take(any_port())
        self.urls[name] = f"http://127.0.0.1:{port}"
        self.frontends[name] = self._service(name, self._frontend_module, PORT=str(port))
        return self.frontends[name]

    def add_worker(self, name: str, *, slots: int = 1) -> Service:
        """Start one more worker."""
        worker = self._service(name, "worker", WORKER_NAME=name, SLOTS=str(slots))
        worker.start()
        self.workers[name] = worker
        return worker

    async def until_ready(self, timeout_s: float = WITHIN_S) -> None:
        """Wait until every frontend says that it is ready."""

        def are_ready() -> bool:
            for frontend in self.frontends.values():
                frontend.check_alive()
            return all(_get(url, "/health/ready")["status"] == "ready" for url in self.urls.values())

        await eventually(are_ready, timeout_s)

    def get(self, path: str) -> dict[str, Any]:
        """The JSON at this path of the first frontend."""
        return _get(self.url, path)

    def end(self) -> None:
        """Stop what is still running, the frontends first; then fail if one of them did not stop in time."""
        complaints = []
        for service in self.services:
            try:
                service.stop()
            except AssertionError as error:
                complaints.append(str(error))
        self._ports.close()
        assert not complaints, "\n".join(complaints)

    def kill(self) -> None:
        """Kill -9 what is still running."""
        for service in self.services:
            service.kill()

    def _service(self, name: str, module: str, **settings: str) -> Service:
        return Service(name, module, {**self._environment, **settings}, self._folder)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.end()


def _get(url: str, path: str) -> dict[str, Any]:
    with urllib.request.urlopen(url + path, timeout=WITHIN_S) as response:
        answer: dict[str, Any] = json.load(response)
        return answer


def any_port() -> int:
    """Where to begin to look for a free one: not where the kernel takes those that it gives to anybody."""
    return random.randrange(20_000, 30_000)
