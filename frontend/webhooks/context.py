"""What a frontend holds of webhooks while it runs."""

from collections.abc import AsyncIterator

from aiohttp import web

from frontend.keys import (
    CALLBACKS,
    COURIER,
    METRICS,
    PUBLISHER,
    SETTINGS,
    STORE,
    WEBHOOK_LOGS,
    WEBHOOK_SENDER,
)
from frontend.webhooks.callbacks import Callbacks
from frontend.webhooks.courier import AT_ONCE, Courier
from frontend.webhooks.delivery import WebhookDelivery
from frontend.webhooks.sender import WebhookSender
from pipeline.broker import WebhookDeliveries
from pipeline.webhook_log import WebhookLogs


async def webhooks_context(app: web.Application) -> AsyncIterator[None]:
    """What tells others of ends; whoever makes the application may have put a sender there."""
    settings = app[SETTINGS]
    app[WEBHOOK_LOGS] = WebhookLogs(settings.storage_dir)
    app[COURIER] = None
    if not settings.webhook_hosts:
        app[CALLBACKS] = Callbacks(None)
        yield
        return
    if WEBHOOK_SENDER not in app:
        app[WEBHOOK_SENDER] = WebhookSender(settings.webhook_hosts, timeout_s=settings.webhook_timeout_s)
    sender = app[WEBHOOK_SENDER]
    app[CALLBACKS] = Callbacks(sender)
    courier = app[COURIER] = Courier(
        deliveries=WebhookDeliveries(
            settings.amqp_url, service=settings.name, prefetch=AT_ONCE, telling=app[PUBLISHER].link
        ),
        delivery=WebhookDelivery(
            store=app[STORE],
            logs=app[WEBHOOK_LOGS],
            sender=sender,
            publisher=app[PUBLISHER],
            secrets=settings.webhook_secret,
            delays_s=settings.webhook_delays_s,
            on_try=app[METRICS].webhook_tried,
        ),
    )
    await sender.open()
    courier.start()
    yield
    await courier.close()
    await sender.close()
