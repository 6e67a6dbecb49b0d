"""Addresses in the web that others have sent: read strictly, so that nobody reads them in another way."""

import ipaddress
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

from pipeline.errors import UrlInvalid

LONGEST_URL = 2048
ANY_HOST = "*"
_PORTS = {"http": 80, "https": 443}
_FIRST_FREE_PORT = 1024
"""Below it are the ports of other services, which may take a request for something else."""
_PLACE = re.compile(r"(?:\[(?P<six>[0-9a-fA-F:.]+)\]|(?P<name>[^\[\]:@%]+))(?::(?P<port>[0-9]{1,5}))?")
_NAME = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_AS_SENT = "!#$%&'()*+,/:;=?@[]~"


@dataclass(frozen=True)
class WebAddress:
    """An http or https address: `host` in ASCII, small and without brackets; `target` is path and query."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_literal(self) -> bool:
        """Whether the host is an IP address and no name."""
        return ":" in self.host or bool(_NUMBER.fullmatch(self.host.rpartition(".")[2]))

    @property
    def url(self) -> str:
        """The address as it is to be asked for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"

    def joined(self, location: str) -> "WebAddress":
        """Where a redirection leads from here. Raises UrlInvalid."""
        try:
            return parse_web_address(urljoin(self.url, location))
        except ValueError as error:
            raise UrlInvalid from error


def parse_web_address(text: str) -> WebAddress:
    """The address that the text is. Raises UrlInvalid, which says what is wrong with it."""
    if len(text) > LONGEST_URL:
        raise UrlInvalid(f"An address has at most {LONGEST_URL:,} characters.")
    if "\\" in text or any(unicodedata.category(char)[0] in "CZ" for char in text):
        raise UrlInvalid("An address has no spaces, control characters and backslashes.")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UrlInvalid from error
    if parts.scheme not in _PORTS:
        raise UrlInvalid("Only addresses that begin with http:// or https:// are fetched.")
    if "@" in parts.netloc:
        raise UrlInvalid("An address must not have a user name or password.")
    place = _PLACE.fullmatch(parts.netloc)
    if place is None:
        raise UrlInvalid("The address names no host that can be used.")
    host = _six(place["six"]) if place["six"] else _name(place["name"])
    port = _port(place["port"], scheme=parts.scheme)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    address = WebAddress(parts.scheme, host, port, quote(target, safe=_AS_SENT))
    if len(address.url) > LONGEST_URL:  # what is taken now is read again when it is asked for
        raise UrlInvalid(f"An address has at most {LONGEST_URL:,} characters, others than ASCII written out.")
    return address


def host_patterns(text: str) -> tuple[str, ...]:
    """Hosts with commas between them: names, `*.example.com` for all below a name, `*` for all."""
    try:
        return tuple(_pattern(part.strip()) for part in text.split(",") if part.strip())
    except UrlInvalid:
        expected = "not hosts like images.example.com, *.example.com or *, with commas between them"
        raise ValueError(expected) from None


def is_allowed(host: str, patterns: Sequence[str]) -> bool:
    """Whether the host of an address is one of these."""
    return any(
        pattern in (ANY_HOST, host) or (pattern.startswith("*.") and host.endswith(pattern[1:]))
        for pattern in patterns
    )


def _pattern(text: str) -> str:
    below = "*." if text.startswith("*.") else ""
    return text if text == ANY_HOST else below + _host(text.removeprefix(below))


def _host(text: str) -> str:
    return _six(text) if ":" in text else _name(text)


def _six(text: str) -> str:
    try:
        return str(ipaddress.IPv6Address(text))
    except ValueError as error:
        raise UrlInvalid("The host of the address is no IPv6 address.") from error


def _name(text: str) -> str:
    """A name in ASCII. What ends in a number is an IPv4 address to some, so it has to be one to all."""
    try:
        name = text.encode("idna").decode().lower().removesuffix(".")
    except UnicodeError as error:
        raise UrlInvalid("The host of the address is no name.") from error
    if len(name) > 253 or not _NAME.fullmatch(name):
        raise UrlInvalid("The host of the address is no name.")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        try:
            ipaddress.IPv4Address(name)
        except ValueError as error:
            raise UrlInvalid("An IPv4 address is written as four decimal numbers.") from error
    return name


def _port(text: str | None, *, scheme: str) -> int:
    port = int(text) if text else _PORTS[scheme]
    if port not in _PORTS.values() and not _FIRST_FREE_PORT <= port <= 65535:
        raise UrlInvalid("The port of an address is 80, 443, or one from 1024 to 65535.")
    return port
