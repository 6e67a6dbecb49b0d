"""Sending webhooks on their way so that none is lost: to the broker or, if that takes none, to the outbox."""

import logging
import time

from pipeline.broker import Publisher, PublishUncertain
from pipeline.errors import BrokerUnavailable, QueueFull
from pipeline.messages import DeliverWebhook
from pipeline.webhook_outbox import WebhookOutbox

log = logging.getLogger(__name__)

NOT_PUBLISHED = (BrokerUnavailable, QueueFull, PublishUncertain)
NOT_ASKED_S = 10.0
"""So long a broker is not asked that has left a command without an answer: each asking takes seconds."""


class WebhookDispatch:
    """The way of a webhook from whoever ends a job to those who deliver it."""

    def __init__(self, *, outbox: WebhookOutbox, publisher: Publisher) -> None:
        self._outbox = outbox
        self._publisher = publisher
        self._not_before = 0.0

    async def send(self, command: DeliverWebhook) -> None:
        """Return when the broker has the command, or the outbox has. Raises StorageFull."""
        if time.monotonic() < self._not_before or not await self.publish(command):
            await self._outbox.put(command)

    async def publish(self, command: DeliverWebhook) -> bool:
        """Whether the broker has the command now."""
        try:
            await self._publisher.publish_webhook(command)
        except NOT_PUBLISHED as error:
            log.debug("the webhook of job %s waits in the outbox: %s", command.job_id, error)
            if isinstance(error, PublishUncertain):
                self._not_before = time.monotonic() + NOT_ASKED_S
            return False
        return True
