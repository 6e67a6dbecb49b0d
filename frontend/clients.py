"""Telling who sends a request: by an API key or, where there are none, by whether it comes from here."""

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from aiohttp import hdrs, web
from yarl import URL

from frontend.api_keys.keyring import Holder, Keyring
from frontend.client import Allowance, Client
from frontend.errors import KeyMissing, KeyUnknown, LocalOnly

COOKIE = "image_resizer_key"
_FORWARDED = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")
"""With these a proxy says that it sends for somebody else."""
_NETWORK_BITS = 64
"""So much of an IPv6 address is the same for all of one household; the rest each can choose anew."""


class Clients:
    """Knows the clients of a frontend."""

    def __init__(self, keyring: Keyring | None, *, serves_anyone: bool, allowance: Allowance) -> None:
        self._keyring = keyring
        self._serves_anyone = serves_anyone
        self._allowance = allowance

    @property
    def have_keys(self) -> bool:
        """Whether a key is needed."""
        return self._keyring is not None

    def of(self, request: web.Request) -> Client:
        """Who sends it. Raises KeyMissing and KeyUnknown or, where there are no keys, LocalOnly."""
        if self._keyring is not None:
            return self.with_key(_secret(request))
        if not self._serves_anyone and not _is_local(request):
            raise LocalOnly
        return Client(name=f"address {_network(request)}", sees_all=True, allowance=self._allowance)

    def with_key(self, secret: str) -> Client:
        """Who has this key. Raises KeyUnknown."""
        holder = self._keyring.holder(secret) if self._keyring else None
        if holder is None:
            raise KeyUnknown
        return self._client(holder)

    def _client(self, holder: Holder) -> Client:
        key, others = holder.key, self._allowance
        allowance = Allowance(
            requests=others.requests if key.requests_per_minute is None else key.requests_per_minute,
            bytes=others.bytes if key.bytes_per_minute is None else key.bytes_per_minute,
        )
        name = f"key {holder.name}"
        return Client(
            name=name,
            owner=holder.name,
            sees_all=key.sees_all,
            allowance=allowance,
            callback_url=key.callback_url,
        )


def _secret(request: web.Request) -> str:
    """The key that came with the request (RFC 6750, 2.1), or the one that the page has signed in with."""
    scheme, _, secret = request.headers.get(hdrs.AUTHORIZATION, "").strip().partition(" ")
    if scheme.lower() == "bearer":
        return secret.strip()
    cookie = request.cookies.get(COOKIE)
    if not cookie:
        raise KeyMissing
    return cookie


def _is_local(request: web.Request) -> bool:
    """Whether it comes from this machine, and not on behalf of another one.

    A page of another site can have a name of its own lead here (DNS rebinding), and would then count as this
    site: so the name by which this machine was found has to be one that always is this machine.
    """
    address = _address(request)
    is_from_here = _is_over_file(request) if address is None else address.is_loopback
    return is_from_here and not any(name in request.headers for name in _FORWARDED) and _names_here(request)


def _is_over_file(request: web.Request) -> bool:
    """Whether it comes over a socket in the file system.

    It may have no address too because its sender has reset the connection by now, from wherever.
    """
    connection = request.get_extra_info("socket")
    return connection is not None and connection.family == socket.AF_UNIX


def _names_here(request: web.Request) -> bool:
    try:
        host = URL.build(scheme="http", authority=request.host).host or ""
    except ValueError:
        return False
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")  # RFC 6761, 6.3


def _address(request: web.Request) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address((request.remote or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _network(request: web.Request) -> str:
    address = _address(request)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, _NETWORK_BITS), strict=False))
    return str(address)
