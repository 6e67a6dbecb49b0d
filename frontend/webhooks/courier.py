"""Takes the commands to deliver webhooks from the broker, several at a time."""

import asyncio
import logging

from frontend.webhooks.delivery import WebhookDelivery
from pipeline.broker import Delivery, WebhookDeliveries
from pipeline.errors import InvalidMessage, PipelineError
from pipeline.messages import decode_webhook
from pipeline.records import DamagedRecord
from pipeline.topology import DEAD_WEBHOOKS

log = logging.getLogger(__name__)

AT_ONCE = 32
GIVE_BACK_AFTER_S = 2.0
"""So long a command is kept that cannot be dealt with just now, so that it does not come again at once."""
STOP_WITHIN_S = 1.0


class Courier:
    """The task that takes, and those that deliver; each of them ends by itself or with `close`."""

    def __init__(self, *, deliveries: WebhookDeliveries, delivery: WebhookDelivery) -> None:
        self._deliveries = deliveries
        self._delivery = delivery
        self._taking: asyncio.Task[None] | None = None
        self._delivering: set[asyncio.Task[None]] = set()

    @property
    def is_running(self) -> bool:
        """Whether commands are taken; it only ends when it is told to."""
        return self._taking is not None and not self._taking.done()

    def start(self) -> None:
        """Begin to take."""
        self._deliveries.link.start()
        self._taking = asyncio.create_task(self._take(), name="webhooks")

    async def close(self) -> None:
        """Take no more, and let those end that are under way, for a moment; what is left comes again."""
        await self._deliveries.stop_taking()
        if self._taking is not None:
            self._taking.cancel()
            await asyncio.wait({self._taking})
        if self._delivering:
            _, late = await asyncio.wait(self._delivering, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._deliveries.link.close()

    async def _take(self) -> None:
        while True:
            delivery = await self._deliveries.take()
            task = asyncio.create_task(self._see_to(delivery), name="webhook")
            self._delivering.add(task)
            task.add_done_callback(self._delivering.discard)

    async def _see_to(self, delivery: Delivery) -> None:
        try:
            await self._delivery.deliver(decode_webhook(delivery.body))
        except (InvalidMessage, DamagedRecord) as error:
            log.warning("a message goes to %s, for it cannot be delivered: %s", DEAD_WEBHOOKS.name, error)
            await delivery.bury()
        except (PipelineError, OSError) as error:
            log.warning("a webhook comes again: %s", error)
            await self._give_back(delivery)
        except Exception:
            # Whatever it was, those behind it go on.
            log.exception("a webhook comes again, after an unexpected error")
            await self._give_back(delivery)
        else:
            await delivery.acknowledge()

    @staticmethod
    async def _give_back(delivery: Delivery) -> None:
        await asyncio.sleep(GIVE_BACK_AFTER_S)
        await delivery.give_back()
