"""The programs of the services: `python -m frontend` and `python -m worker`, with what they need to know."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from deploy.local.program import Program
from deploy.local.settings import LocalSettings
from pipeline.settings import amqp_addresses

# With the broker's time these make less than the 10 s that Ctrl-C may take.
FRONTEND_STOPS_WITHIN_S = 2.0
WORKER_STOPS_WITHIN_S = 4.0
# What a worker has not finished by then is given back to the queue, in the time that is left.
WORKER_FINISHES_WITHIN_S = 3.0

ANSWERS_WITHIN_S = 1.0

ANY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104  # compared with, not listened on


@dataclass(frozen=True, kw_only=True)
class Services:
    """Where the services of this run are and what they share; `amqp_url` may hold a password."""

    settings: LocalSettings
    folder: Path
    amqp_url: str
    console_url: str
    port: int

    @property
    def host(self) -> str:
        """An address of this machine at which the frontend answers."""
        host = self.settings.frontend.host
        return "127.0.0.1" if host in ANY_ADDRESS else host

    def is_ready(self) -> bool:
        """Whether the frontend says that it is ready. It may take a second to answer."""
        connection = HTTPConnection(self.host, self.port, timeout=ANSWERS_WITHIN_S)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    @property
    def page_url(self) -> str:
        """The page, as a person here would type it."""
        shown = "localhost" if self.host == "127.0.0.1" else self.host
        return f"http://{shown}:{self.port}/"

    @property
    def broker(self) -> str:
        """The broker's host and port, to be shown; of several nodes those of the first."""
        address = urlsplit(amqp_addresses(self.amqp_url)[0])
        return f"{address.hostname}:{address.port}" if address.port else f"{address.hostname}"

    @property
    def storage(self) -> Path:
        """The folder of the store, wherever a program is started."""
        return self.settings.frontend.storage_dir.absolute()

    @property
    def results(self) -> Path:
        """The folder of the results."""
        return self.settings.frontend.storage_dir / "processed"

    def facts(self, *, own_broker: bool) -> dict[str, str]:
        """Where all of it is found. The address of a broker that is not our own may hold a secret."""
        facts = {"page": self.page_url, "console": self.console_url, "storage": str(self.storage)}
        return facts | {"amqp": self.amqp_url} if own_broker else facts

    def frontends(self) -> list[Program]:
        """The frontends, which share the port if they are several."""
        count = self.settings.frontends
        if count == 1:
            return [self._frontend("frontend", share_port=False)]
        return [self._frontend(f"frontend-{number}", share_port=True) for number in range(1, count + 1)]

    def worker(self, number: int) -> Program:
        """The worker of this number, counted from 1."""
        name = f"worker-{number}"
        own = {
            "WORKER_NAME": name,
            "SLOTS": str(self.settings.slots_per_worker),
            "STOP_TIMEOUT_S": f"{WORKER_FINISHES_WITHIN_S:g}",
        }
        return self._program(name, "worker", own, WORKER_STOPS_WITHIN_S)

    def _frontend(self, name: str, *, share_port: bool) -> Program:
        own = {
            "FRONTEND_NAME": name,
            "HOST": self.settings.frontend.host,
            "PORT": str(self.port),
            "SHARE_PORT": "yes" if share_port else "no",
            "CONSOLE_URL": self.console_url,
        }
        return self._program(name, "frontend", own, FRONTEND_STOPS_WITHIN_S)

    def _program(self, name: str, module: str, own: Mapping[str, str], stop_within_s: float) -> Program:
        shared = {
            "AMQP_URL": self.amqp_url,
            "STORAGE_DIR": str(self.storage),
        }
        return Program(
            name=name,
            command=(sys.executable, "-m", module),
            environment={**self.settings.environment, **shared, **own},
            folder=self.folder,
            stop_within_s=stop_within_s,
        )
