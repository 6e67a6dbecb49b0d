"""What is at an address in the web, as a stream. Whoever sent the address does not decide where it leads.

The name is looked up once for each connection, which goes to one of the addresses that were checked then; a
redirection is another address, and is checked like the first.
"""

import asyncio
import logging
import ssl
import warnings
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import unquote
from weakref import WeakValueDictionary

from aiohttp import ClientError, ClientResponse, ClientSession, hdrs
from aiohttp.abc import AbstractResolver
from yarl import URL

from frontend.checked_session import check_host, checked_session, told_of
from frontend.errors import (
    UrlBadStatus,
    UrlBrokenOff,
    UrlRedirectedTooOften,
    UrlTooSlow,
    UrlUnreachable,
)
from pipeline import __version__
from pipeline.errors import PipelineError
from pipeline.public_addresses import AddressRule
from pipeline.web_address import WebAddress, parse_web_address

AT_ONCE = 16
"""So many addresses are asked by one frontend at a time; the others wait, which counts as their time."""
PER_HOST = 8
"""So many of these are of one host, lest those of others wait for one that hangs."""
CHUNK_BYTES = 256 * 1024
HEADERS = {
    hdrs.USER_AGENT: f"image-resizer/{__version__}",
    hdrs.ACCEPT: "image/*",
    hdrs.ACCEPT_ENCODING: "identity",
}
_OK = 200
_REDIRECTIONS = (301, 302, 303, 307, 308)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fetched:
    """The answer to an address: a name for what is there, its bytes if they are told, and what comes."""

    name: str
    size: int | None
    chunks: AsyncIterator[bytes]


class UrlFetcher:
    """Fetches what is at addresses, from the hosts that are allowed."""

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        max_redirects: int,
        rule: AddressRule | None = None,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """From the hosts of these patterns, at addresses that the rule lets pass: public ones, if not given.

        Names are looked up by the `resolver` and certificates checked by `tls`, or as the system does it.
        """
        self._hosts = hosts
        self._max_redirects = max_redirects
        self._rule = rule or AddressRule()
        self._resolver = resolver
        self._tls = tls
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._turns_of_hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Be ready to fetch. Nothing is kept from one address for the next: no connection and no cookie."""
        self._session = checked_session(self._rule, headers=HEADERS, resolver=self._resolver, tls=self._tls)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def fetched(self, text: str, *, deadline: float) -> AsyncIterator[Fetched]:
        """What is at the address, which has to come until the moment `deadline` of the loop's clock.

        Raises UrlInvalid, UrlNotAllowed, UrlUnreachable, UrlBadStatus, UrlRedirectedTooOften and UrlTooSlow;
        the chunks raise UrlBrokenOff and UrlTooSlow.
        """
        address = parse_web_address(text)
        turns_of_host = self._turns_of_hosts.setdefault(address.host, asyncio.Semaphore(PER_HOST))
        async with _turn(turns_of_host, deadline), _turn(self._turns, deadline):
            async with _until(deadline):
                address, response = await self._follow(address)
            try:
                yield Fetched(_name(address, response), response.content_length, _chunks(response, deadline))
            finally:
                response.close()

    async def _follow(self, address: WebAddress) -> tuple[WebAddress, ClientResponse]:
        for _ in range(self._max_redirects + 1):
            response = await self._ask(address)
            if response.status == _OK:
                return address, response
            response.close()
            if response.status not in _REDIRECTIONS or hdrs.LOCATION not in response.headers:
                raise UrlBadStatus(f"The address was answered with status {response.status}.")
            address = address.joined(response.headers[hdrs.LOCATION])
        raise UrlRedirectedTooOften(f"The address leads on more than {self._max_redirects} times.")

    async def _ask(self, address: WebAddress) -> ClientResponse:
        assert self._session is not None, "open() comes first"
        check_host(address, self._hosts, self._rule, use="from which this server fetches")
        with _faults(UrlUnreachable):
            return await self._session.get(URL(address.url, encoded=True), allow_redirects=False)


@asynccontextmanager
async def _until(deadline: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(deadline):
            yield
    except TimeoutError as error:
        raise UrlTooSlow from error


@asynccontextmanager
async def _turn(turns: asyncio.Semaphore, deadline: float) -> AsyncIterator[None]:
    async with _until(deadline):
        await turns.acquire()
    try:
        yield
    finally:
        turns.release()


@contextmanager
def _faults(error: type[PipelineError]) -> Iterator[None]:
    """What aiohttp raises as an error of ours. What is wrong stays in the log: it tells of our network."""
    try:
        yield
    except (ClientError, OSError, ValueError) as fault:
        log.info("an address cannot be fetched: %s", told_of(fault))
        raise error from fault


async def _chunks(response: ClientResponse, deadline: float) -> AsyncIterator[bytes]:
    """The body, unpacked piece by piece if it is packed although nobody asked for that."""
    while True:
        async with _until(deadline):
            with _faults(UrlBrokenOff):
                chunk = await response.content.read(CHUNK_BYTES)
        if not chunk:
            return
        yield chunk


def _name(address: WebAddress, response: ClientResponse) -> str:
    """What the answer calls it, or else the last part of the path. It is text of a stranger."""
    with warnings.catch_warnings(action="ignore"):  # aiohttp warns of headers that it cannot read
        disposition = response.content_disposition
    path = address.target.partition("?")[0]
    return (disposition.filename if disposition else None) or unquote(path.rpartition("/")[2])
