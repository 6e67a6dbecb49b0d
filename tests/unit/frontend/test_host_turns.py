"""Webhooks for hosts that are slow leave room for those to others, however many of these hosts there are."""

from contextlib import AsyncExitStack

import pytest

from frontend.webhooks import turns
from frontend.webhooks.courier import AT_ONCE
from frontend.webhooks.turns import PER_HOST, SLOW_TOGETHER, HostBusy, HostTurns

HOSTS = [f"slow-{number}.example.com" for number in range(AT_ONCE // PER_HOST)]
"""As many as could have all turns that there are."""


async def test_slow_hosts_have_half_of_the_turns_together(monkeypatch: pytest.MonkeyPatch) -> None:
    host_turns = HostTurns()
    with monkeypatch.context() as patch:
        patch.setattr(turns, "SLOW_S", 0.0)
        for host in HOSTS:
            async with host_turns.turn(host):
                pass

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
