"""HTTP clients that connect to checked addresses only, and keep nothing from one request for the next."""

import ssl
from collections.abc import Mapping, Sequence

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver
from multidict import istr

from frontend.checked_resolver import CheckedResolver
from pipeline.errors import UrlNotAllowed
from pipeline.public_addresses import AddressRule
from pipeline.web_address import WebAddress, is_allowed


def check_host(address: WebAddress, hosts: Sequence[str], rule: AddressRule, *, use: str) -> None:
    """Raise UrlNotAllowed unless one of the patterns allows the host and, if it is literal, the rule does.

    The `use` is how the sentence about other hosts ends.
    """
    if not is_allowed(address.host, hosts):
        raise UrlNotAllowed(f"{address.host} is not one of the hosts {use}.")
    if address.is_literal:
        rule.check(address.host, [address.host])


def checked_session(
    rule: AddressRule,
    *,
    headers: Mapping[istr, str],
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> ClientSession:
    """A session without limits of time, connections that are kept, cookies and proxies; it has to be closed.

    It is for the caller to `check_host` first: aiohttp asks no resolver for literal addresses.
    """
    connector = TCPConnector(
        resolver=CheckedResolver(rule, resolver),
        use_dns_cache=False,
        force_close=True,
        limit=0,
        ssl=tls or True,
    )
    return ClientSession(
        connector=connector,
        cookie_jar=DummyCookieJar(),
        headers=headers,
        timeout=ClientTimeout(total=None, sock_connect=None),
        trust_env=False,
    )


def told_of(fault: Exception) -> str:
    """What a log may tell of an error of aiohttp's. Its own words may have the address, and that a secret."""
    why = fault.strerror if isinstance(fault, OSError) else None
    return f"{type(fault).__name__}: {why}" if why else type(fault).__name__
