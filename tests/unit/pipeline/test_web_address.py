"""Addresses in the web: read in one way, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UrlInvalid
from pipeline.web_address import WebAddress, host_patterns, is_allowed, parse_web_address

READ = {
    "https://images.example.com/a.jpg": WebAddress("https", "images.example.com", 443, "/a.jpg"),
    "HTTP://Images.Example.COM.:8080": WebAddress("http", "images.example.com", 8080, "/"),
    "https://example.com/a%2Fb?x=%2F&y=1#there": WebAddress("https", "example.com", 443, "/a%2Fb?x=%2F&y=1"),
    "https://bücher.example/ä": WebAddress("https", "xn--bcher-kva.example", 443, "/%C3%A4"),
    "http://93.184.216.34/": WebAddress("http", "93.184.216.34", 80, "/"),
    "http://[2606:4700:0::1111]:443/": WebAddress("http", "2606:4700::1111", 443, "/"),
    "http://１２７.0.0.1/": WebAddress("http", "127.0.0.1", 80, "/"),
    "http://127。0。0。1/": WebAddress("http", "127.0.0.1", 80, "/"),
}
NOT_READ = (
    "",
    "images.example.com/a.jpg",
    "//images.example.com/a.jpg",
    "ftp://example.com/a.jpg",
    "file:///etc/passwd",
    "gopher://example.com/",
    "data:image/png;base64,AAAA",
    "http:///a.jpg",
    "http://:80/",
    "http://user@example.com/",
    "http://user:secret@example.com/",
    "http://@example.com/",
    "http://example.com@127.0.0.1/",
    "http://example.com\\@127.0.0.1/",
    "http://example.com /",
    " http://example.com/",
    "http://example.com/\r\nHost: evil",
    "http://exam\tple.com/",
    "http://example.com/\u202egpj",
    "http://127%2e0.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0177.0.0.1/",
    "http://127.1/",
    "http://0x7f.0.0.1/",
    "http://127.0.0.1.0x1/",
    "http://1.2.3.4.5/",
    "http://[fe80::1%25eth0]/",
    "http://[::1/",
    "http://[::1]evil/",
    "http://[v1.x]/",
    "http://example..com/",
    "http://-example.com/",
    "http://example.com:/",
    "http://example.com:0/",
    "http://example.com:22/",
    "http://example.com:6x/",
    "http://example.com:65536/",
    "http://example.com:80:80/",
    f"http://example.com/{'a' * 2048}",
    f"http://example.com/{'ä' * 600}",
)


@pytest.mark.parametrize("text", READ)
def test_an_address_is_read(text: str) -> None:
    assert parse_web_address(text) == READ[text]


@pytest.mark.parametrize("text", NOT_READ)
def test_what_could_be_read_in_two_ways_is_not(text: str) -> None:
    with pytest.raises(UrlInvalid):
        parse_web_address(text)


@given(st.text() | st.from_regex(r"https?://[^/]{0,40}/?.{0,9}", fullmatch=True))
def test_nothing_else_is_raised_and_what_is_read_is_read_again_as_the_same(text: str) -> None:
    try:
        address = parse_web_address(text)
    except UrlInvalid:
        return
    assert parse_web_address(address.url) == address


def test_numbers_are_no_names() -> None:
    assert parse_web_address("http://127.0.0.1/").is_literal
    assert parse_web_address("http://[::1]/").is_literal
    assert not parse_web_address("http://example.com/").is_literal


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("b.jpg", "https://example.com/photos/b.jpg"),
        ("/b.jpg", "https://example.com/b.jpg"),
        ("//other.example/b.jpg", "https://other.example/b.jpg"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080/"),
    ],
)
def test_a_redirection_is_read_from_where_it_stands(location: str, url: str) -> None:
    assert parse_web_address("https://example.com/photos/a.jpg").joined(location).url == url


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://user@example.com/", "http://[::1", "a b"])
def test_a_redirection_to_what_cannot_be_read_is_refused(location: str) -> None:
    with pytest.raises(UrlInvalid):
        parse_web_address("https://example.com/").joined(location)


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("images.example.com", True),
        ("a.shop.example", True),
        ("a.b.shop.example", True),
        ("shop.example", False),
        ("evilshop.example", False),
        ("images.example.com.evil.example", False),
        ("example.com", False),
    ],
)
def test_hosts_are_allowed_by_name_or_by_what_they_are_below(host: str, is_one: bool) -> None:
    assert is_allowed(host, host_patterns("images.example.com, *.Shop.example")) is is_one


def test_a_star_allows_every_host() -> None:
    assert is_allowed("example.com", host_patterns("*"))
    assert not is_allowed("example.com", host_patterns(""))


@pytest.mark.parametrize(
    "text", ["http://example.com", "example.com/", "*example.com", "a.*.com", "exa mple", "*.*"]
)
def test_what_is_no_list_of_hosts_is_not_taken(text: str) -> None:
    with pytest.raises(ValueError, match="not hosts"):
        host_patterns(text)
