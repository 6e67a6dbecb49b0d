"""The one door to aio_pika: connections that come back, publishing with confirms, consuming by hand."""

from pipeline.broker.dead_letter_queue import DeadLetterQueue, HeldLetter
from pipeline.broker.delivery_slots import Consumer, Delivery, DeliverySlots, consumers_of
from pipeline.broker.event_log import EventLog
from pipeline.broker.link import Link, link_name
from pipeline.broker.publisher import LaneCounts, Publisher, PublishUncertain, QueueCounts

__all__ = [
    "Consumer",
    "DeadLetterQueue",
    "Delivery",
    "DeliverySlots",
    "EventLog",
    "HeldLetter",
    "LaneCounts",
    "Link",
    "PublishUncertain",
    "Publisher",
    "QueueCounts",
    "consumers_of",
    "link_name",
]
