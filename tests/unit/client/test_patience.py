"""How long something is tried again."""

import pytest

from image_resizer.errors import Busy, Unreachable
from image_resizer.patience import Patience
from tests.unit.client.conftest import Clock


def busy(code: str, retry_after_s: float | None) -> Busy:
    return Busy("Later.", status=503, code=code, retry_after_s=retry_after_s)


async def test_pauses_grow_until_patience_is_over(clock: Clock) -> None:
    patience, error = Patience(10), Unreachable("It is gone.")

    with pytest.raises(Unreachable) as raised:
        while True:
            await patience.bear(error)

    assert raised.value is error
    assert clock.pauses == [0.25, 0.5, 1.0, 2.0, 4.0]


async def test_what_goes_forward_gives_new_patience(clock: Clock) -> None:
    patience = Patience(1)
    await patience.bear(Unreachable("It is gone."))
    clock.now += 0.7

    patience.progressed()

    await patience.bear(Unreachable("It is gone."))
    assert clock.pauses == [0.25, 0.25]


async def test_what_went_well_for_long_before_it_broke_has_cost_no_patience(clock: Clock) -> None:
    patience = Patience(10)
    clock.now += 600

    await patience.bear(Unreachable("It broke."))

    assert clock.pauses == [0.25]


async def test_a_pause_that_the_server_asks_for_is_made(clock: Clock) -> None:
    await Patience(60).bear(busy("queue_full", 30))

    assert clock.pauses == [30]


async def test_a_pause_that_is_longer_than_patience_is_not_begun(clock: Clock) -> None:
    with pytest.raises(Busy):
        await Patience(20).bear(busy("queue_full", 30))

    assert clock.pauses == []


async def test_what_is_too_much_for_a_minute_is_waited_out_however_long(clock: Clock) -> None:
    patience = Patience(1)

    for _ in range(3):
        await patience.bear(busy("rate_limited", 100))

    assert clock.pauses == [100, 100, 100]
