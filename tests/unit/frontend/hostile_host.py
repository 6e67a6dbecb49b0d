"""A host in the web that means no good, on loopback, and the names that lead to it."""

import asyncio
import ssl
import subprocess
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from socket import AddressFamily

from aiohttp.abc import AbstractResolver, ResolveResult

from pipeline.public_addresses import AddressRule
from tests.unit.frontend.requests import PNG

HOST = "images.example.com"
LOOPBACK = "127.0.0.1"
OTHER_LOOPBACK = "127.0.0.2"
OTHER_HOST = "pictures.example.com"
EXEMPT = AddressRule(exempt=frozenset({(HOST, LOOPBACK), (OTHER_HOST, LOOPBACK)}))
"""Lets pass this one host, by both its names, at this one address."""
ENDLESS_BYTES = 300 * 1024 * 1024

Send = Callable[[bytes], Awaitable[None]]
Answer = Callable[[Send], Awaitable[None]]


class HostileHost:
    """Answers each path in its own way, and remembers what it was asked."""

    def __init__(self, port: int, other_requests: list[str]) -> None:
        self.port = port
        self.requests: list[str] = []
        self.other_requests = other_requests
        self.open = 0
        self.most_open = 0
        self.gate = asyncio.Event()
        self.gate.set()

    def url(self, path: str, *, host: str = HOST, scheme: str = "http") -> str:
        """The address of something on it."""
        return f"{scheme}://{host}/{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request, and hang up."""

        async def send(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            await self.gate.wait()
            path = head.split()[1].partition("?")[0].rpartition("/")[2]
            if path == "silent":
                await reader.read()  # until the one who asked gives up
            else:
                await ANSWERS.get(path, _image)(send)
        except (OSError, asyncio.IncompleteReadError):
            """The one who asked has gone."""
        finally:
            self.open -= 1
            writer.close()

    async def serve_other(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What nobody should ever come to."""
        self.other_requests.append("somebody")
        writer.close()


def head(*lines: str, status: str = "200 OK") -> bytes:
    """The head of an answer."""
    return "\r\n".join([f"HTTP/1.1 {status}", *lines, "Connection: close", "", ""]).encode()


def leads_to(location: str) -> Answer:
    """A redirection."""

    async def answer(send: Send) -> None:
        await send(head(f"Location: {location}", "Content-Length: 0", status="302 Found"))

    return answer


def status(line: str) -> Answer:
    """An answer without an image."""

    async def answer(send: Send) -> None:
        await send(head(f"Content-Length: {len(PNG)}", status=line) + PNG)

    return answer


def bytes_of(data: bytes, *lines: str) -> Answer:
    """An answer with these bytes."""

    async def answer(send: Send) -> None:
        await send(head(*lines) + data)

    return answer


async def _image(send: Send) -> None:
    await send(head(f"Content-Length: {len(PNG)}") + PNG)


async def _drip(send: Send) -> None:
    await send(head("Content-Length: 1000000") + PNG)
    while True:
        await send(b"x")
        await asyncio.sleep(0.01)


async def _endless(send: Send) -> None:
    await send(head() + PNG)
    for _ in range(ENDLESS_BYTES // 65536):
        await send(bytes(65536))


async def _chunked_lie(send: Send) -> None:
    await send(head("Transfer-Encoding: chunked") + b"zz\r\n" + PNG)


async def _heads(send: Send) -> None:
    for number in range(1_000_000):
        await send(f"X-{number}: y\r\n".encode() if number else b"HTTP/1.1 200 OK\r\n")


def _bomb() -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    data = packer.compress(PNG)
    for _ in range(300):
        data += packer.compress(bytes(1024 * 1024))
    return data + packer.flush()


def _packed(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=31)
    return packer.compress(data) + packer.flush()


ANSWERS: dict[str, Answer] = {
    "drip": _drip,
    "endless": _endless,
    "too-large": bytes_of(PNG, "Content-Length: 999999999999"),
    "short": bytes_of(PNG, f"Content-Length: {len(PNG) + 1}"),
    "chunked-lie": _chunked_lie,
    "cut": bytes_of(PNG[: len(PNG) // 2], f"Content-Length: {len(PNG)}"),
    "gzip": bytes_of(_packed(PNG), "Content-Encoding: gzip"),
    "gzip-lie": bytes_of(PNG, "Content-Encoding: gzip"),
    "bomb": bytes_of(_bomb(), "Content-Encoding: gzip"),
    "long-head": bytes_of(PNG, f"X: {'y' * 100_000}"),
    "heads": _heads,
    "no-http": bytes_of(b"", "\0: y"),
    "text": bytes_of(b"<html>" * 9),
    "empty": bytes_of(b"", "Content-Length: 0"),
    "missing": status("404 Not Found"),
    "part": status("206 Partial Content"),
    "nowhere": status("302 Found"),
    "loop": leads_to("/loop"),
    "once": leads_to("/holiday.png"),
    "three": leads_to("/two"),
    "two": leads_to("/once"),
    "four": leads_to("/three"),
    "to-loopback": leads_to("http://127.0.0.1/holiday.png"),
    "to-loopback-6": leads_to("http://[::ffff:7f00:1]/holiday.png"),
    "to-a-number": leads_to("http://2130706433/holiday.png"),
    "to-metadata": leads_to("http://169.254.169.254/latest/meta-data/"),
    "to-a-private-name": leads_to("http://inside.example.com/holiday.png"),
    "to-another-host": leads_to("http://elsewhere.example.org/holiday.png"),
    "to-a-file": leads_to("file:///etc/passwd"),
    "to-a-user": leads_to("http://user:secret@images.example.com/holiday.png"),
    "called": bytes_of(PNG, 'Content-Disposition: attachment; filename="../../be\\"ach.png"'),
    "called-in-utf-8": bytes_of(PNG, "Content-Disposition: inline; filename*=UTF-8''b%C3%BCcher.png"),
    "called-badly": bytes_of(PNG, "Content-Disposition: ;;=;"),
    "cookie": bytes_of(PNG, "Set-Cookie: a=b; Path=/"),
}


class Names(AbstractResolver):
    """Knows some names. A name with several answers gives the next one each time, and then the last again."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.asked: list[str] = []
        self.answers: dict[str, list[list[str]]] = {
            HOST: [[LOOPBACK]],
            OTHER_HOST: [[LOOPBACK]],
            "inside.example.com": [[OTHER_LOOPBACK]],
            "mixed.example.com": [["93.184.216.34", OTHER_LOOPBACK]],
            "elsewhere.example.org": [[LOOPBACK]],
        }

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        """The addresses of a name, all at the port of the hostile host."""
        self.asked.append(host)
        if host not in self.answers:
            raise OSError("no such name")
        answers = self.answers[host]
        addresses = answers.pop(0) if len(answers) > 1 else answers[0]
        return [
            {
                "hostname": host,
                "host": one,
                "port": self.port,
                "family": AddressFamily.AF_INET,
                "proto": 0,
                "flags": 0,
            }
            for one in addresses
        ]

    async def close(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def hostile_host(tls: ssl.SSLContext | None = None) -> AsyncIterator[HostileHost]:
    """The host, listening on a free port of both loopback addresses."""
    host = HostileHost(0, [])
    server = await asyncio.start_server(host.serve, LOOPBACK, 0, ssl=tls)
    host.port = server.sockets[0].getsockname()[1]
    other = await asyncio.start_server(host.serve_other, OTHER_LOOPBACK, host.port)
    try:
        yield host
    finally:
        host.gate.set()
        for one in (server, other):
            one.close()


def certificate(folder: Path, host: str) -> Path:
    """A certificate for the host that nobody has signed but itself, in one file with its key."""
    path = folder / f"{host}.pem"
    subprocess.run(
        [
            *(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
            ),
            *("-days", "1", "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"),
            *("-keyout", str(path), "-out", str(path.with_suffix(".crt"))),
        ],
        check=True,
        capture_output=True,
        timeout=30,
    )
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path


def served_with(path: Path) -> ssl.SSLContext:
    """What a host needs that shows this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
