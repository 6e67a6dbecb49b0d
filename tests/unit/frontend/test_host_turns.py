"""Webhooks for hosts that are slow leave room for those to others, however many of these hosts there are."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from frontend.webhooks import turns
from frontend.webhooks.courier import AT_ONCE
from frontend.webhooks.turns import PER_HOST, SLOW_TOGETHER, HostBusy, HostTurns

HOSTS = [f"slow-{number}.example.com" for number in range(AT_ONCE // PER_HOST)]
"""As many as could have all turns that there are."""


async def test_slow_hosts_have_half_of_the_turns_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "SLOW_S", 1e-9)
    host_turns = HostTurns()
    for host in HOSTS:
        async with host_turns.turn(host):
            await asyncio.sleep(0)

    async with AsyncExitStack() as taken:
        refused = 0
        for host in HOSTS * PER_HOST:
            try:
                await taken.enter_async_context(host_turns.turn(host))
            except HostBusy:
                refused += 1
        assert refused == AT_ONCE - SLOW_TOGETHER == AT_ONCE // 2
        async with host_turns.turn("good.example.com"):
            pass


async def test_one_host_has_so_many_turns_and_is_as_good_as_others_once_it_is_fast_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "PATIENCE_S", 0.01)
    host_turns, [host, *_] = HostTurns(), HOSTS
    for _ in range(2):
        async with AsyncExitStack() as taken:
            for _ in range(PER_HOST):
                await taken.enter_async_context(host_turns.turn(host))
            with pytest.raises(HostBusy):
                await taken.enter_async_context(host_turns.turn(host))


async def test_a_host_is_slow_before_the_first_turn_ends_and_the_line_tells_how_long_to_stay_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else those that are too much would go round and round, and hold up those for others."""
    host_turns, [host, *_] = HostTurns(), HOSTS
    monkeypatch.setattr(turns, "PATIENCE_S", 60.0)
    monkeypatch.setattr(turns, "SLOW_S", 0.001)
    waits: list[float] = []

    async with AsyncExitStack() as taken:
        for _ in range(PER_HOST):
            await taken.enter_async_context(host_turns.turn(host))
        await asyncio.sleep(0.01)
        for _ in range(100):
            with pytest.raises(HostBusy) as busy:
                await taken.enter_async_context(host_turns.turn(host))
            waits.append(busy.value.wait_s)

    assert waits == sorted(waits)
    assert waits[-1] >= 100 / PER_HOST * 0.01
