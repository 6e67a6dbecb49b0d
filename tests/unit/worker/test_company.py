"""A job that may have taken a worker down is alone; the others wait for it, and it for them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from worker.company import Company


class Guest:
    """Somebody who comes, stays until told to go, and says when it was let in."""

    def __init__(self, place: AbstractAsyncContextManager[None]) -> None:
        self.is_in = False
        self._go = asyncio.Event()
        self.task = asyncio.create_task(self._stay(place))

    async def _stay(self, place: AbstractAsyncContextManager[None]) -> None:
        async with place:
            self.is_in = True
            await self._go.wait()
        self.is_in = False

    async def leave(self) -> None:
        self._go.set()
        await self.task


async def settled() -> None:
    """Whoever can be let in has been."""
    for _ in range(20):
        await asyncio.sleep(0)


@asynccontextmanager
async def ended(*guests: Guest) -> AsyncIterator[None]:
    yield
    for guest in guests:
        await guest.leave()


async def test_others_are_at_work_beside_each_other() -> None:
    company = Company()
    guests = [Guest(company.among_others(lane)) for lane in ("bulk", "interactive", "bulk")]
    await settled()

    assert all(guest.is_in for guest in guests)
    async with ended(*guests):
        """They go."""


async def test_a_suspect_waits_for_all_and_all_wait_for_it() -> None:
    company = Company()
    before = Guest(company.among_others("interactive"))
    await settled()
    suspect = Guest(company.alone())
    await settled()
    later = [Guest(company.among_others(lane)) for lane in ("bulk", "interactive")]
    await settled()
    assert [before.is_in, suspect.is_in, *(guest.is_in for guest in later)] == [True, False, False, False]

    await before.leave()
    await settled()
    assert [suspect.is_in, *(guest.is_in for guest in later)] == [True, False, False]

    await suspect.leave()
    await settled()
    assert all(guest.is_in for guest in later)
    async with ended(*later):
        """They go."""


async def test_while_a_suspect_waits_for_bulk_the_other_lane_goes_on() -> None:
    company = Company()
    bulk = Guest(company.among_others("bulk"))
    await settled()
    suspect = Guest(company.alone())
    await settled()

    other = Guest(company.among_others("interactive"))
    await settled()

    assert (suspect.is_in, other.is_in) == (False, True)
    async with ended(bulk, other, suspect):
        """They go."""


async def test_suspects_come_one_after_the_other() -> None:
    company = Company()
    first, second = Guest(company.alone()), Guest(company.alone())
    await settled()
    assert (first.is_in, second.is_in) == (True, False)

    await first.leave()
    await settled()

    assert second.is_in
    await second.leave()


@pytest.mark.parametrize("who", ["suspect", "other"])
async def test_who_gives_up_waiting_holds_nobody_up(who: str) -> None:
    company = Company()
    there = Guest(company.among_others("bulk") if who == "suspect" else company.alone())
    await settled()
    waiting = Guest(company.alone() if who == "suspect" else company.among_others("bulk"))
    await settled()

    waiting.task.cancel()
    await asyncio.wait({waiting.task})
    later = Guest(company.among_others("bulk"))
    await settled()

    assert later.is_in == (who == "suspect")
    async with ended(there, later):
        """They go."""
