"""One request to an address of others: what came of it. No redirection is followed, no answer is read.

The name is looked up once for each connection, which goes to one of the addresses that were checked then.
"""

import asyncio
import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime

from aiohttp import ClientError, ClientSession, hdrs
from aiohttp.abc import AbstractResolver
from yarl import URL

from frontend.checked_session import check_host, checked_session, told_of
from pipeline import __version__
from pipeline.errors import UrlInvalid, UrlNotAllowed
from pipeline.messages import now
from pipeline.public_addresses import AddressRule
from pipeline.web_address import WebAddress, parse_web_address
from pipeline.webhook_log import WebhookTry

log = logging.getLogger(__name__)

DAY_S = 86_400.0

HEADERS = {
    hdrs.USER_AGENT: f"image-resizer/{__version__}",
    hdrs.CONTENT_TYPE: "application/json",
    hdrs.ACCEPT_ENCODING: "identity",
}


class WebhookSender:
    """Sends to the hosts that are allowed."""

    def __init__(
        self,
        hosts: Sequence[str],
        *,
        timeout_s: float,
        rule: AddressRule | None = None,
        resolver: AbstractResolver | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """To the hosts of these patterns, at addresses that the rule lets pass: public ones, if not given.

        Names are looked up by the `resolver` and certificates checked by `tls`, or as the system does it.
        """
        self._hosts = hosts
        self._timeout_s = timeout_s
        self._rule = rule or AddressRule()
        self._resolver = resolver
        self._tls = tls
        self._session: ClientSession | None = None

    async def open(self) -> None:
        """Be ready to send."""
        self._session = checked_session(self._rule, headers=HEADERS, resolver=self._resolver, tls=self._tls)

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def checked(self, url: str) -> WebAddress:
        """The address, if it may be asked as far as that is known without its name being looked up.

        Raises UrlInvalid and UrlNotAllowed.
        """
        address = parse_web_address(url)
        check_host(address, self._hosts, self._rule, use="that this server calls")
        return address

    async def send(self, url: str, body: bytes, headers: Mapping[str, str]) -> WebhookTry:
        """Send the body; what came of it, also if it did not arrive."""
        at, begin = now(), time.monotonic()
        status, retry_after_s, error = None, None, None
        try:
            async with asyncio.timeout(self._timeout_s):
                status, retry_after_s = await self._answer(self.checked(url), body, headers)
        except TimeoutError:
            error = "timeout"
        except (UrlInvalid, UrlNotAllowed):
            error = "not_allowed"
        except (ClientError, OSError, ValueError) as fault:
            log.info("a webhook cannot be delivered: %s", told_of(fault))
            error = "unreachable"
        ms = round(1000 * (time.monotonic() - begin), 1)
        error = error or _error_of(status)
        asked_s = retry_after_s if error == "bad_status" else None
        return WebhookTry(at=at, status=status, error=error, ms=ms, retry_after_s=asked_s)

    async def _answer(
        self, address: WebAddress, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, float | None]:
        """The status, and after how many seconds it shall be tried again if it has to be."""
        assert self._session is not None, "open() comes first"
        url = URL(address.url, encoded=True)
        response = await self._session.post(url, data=body, headers=headers, allow_redirects=False)
        response.close()
        return response.status, _seconds(response.headers.get(hdrs.RETRY_AFTER, ""))


def _seconds(retry_after: str) -> float | None:
    """What Retry-After asks for, which is a number or a date (RFC 9110, 10.2.3); a day at most."""
    if retry_after.isascii() and retry_after.isdecimal():
        return min(float(retry_after), DAY_S)
    try:
        wait = parsedate_to_datetime(retry_after) - now()
    except (ValueError, OverflowError, TypeError):  # the last for a date without a zone
        return None
    return min(max(0.0, round(wait.total_seconds(), 1)), DAY_S)


def _error_of(status: int | None) -> str | None:
    """What is wrong with an answer of this status; None for success."""
    if status is None or 200 <= status < 300:
        return None
    return "redirected" if 300 <= status < 400 else "bad_status"
