"""Fetching from a host that means no good: what comes is an image within the limits, or an error of ours."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from frontend.errors import UrlBadStatus, UrlBrokenOff, UrlRedirectedTooOften, UrlTooSlow, UrlUnreachable
from frontend.url_fetcher import AT_ONCE, PER_HOST, UrlFetcher
from pipeline.errors import PipelineError, UrlInvalid, UrlNotAllowed
from tests.eventually import eventually
from tests.unit.frontend.hostile_host import (
    EXEMPT,
    HOST,
    LOOPBACK,
    OTHER_HOST,
    OTHER_LOOPBACK,
    HostileHost,
    Names,
    certificate,
    hostile_host,
    served_with,
)
from tests.unit.frontend.requests import PNG

ENOUGH_S = 20.0


@pytest.fixture
async def host() -> AsyncIterator[HostileHost]:
    """A host that means no good."""
    async with hostile_host() as running:
        yield running


@pytest.fixture
def names(host: HostileHost) -> Names:
    """The names of the hosts that there are."""
    return Names(host.port)


@asynccontextmanager
async def fetcher_of(
    names: Names, *, hosts: tuple[str, ...] = ("*",), tls: ssl.SSLContext | None = None
) -> AsyncIterator[UrlFetcher]:
    """A fetcher for which the one exemption is made."""
    fetcher = UrlFetcher(hosts, max_redirects=3, rule=EXEMPT, resolver=names, tls=tls)
    await fetcher.open()
    try:
        yield fetcher
    finally:
        await fetcher.close()


@pytest.fixture
async def fetcher(names: Names) -> AsyncIterator[UrlFetcher]:
    """A fetcher for all hosts."""
    async with fetcher_of(names) as one:
        yield one


async def fetched(fetcher: UrlFetcher, url: str, *, seconds: float = ENOUGH_S) -> tuple[str, bytes]:
    """The name and all the bytes of what is there."""
    deadline = asyncio.get_running_loop().time() + seconds
    async with fetcher.fetched(url, deadline=deadline) as answer:
        return answer.name, b"".join([chunk async for chunk in answer.chunks])


async def test_an_image_is_fetched(fetcher: UrlFetcher, host: HostileHost) -> None:
    assert await fetched(fetcher, host.url("holiday.png")) == ("holiday.png", PNG)


async def test_it_is_asked_for_without_a_trace_of_us_but_our_name(
    fetcher: UrlFetcher, host: HostileHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text(f"machine {HOST} login me password secret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")

    for path in ("cookie", "holiday.png?a=%2F&b=c%20d"):
        await fetched(fetcher, host.url(path))

    lines = host.requests[1].split("\r\n")
    assert lines[0] == "GET /holiday.png?a=%2F&b=c%20d HTTP/1.1"
    assert {line.partition(":")[0] for line in lines[1:] if line} == {
        "Host",
        "User-Agent",
        "Accept",
        "Accept-Encoding",
        "Connection",
    }
    assert "User-Agent: image-resizer/" in host.requests[1]
    assert "Accept-Encoding: identity" in lines


@pytest.mark.parametrize(
    ("path", "error"),
    {
        "silent": UrlTooSlow,
        "drip": UrlTooSlow,
        "short": UrlBrokenOff,
        "cut": UrlBrokenOff,
        "chunked-lie": (UrlBrokenOff, UrlUnreachable),  # as it comes, in one piece with the head or not
        "gzip-lie": UrlBrokenOff,
        "long-head": UrlUnreachable,
        "heads": UrlUnreachable,
        "no-http": UrlUnreachable,
        "missing": UrlBadStatus,
        "part": UrlBadStatus,
        "nowhere": UrlBadStatus,
        "loop": UrlRedirectedTooOften,
        "four": UrlRedirectedTooOften,
        "to-loopback": UrlNotAllowed,
        "to-loopback-6": UrlNotAllowed,
        "to-a-number": UrlInvalid,
        "to-metadata": UrlNotAllowed,
        "to-a-private-name": UrlNotAllowed,
        "to-another-host": UrlNotAllowed,
        "to-a-file": UrlInvalid,
        "to-a-user": UrlInvalid,
    }.items(),
)
async def test_what_the_host_does_wrong_is_an_error_of_ours(
    fetcher: UrlFetcher,
    host: HostileHost,
    path: str,
    error: type[PipelineError] | tuple[type[PipelineError], ...],
) -> None:
    with pytest.raises(error):
        await fetched(fetcher, host.url(path), seconds=0.5 if error is UrlTooSlow else ENOUGH_S)

    assert host.other_requests == []


async def test_a_host_that_hangs_does_not_hold_up_the_others(fetcher: UrlFetcher, host: HostileHost) -> None:
    """There are more of its addresses than a frontend asks at a time."""
    hanging = [asyncio.create_task(fetched(fetcher, host.url("silent"))) for _ in range(AT_ONCE)]
    await eventually(lambda: len(host.requests) == PER_HOST)

    assert await fetched(fetcher, host.url("holiday.png", host=OTHER_HOST), seconds=5) == ("holiday.png", PNG)

    assert len(host.requests) == PER_HOST + 1
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)
    assert await fetched(fetcher, host.url("holiday.png")) == ("holiday.png", PNG)


async def test_the_address_is_in_no_log_for_it_may_hold_secrets(
    fetcher: UrlFetcher, host: HostileHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    for path in ("no-http", "heads", "cut"):
        with pytest.raises((UrlUnreachable, UrlBrokenOff)):
            await fetched(fetcher, host.url(f"{path}?signature=hush"))

    assert "hush" not in caplog.text
    assert caplog.text.count("an address cannot be fetched") == 3


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("http://127.0.0.1:{port}/holiday.png", UrlNotAllowed),
        ("http://[::1]:{port}/holiday.png", UrlNotAllowed),
        ("http://[::ffff:127.0.0.1]:{port}/holiday.png", UrlNotAllowed),
        ("http://0x7f000001:{port}/holiday.png", UrlInvalid),
        ("http://user@images.example.com/holiday.png", UrlInvalid),
        ("http://inside.example.com/holiday.png", UrlNotAllowed),
        ("http://mixed.example.com/holiday.png", UrlNotAllowed),
        ("http://elsewhere.example.org/holiday.png", UrlNotAllowed),
        ("http://unknown.example.com/holiday.png", UrlUnreachable),
    ],
)
async def test_an_address_that_leads_inside_is_not_asked(
    fetcher: UrlFetcher, host: HostileHost, url: str, error: type[PipelineError]
) -> None:
    with pytest.raises(error):
        await fetched(fetcher, url.format(port=host.port))

    assert (host.requests, host.other_requests) == ([], [])


async def test_three_redirections_are_followed(fetcher: UrlFetcher, host: HostileHost) -> None:
    assert await fetched(fetcher, host.url("three")) == ("holiday.png", PNG)


async def test_a_name_is_looked_up_once_and_the_connection_goes_there(
    fetcher: UrlFetcher, host: HostileHost, names: Names
) -> None:
    names.answers[HOST] = [[LOOPBACK], [OTHER_LOOPBACK]]

    assert (await fetched(fetcher, host.url("holiday.png")))[1] == PNG

    assert names.asked == [HOST]
    assert host.other_requests == []


async def test_a_name_that_leads_elsewhere_after_a_redirection_is_checked_anew(
    fetcher: UrlFetcher, host: HostileHost, names: Names
) -> None:
    names.answers[HOST] = [[LOOPBACK], [OTHER_LOOPBACK]]

    with pytest.raises(UrlNotAllowed):
        await fetched(fetcher, host.url("once"))

    assert names.asked == [HOST, HOST]
    assert host.other_requests == []


async def test_a_redirection_out_of_the_allowed_hosts_is_not_followed(
    names: Names, host: HostileHost
) -> None:
    async with fetcher_of(names, hosts=(HOST,)) as fetcher:
        with pytest.raises(UrlNotAllowed, match="is not one of the hosts"):
            await fetched(fetcher, host.url("to-another-host"))

    assert names.asked == [HOST]


async def test_without_hosts_nothing_is_asked(names: Names, host: HostileHost) -> None:
    async with fetcher_of(names, hosts=()) as fetcher:
        with pytest.raises(UrlNotAllowed):
            await fetched(fetcher, host.url("holiday.png"))

    assert names.asked == []


async def test_an_image_that_comes_packed_is_unpacked(fetcher: UrlFetcher, host: HostileHost) -> None:
    assert (await fetched(fetcher, host.url("gzip")))[1] == PNG


async def test_a_packed_body_is_unpacked_in_small_pieces(fetcher: UrlFetcher, host: HostileHost) -> None:
    deadline = asyncio.get_running_loop().time() + ENOUGH_S
    async with fetcher.fetched(host.url("bomb"), deadline=deadline) as answer:
        first = [len(await anext(answer.chunks)) for _ in range(20)]

    assert max(first) <= 4 * 1024 * 1024


@pytest.mark.parametrize(
    ("path", "name"),
    {
        "called": '../../be"ach.png',
        "called-in-utf-8": "bücher.png",
        "called-badly": "called-badly",
        "by/ways/b%C3%BCcher.png?name=a.png": "bücher.png",
        "": "",
    }.items(),
)
async def test_what_it_is_called(fetcher: UrlFetcher, host: HostileHost, path: str, name: str) -> None:
    assert (await fetched(fetcher, host.url(path)))[0] == name


async def test_a_host_that_cannot_prove_who_it_is_gets_no_request(tmp_path: Path) -> None:
    shown = certificate(tmp_path, HOST)
    async with hostile_host(served_with(shown)) as host, fetcher_of(Names(host.port)) as fetcher:
        with pytest.raises(UrlUnreachable):
            await fetched(fetcher, host.url("holiday.png", scheme="https"))

    assert host.requests == []


@pytest.mark.parametrize("name", [HOST, "other.example.com"])
async def test_a_certificate_has_to_be_that_of_the_host(tmp_path: Path, name: str) -> None:
    shown = certificate(tmp_path, name)
    trusted = ssl.create_default_context(cafile=shown.with_suffix(".crt"))
    async with hostile_host(served_with(shown)) as host, fetcher_of(Names(host.port), tls=trusted) as fetcher:
        if name == HOST:
            assert (await fetched(fetcher, host.url("holiday.png", scheme="https")))[1] == PNG
            return
        with pytest.raises(UrlUnreachable):
            await fetched(fetcher, host.url("holiday.png", scheme="https"))
    assert host.requests == []
