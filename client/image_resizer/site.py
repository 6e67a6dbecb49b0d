"""The server, and how it is asked: again while that may help, and with its own words for what it refuses."""

from collections.abc import AsyncIterable, AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Self, TypeVar

import aiohttp
import msgspec
from multidict import CIMultiDictProxy
from yarl import URL

from image_resizer.answers import Problem, decoded
from image_resizer.errors import (
    Busy,
    InvalidAnswer,
    NotLetIn,
    Refused,
    ResizerError,
    Unreachable,
    WrongOption,
)
from image_resizer.patience import Patience

CONNECT_S, SILENCE_S = 10.0, 90.0
"""How long a connection may take to come about, and how long the server may be silent then."""

T = TypeVar("T")
Body = AsyncIterable[bytes] | None

_PASSING = {408, 423, 425, 429, 500, 502, 503, 504, 507}
_ELSEWHERE = {301, 302, 303, 307, 308}
_ONCE = {"DELETE", "POST"}
_NOT_LET_IN = {"key_missing", "key_unknown", "local_only"}


@dataclass(frozen=True)
class Answer:
    """What was answered, with a status below 400."""

    status: int
    headers: CIMultiDictProxy[str]
    body: bytes


class Site:
    """The server behind a session; whoever opened it closes it."""

    def __init__(self, session: aiohttp.ClientSession, url: URL, *, patience_s: float) -> None:
        self.session = session
        self.url = url
        self._patience_s = patience_s

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: URL, *, key: str | None, patience_s: float) -> AsyncIterator[Self]:
        """A site with a session of its own. Every request has the key, if there is one."""
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {})
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=SILENCE_S)
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(
            url.origin(), headers=headers, timeout=timeout, connector=connector
        ) as session:
            yield cls(session, url, patience_s=patience_s)

    def patience(self) -> Patience:
        """That for one more request."""
        return Patience(self._patience_s)

    async def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer, asked for again while that may help. Raises Unreachable, Busy and Refused.

        What changes something is not repeated when it may have done so already.
        """
        patience = self.patience()
        while True:
            try:
                return await self.ask_once(method, path, headers=headers)
            except Busy as error:
                await patience.bear(error)
            except Unreachable as error:
                if error.may_have_arrived and method in _ONCE:
                    raise
                await patience.bear(error)

    async def ask_once(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Body = None
    ) -> Answer:
        """The answer to one request. Raises Unreachable, Busy and Refused."""
        async with self.response(method, path, headers=headers, body=body) as response:
            return Answer(response.status, response.headers, await response.read())

    @asynccontextmanager
    async def response(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: Body = None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer below 400 whose body has not been read yet.

        Raises Unreachable, Busy, Refused, and InvalidAnswer for one that sends elsewhere.
        """
        once = (self._not_again,) if method in _ONCE else None
        with self.broken_connections():
            async with self.session.request(
                method, path, headers=headers, data=body, middlewares=once, allow_redirects=False
            ) as response:
                if response.status in _ELSEWHERE:
                    # Followed, POST would become GET, and a body that is streamed cannot be sent again.
                    place = response.headers.get("Location", "an address that it does not tell")
                    raise InvalidAnswer(f"{self.url} sends to {place}: ask there.")
                if response.status >= HTTPStatus.BAD_REQUEST:
                    raise refusal(response.status, response.headers, await response.read())
                yield response

    async def _not_again(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """A middleware: aiohttp sees no error of its own, after which it would repeat DELETE by itself."""
        with self.broken_connections():
            return await handler(request)

    @contextmanager
    def broken_connections(self) -> Iterator[None]:
        """Raise Unreachable for what happens to connections inside."""
        try:
            yield
        except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
            is_sent = not isinstance(error, aiohttp.ClientConnectorError)
            detail = f"{self.url} cannot be reached: {_words(error)}"
            raise Unreachable(detail, may_have_arrived=is_sent) from error

    async def get(self, path: str, kind: type[T], *, method: str = "GET") -> T:
        """The JSON at this path as this type. Raises as `ask`, and InvalidAnswer."""
        return self.understood((await self.ask(method, path)).body, kind)

    def understood(self, data: bytes | str, kind: type[T]) -> T:
        """What was answered, as this type. Raises InvalidAnswer."""
        try:
            return decoded(data, kind)
        except msgspec.DecodeError as error:
            raise InvalidAnswer(f"{self.url} answered what is not understood here: {error}") from error


def refusal(status: int, headers: Mapping[str, str], body: bytes) -> ResizerError:
    """The error that an answer stands for. A proxy in between may have written it, in any form."""
    problem = _problem(status, body)
    if status in _PASSING:
        retry_after_s = _seconds(headers.get("Retry-After"))
        return Busy(problem.detail, status=status, code=problem.code, retry_after_s=retry_after_s)
    if status == HTTPStatus.UNAUTHORIZED or problem.code in _NOT_LET_IN:
        return NotLetIn(problem.detail, status=status, code=problem.code)
    kind = WrongOption if problem.code == "invalid_option" else Refused
    return kind(problem.detail, status=status, code=problem.code)


def _problem(status: int, body: bytes) -> Problem:
    try:
        return decoded(body, Problem)
    except msgspec.DecodeError:
        return Problem(f"http_{status}", f"The server gave no reason for the status {status}.")


def _seconds(text: str | None) -> float | None:
    """What Retry-After asks for, which is a number or a date (RFC 9110, 10.2.3)."""
    if text is None:
        return None
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, OverflowError, TypeError):
        return None


def _words(error: BaseException) -> str:
    return str(error) or ("it is silent" if isinstance(error, TimeoutError) else type(error).__name__)
