"""The parts of pipeline.broker, opened for as long as a test needs them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from pipeline.broker import DeliverySlots, EventLog, Publisher, WebhookDeliveries
from tests.eventually import WITHIN_S

Part = TypeVar("Part", Publisher, EventLog, DeliverySlots, WebhookDeliveries)


@asynccontextmanager
async def opened(part: Part) -> AsyncIterator[Part]:
    """The part, connected; closed again at the end."""
    part.link.start()
    try:
        await part.link.wait_open(WITHIN_S)
        yield part
    finally:
        await part.link.close()
