"""Doing the same for many things at a time, and not for too many."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Thing = TypeVar("Thing")
Outcome = TypeVar("Outcome")

AT_ONCE = 32


async def gathered(work: Callable[[Thing], Awaitable[Outcome]], things: Iterable[Thing]) -> list[Outcome]:
    """What `work` makes of each, in their order; some at a time. Raises what the first that fails raises."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def limited(thing: Thing) -> Outcome:
        async with limit:
            return await work(thing)

    return list(await asyncio.gather(*(limited(thing) for thing in things)))
