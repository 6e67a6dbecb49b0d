"""Which addresses are public, and which are not however they are written."""

import pytest

from pipeline.errors import UrlNotAllowed
from pipeline.public_addresses import AddressRule, is_public

PUBLIC = (
    "1.1.1.1",
    "93.184.216.34",
    "172.15.255.255",
    "172.32.0.0",
    "100.63.0.1",
    "100.128.0.1",
    "2606:4700::1111",
)
NOT_PUBLIC = {
    "unspecified": "0.0.0.0",  # noqa: S104  # nothing is bound
    "this network": "0.1.2.3",
    "private, large": "10.1.2.3",
    "private, middle": "172.16.0.1",
    "private, middle, its end": "172.31.255.255",
    "private, small": "192.168.1.1",
    "carriers": "100.64.0.1",
    "metadata of Alibaba": "100.100.100.200",
    "loopback": "127.0.0.1",
    "all of loopback": "127.255.0.1",
    "metadata": "169.254.169.254",
    "metadata of Azure": "168.63.129.16",
    "metadata of Oracle": "192.0.0.192",
    "benchmarks": "198.19.0.1",
    "documentation": "203.0.113.7",
    "6to4 relay": "192.88.99.1",
    "multicast": "224.0.0.251",
    "reserved": "250.0.0.1",
    "broadcast": "255.255.255.255",
    "unspecified 6": "::",
    "loopback 6": "::1",
    "private 6": "fd12:3456::1",
    "metadata of AWS 6": "fd00:ec2::254",
    "link-local 6": "fe80::1",
    "link-local with a zone": "fe80::1%eth0",
    "public with a zone": "2606:4700::1111%eth0",
    "site-local 6": "fec0::1",
    "multicast 6": "ff02::1",
    "documentation 6": "2001:db8::1",
    "new documentation 6": "3fff::1",
    "mapped": "::ffff:127.0.0.1",
    "mapped public": "::ffff:1.1.1.1",
    "compatible": "::127.0.0.1",
    "translated": "::ffff:0:127.0.0.1",
    "NAT64": "64:ff9b::7f00:1",
    "local NAT64": "64:ff9b:1::a00:1",
    "6to4": "2002:7f00:1::",
    "Teredo": "2001:0:1::f5ff:fffe",
    "ISATAP": "2606:4700::5efe:a00:1",
    "ISATAP, said to be unique": "2606:4700::200:5efe:a00:1",
    "no address": "localhost",
    "a number": "2130706433",
    "nothing": "",
}


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", NOT_PUBLIC.values(), ids=NOT_PUBLIC)
def test_other_addresses_are_not(address: str) -> None:
    assert not is_public(address)


def test_one_address_that_is_not_public_spoils_all() -> None:
    with pytest.raises(UrlNotAllowed):
        AddressRule().check("images.example.com", ["1.1.1.1", "10.0.0.1"])


def test_an_exemption_is_for_one_host_and_one_address() -> None:
    rule = AddressRule(exempt=frozenset({("images.example.com", "127.0.0.1")}))

    rule.check("images.example.com", ["127.0.0.1", "1.1.1.1"])

    for host, address in (("images.example.com", "127.0.0.2"), ("127.0.0.1", "127.0.0.1")):
        with pytest.raises(UrlNotAllowed):
            rule.check(host, [address])
