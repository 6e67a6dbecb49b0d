"""The one door to aio_pika: connections that come back, publishing with confirms, consuming by hand."""

from pipeline.broker.dead_letter_queue import DeadLetterQueue, HeldLetter
from pipeline.broker.delivery_slots import Consumer, Delivery, DeliverySlots, LaneDelivery, consumers_of
from pipeline.broker.event_log import EventLog
from pipeline.broker.link import Link, link_name
from pipeline.broker.publisher import LaneCounts, Publisher, PublishUncertain, QueueCounts
from pipeline.broker.webhook_deliveries import WebhookDeliveries

__all__ = [
    "Consumer",
    "DeadLetterQueue",
    "Delivery",
    "DeliverySlots",
    "EventLog",
    "HeldLetter",
    "LaneCounts",
    "LaneDelivery",
    "Link",
    "PublishUncertain",
    "Publisher",
    "QueueCounts",
    "WebhookDeliveries",
    "consumers_of",
    "link_name",
]
