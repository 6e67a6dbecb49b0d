"""Somebody who is told how jobs ended: a real server on loopback, and the one name that leads to it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from socket import AddressFamily
from typing import Any

from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from frontend.webhooks.sender import WebhookSender
from pipeline.public_addresses import AddressRule

HOST = "hooks.example.com"
SLOW_HOST = "slow.example.com"
LOOPBACK = "127.0.0.1"
EXEMPT = AddressRule(exempt=frozenset({(HOST, LOOPBACK), (SLOW_HOST, LOOPBACK)}))
"""Lets pass these hosts, at this one address."""
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # the one of the specification
ANSWER_BYTES = 50_000_000


@dataclass(frozen=True)
class Received:
    """One request, whose signature was found to be right. `body` is what its JSON says."""

    id: str
    signatures: str
    body: dict[str, Any]
    raw: bytes
    path: str

    @property
    def job_id(self) -> str:
        """The job that it tells of."""
        return str(self.body["data"]["id"])


@dataclass
class Receiver:
    """Answers as it is told: with the next of `answers` for the path, and with 204 when there is none.

    A pair is a status and what Retry-After says.
    """

    secret: str = SECRET
    answers: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    received: list[Received] = field(default_factory=list)
    told: dict[str, Received] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    port: int = 0
    hanging: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def url(self, path: str = "") -> str:
        """The address of something here, by the name that only tests know."""
        return f"http://{HOST}/{path}"

    def ids(self, job_id: str) -> list[str]:
        """The ids of the webhooks that have come of this job."""
        return [one.id for one in self.received if one.job_id == job_id]

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """Take one. What is not signed rightly raises, and is answered with 500."""
        raw = await request.read()
        try:
            body = Webhook(self.secret).verify(raw, dict(request.headers))
        except WebhookVerificationError as error:
            self.faults.append(str(error))
            raise
        headers = request.headers
        self.received.append(
            Received(headers["webhook-id"], headers["webhook-signature"], body, raw, request.path_qs)
        )
        match self.answer(self.received[-1]):
            case "hang":
                await self._hang()
            case "garbage":
                assert request.transport is not None
                request.transport.write(b"\0\1 no HTTP\r\n\r\n")
                request.transport.close()
            case "endless":
                response = web.StreamResponse(status=200)
                await response.prepare(request)
                for _ in range(ANSWER_BYTES // 65536):
                    await response.write(bytes(65536))
                return response
            case str(location):
                raise web.HTTPFound(location)
            case int(status), str(wait):
                return web.Response(status=status, headers={"Retry-After": wait})
            case int(status):
                return web.Response(status=status, text="x" * 1000)
        return web.Response(status=204)

    def answer(self, received: Received) -> object:
        """What is to be done about one whose signature is right: a status, or a word for what is wrong."""
        answers = self.answers[received.path.partition("?")[0].removeprefix("/")]
        return answers.pop(0) if answers else 204

    async def _hang(self) -> None:
        self.hanging += 1
        await self.released.wait()


class ReceiverNames(AbstractResolver):
    """Knows the name of the receiver, and some that lead to other places inside."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.addresses = {HOST: LOOPBACK, "inside.example.com": LOOPBACK, SLOW_HOST: LOOPBACK}

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The address of a name, at the port of the receiver."""
        if host not in self.addresses:
            raise OSError("no such name")
        return [
            {
                "hostname": host,
                "host": self.addresses[host],
                "port": self._port,
                "family": AddressFamily.AF_INET,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self) -> None:
        """Nothing is open."""


def sender_to(port: int, *, hosts: Sequence[str] = ("*",), timeout_s: float = 5.0) -> WebhookSender:
    """What a frontend sends with that may call the receiver at this port."""
    return WebhookSender(hosts, timeout_s=timeout_s, rule=EXEMPT, resolver=ReceiverNames(port))


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """A receiver, or this one, on a free port."""
    receiver = receiver or Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", receiver.receive)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, LOOPBACK, 0).start()
    receiver.port = runner.addresses[0][1]
    try:
        yield receiver
    finally:
        receiver.released.set()
        await runner.cleanup()
