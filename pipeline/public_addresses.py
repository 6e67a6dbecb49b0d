"""Which addresses of the internet a server may be led to by others: public ones, and no other."""

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from pipeline.errors import UrlNotAllowed

# The tables are here because those of Python's ipaddress differ between its versions. They are those of the
# special-purpose registries of IANA (RFC 6890), and what a cloud answers at a public address.
_NOT_PUBLIC_4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by the customers of a carrier (CGNAT)
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # what Azure tells its machines
        "169.254.0.0/16",  # link-local, with what clouds tell their machines
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # assignments of the IETF
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # relays of 6to4
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_GLOBAL_UNICAST_6 = IPv6Network("2000::/3")
# All others are outside of that: unspecified, loopback, private, link-local, multicast, and those which hide
# an IPv4 address: ::ffff:0:0/96 (mapped), 64:ff9b::/96 and 64:ff9b:1::/48 (NAT64).
_NOT_PUBLIC_6 = tuple(
    IPv6Network(text)
    for text in (
        "2001::/23",  # assignments of the IETF, Teredo among them
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
)
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
"""The middle of an address whose last 32 bits are an IPv4 address (RFC 5214, 6.1)."""


@dataclass(frozen=True)
class AddressRule:
    """Decides whether a host may be connected to, by all the addresses that its name leads to.

    `exempt` has pairs of a host and the one address that is let pass for it all the same, for tests.
    """

    exempt: frozenset[tuple[str, str]] = frozenset()

    def check(self, host: str, addresses: Iterable[str]) -> None:
        """Raise UrlNotAllowed if one of them is not public: then none is to be tried."""
        for address in addresses:
            if (host, address) not in self.exempt and not is_public(address):
                raise UrlNotAllowed(f"{host} leads to an address that is not public.")


def is_public(text: str) -> bool:
    """Whether an IP address is public, and hides no other one. What is no address is not public."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    return _is_public_4(address) if isinstance(address, IPv4Address) else _is_public_6(address)


def _is_public_4(address: IPv4Address) -> bool:
    return not any(address in network for network in _NOT_PUBLIC_4)


def _is_public_6(address: IPv6Address) -> bool:
    if address.scope_id or address not in _GLOBAL_UNICAST_6 or (int(address) >> 32) % 2**32 in _ISATAP:
        return False
    return not any(address in network for network in _NOT_PUBLIC_6)
