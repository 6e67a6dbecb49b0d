"""HTTP clients that connect to checked addresses only, and keep nothing from one request for the next."""

import ssl
from collections.abc import Mapping

from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector
from aiohttp.abc import AbstractResolver
from multidict import istr

from frontend.checked_resolver import CheckedResolver
from pipeline.public_addresses import AddressRule


def checked_session(
    rule: AddressRule,
    *,
    headers: Mapping[istr, str],
    resolver: AbstractResolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> ClientSession:
    """A session without limits of time, connections that are kept, cookies and proxies; it has to be closed.

    Literal addresses are for the caller to check: aiohttp asks no resolver for them.
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
