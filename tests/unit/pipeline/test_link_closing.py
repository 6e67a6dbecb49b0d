"""A link can be closed at any moment, above all while it is being opened."""

import asyncio
import gc

import pytest

from pipeline.broker import Publisher

CLOSED_WITHIN_S = 10.0

# aiormq, cancelled while it opens a channel, may leave a coroutine of its own that nobody awaits.
pytestmark = pytest.mark.filterwarnings(
    "ignore:coroutine 'FutureStore:RuntimeWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.mark.parametrize("first_pause_s", [0.0, 0.002, 0.004, 0.008, 0.016])
async def test_a_link_that_is_being_opened_is_closed_as_soon_as_one_that_is_open(
    amqp_url: str, first_pause_s: float
) -> None:
    for turns in range(0, 24, 3):
        link = Publisher(amqp_url, service="frontend-of-a-test").link
        link.start()
        await asyncio.sleep(first_pause_s)  # not to wait for something, but to meet every step of the opening
        for _ in range(turns):
            await asyncio.sleep(0)

        async with asyncio.timeout(CLOSED_WITHIN_S):
            await link.close()

        assert not link.is_open
    gc.collect()
