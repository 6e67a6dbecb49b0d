"""Sends the webhooks that wait in the outbox as soon as the broker takes them."""

import asyncio
import logging

from pipeline.broker import Link
from pipeline.webhook_dispatch import WebhookDispatch
from pipeline.webhook_outbox import WebhookOutbox

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
IN_FLIGHT = 50


class WebhookRelay:
    """The task that empties the outbox of the webhooks. What two frontends send counts once."""

    def __init__(self, *, outbox: WebhookOutbox, dispatch: WebhookDispatch, link: Link) -> None:
        self._outbox = outbox
        self._dispatch = dispatch
        self._link = link
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the task is alive; it only ends when it is told to."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="webhook relay")

    async def close(self) -> None:
        """Stop. What is being sent and not confirmed yet stays in the outbox."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            if self._link.is_open:
                try:
                    await self._pass()
                except OSError as error:
                    log.error("the outbox of the webhooks cannot be looked through: %s", error)
                except Exception:
                    # It may go better the next time; nobody else would notice.
                    log.exception("the outbox of the webhooks could not be sent")
            await asyncio.sleep(LOOK_EVERY_S)

    async def _pass(self) -> None:
        """Send what there is, the first one alone: the queue may be full, and of these there may be many."""
        names, size = await self._outbox.names(), 1
        while names:
            batch, names = await self._outbox.commands(names[:size]), names[size:]
            sent = await asyncio.gather(*(self._dispatch.publish(command) for command in batch))
            for command, is_sent in zip(batch, sent, strict=True):
                if is_sent:
                    await self._outbox.remove(command)
            if not all(sent):
                return
            size = IN_FLIGHT
