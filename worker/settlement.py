"""What is done with a delivery at the broker, once its outcome is known."""

import asyncio
import logging
import time

from pipeline.broker import LaneDelivery, Publisher, PublishUncertain
from pipeline.delivery import Done, GiveBack, GiveUp, Outcome, RetryLater
from pipeline.errors import BrokerUnavailable, QueueFull
from pipeline.topology import Rung

log = logging.getLogger(__name__)

PAUSE_S = 1.0
"""Between two tries to put a delivery on the retry ladder, which has no place just now."""
LONGEST_HOLD_S = 600.0
"""So long a delivery is held for a place there. Then it goes back, which up to RabbitMQ 4.2 is counted.

After a hundred times the broker takes it for one that kills its workers, and no worker has it any more.
"""

NOT_PUBLISHED = (BrokerUnavailable, QueueFull, PublishUncertain)


class Settlement:
    """Settles deliveries in the name of one worker, which is told to stop by `stopping`."""

    def __init__(self, publisher: Publisher, *, worker: str, stopping: asyncio.Event) -> None:
        self._publisher = publisher
        self._worker = worker
        self._stopping = stopping

    async def settle(self, delivery: LaneDelivery, outcome: Outcome) -> None:
        """Acknowledge, give back or bury the delivery, and before that what has to be before that."""
        match outcome:
            case Done():
                await delivery.acknowledge()
            case RetryLater():
                await self._put_off(delivery, outcome)
            case GiveBack():
                await delivery.give_back()
            case GiveUp():
                await self._give_up(delivery, outcome)

    async def _put_off(self, delivery: LaneDelivery, outcome: RetryLater) -> None:
        """Put the next attempt on the ladder. A delivery that is lost comes again, and is that attempt."""
        if delivery.is_lost:
            log.warning("job %s comes again, and sooner", outcome.command.job_id)
            return
        try:
            await self._put_on_ladder(delivery, outcome)
        except NOT_PUBLISHED as error:
            log.warning("job %s goes back into the queue: %s", outcome.command.job_id, error)
            await delivery.give_back()
        else:
            await delivery.acknowledge()

    async def _put_on_ladder(self, delivery: LaneDelivery, later: RetryLater) -> None:
        """Return when it is there. Raises one of NOT_PUBLISHED when that cannot be waited for any longer."""
        deadline = time.monotonic() + LONGEST_HOLD_S
        while True:
            try:
                return await self._publisher.publish_retry(later.command, Rung(later.delay_s))
            except (BrokerUnavailable, QueueFull) as error:
                log.debug("job %s waits for a place on the ladder: %s", later.command.job_id, error)
                await self._pause(PAUSE_S)
                if delivery.is_lost or self._stopping.is_set() or time.monotonic() > deadline:
                    raise

    async def _give_up(self, delivery: LaneDelivery, outcome: GiveUp) -> None:
        """Move the message to the dead letters by hand: the broker would not write the reason to it."""
        log.warning("a message from %s goes to the dead letters: %s", delivery.origin, outcome.reason)
        headers = {"worker": self._worker, "origin": delivery.origin}
        try:
            await self._publisher.publish_dead_letter(
                delivery.body, lane=delivery.lane, reason=outcome.reason, headers=headers
            )
        except NOT_PUBLISHED as error:
            log.warning("its reason is lost: %s", error)
            await delivery.bury()
        else:
            await delivery.acknowledge()

    async def _pause(self, seconds: float) -> None:
        """Wait, but not when the worker is told to stop."""
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return
