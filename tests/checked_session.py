"""Clients for which every answer that the OpenAPI document does not allow is a failure."""

from types import SimpleNamespace
from typing import Any

import aiohttp

from tests.unit.frontend.contract import CONTRACT

READ = ("json", "/html", "/plain")
"""How the types of bodies end that are read here; files may be large, and streams have no end."""


def checked_session(url: str | None = None, **options: Any) -> aiohttp.ClientSession:
    """A session that checks every answer, those on the way of a redirection too. Raises AssertionError."""
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_check_redirect)
    trace.on_request_end.append(_check_end)
    return aiohttp.ClientSession(url, trace_configs=[trace], **options)


async def check_answer(response: aiohttp.ClientResponse) -> None:
    """Check an answer; a body of a kind that is read is read whole, and can be read again."""
    is_read = response.content_type.endswith(READ)
    _check(response, await response.read() if is_read else None)


def check_passed(response: aiohttp.ClientResponse) -> None:
    """Check an answer that led elsewhere, whose body is not there any more."""
    _check(response, None)


def _check(response: aiohttp.ClientResponse, body: bytes | None) -> None:
    CONTRACT.check(response.method, response.url.raw_path, response.status, response.headers, body)


async def _check_end(
    _: aiohttp.ClientSession, __: SimpleNamespace, ended: aiohttp.TraceRequestEndParams
) -> None:
    await check_answer(ended.response)


async def _check_redirect(
    _: aiohttp.ClientSession, __: SimpleNamespace, passed: aiohttp.TraceRequestRedirectParams
) -> None:
    check_passed(passed.response)
