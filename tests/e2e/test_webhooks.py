"""The receiver of docs/webhooks.md, pasted as it stands, is told by real services, whatever is killed."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from deploy.local.ports import Ports
from tests.checked_session import checked_session
from tests.e2e.images import small_photograph
from tests.e2e.uploads import job_with, upload
from tests.eventually import eventually
from tests.rig import ROOT, Rig, any_port
from tests.webhook_receiver import HOST, SECRET

EXAMPLE = re.compile(r"^```python\n(\"\"\"receiver\.py.*?)^```", re.MULTILINE | re.DOTALL)


class PastedReceiver:
    """The example as a process. It hears nothing until it is started."""

    def __init__(self, folder: Path) -> None:
        [text] = EXAMPLE.findall((ROOT / "docs" / "webhooks.md").read_text())
        self._file = folder / "receiver.py"
        self._file.write_text(text)
        self._said = folder / "said"
        self._ports = Ports()
        self.port = self._ports.take(any_port())
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def lines(self) -> list[str]:
        """What it has printed."""
        return self._said.read_text().splitlines() if self._said.exists() else []

    def start(self) -> None:
        """Start it; it is not waited for."""
        with self._said.open("ab") as said:
            self._process = subprocess.Popen(
                [sys.executable, str(self._file)],
                stdout=said,
                stderr=said,
                env={**os.environ, "WEBHOOK_SECRET": SECRET, "PORT": str(self.port)},
            )

    def end(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._ports.close()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[PastedReceiver]:
    """The example, which is ended in any case."""
    receiver = PastedReceiver(tmp_path)
    yield receiver
    receiver.end()


async def test_the_pasted_receiver_is_told_once_whatever_was_killed_meanwhile(
    amqp_url: str, tmp_path: Path, receiver: PastedReceiver
) -> None:
    rig = Rig(
        amqp_url,
        tmp_path,
        frontend_module="tests.called_back_frontend",
        WEBHOOK_HOSTS=HOST,
        WEBHOOK_SECRET=SECRET,
        WEBHOOK_DELAYS_S="0.5,1,1.5,2,2.5,3,3.5",
        RECEIVER_PORT=str(receiver.port),
    )
    async with rig, checked_session(rig.url) as http:
        await rig.start(workers=1)
        wish = {"callback_url": f"http://{HOST}/image-done"}
        job = await upload(http, small_photograph(1), fields=wish)
        await job_with(http, job["id"], "done")
        await eventually(lambda: tries(http, job["id"]))
        rig.frontend.kill()
        rig.frontend.start()
        receiver.start()
        await rig.until_ready()

        await eventually(lambda: receiver.lines)

        assert receiver.lines == [f"job.done {job['id']} photo.jpg"]
        await eventually(lambda: is_delivered(http, job["id"]))


async def tries(http: aiohttp.ClientSession, job_id: str) -> list[str]:
    """How the tries of the webhook have ended."""
    async with http.get(f"/api/jobs/{job_id}/webhooks") as response:
        [webhook] = (await response.json())["webhooks"]
    return [tried["error"] for tried in webhook["tries"]]


async def is_delivered(http: aiohttp.ClientSession, job_id: str) -> bool:
    async with http.get(f"/api/jobs/{job_id}") as response:
        return bool((await response.json())["webhook"] == "delivered")
