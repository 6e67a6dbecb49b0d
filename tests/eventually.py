"""Waiting for a condition, never for time."""

import asyncio
import inspect
import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, overload

T = TypeVar("T")

POLL_S = 0.02
WITHIN_S = 60.0
"""A limit for what hangs: a machine may be slow, and a test that passes waits no longer than it has to."""


@overload
async def eventually(check: Callable[[], Coroutine[Any, Any, T]], timeout_s: float = WITHIN_S) -> T: ...
@overload
async def eventually(check: Callable[[], T], timeout_s: float = WITHIN_S) -> T: ...
async def eventually(check: Callable[[], Any], timeout_s: float = WITHIN_S) -> Any:
    """What `check` returns, as soon as that is true. Fails after `timeout_s` with what was last seen."""
    deadline = time.monotonic() + timeout_s
    while True:
        seen, error = await _try(check)
        if seen:
            return seen
        if time.monotonic() > deadline:
            message = (
                f"not true within {timeout_s:g} s: {inspect.getsource(check).strip()}; last seen: {seen!r}"
            )
            raise AssertionError(message) from error
        await asyncio.sleep(POLL_S)


async def _try(check: Callable[[], Any]) -> tuple[Any, Exception | None]:
    try:
        result = check()
        return (await result if inspect.isawaitable(result) else result), None
    except Exception as error:
        return None, error
