"""Consumers and counts of the lanes, as tests write them."""

from pipeline import topology
from pipeline.broker import Consumer, LaneCounts, QueueCounts
from pipeline.messages import Lane

INTERACTIVE, BULK = topology.INTERACTIVE.name, topology.BULK.name


def consumer(slot: str, lane: Lane = "interactive") -> Consumer:
    """What a slot takes from one lane."""
    return Consumer(slot, lane)


def counted(interactive: int, consumers: int = 2, *, bulk: int = 0) -> QueueCounts:
    """So many commands wait in each lane, and so many slots take them."""
    return QueueCounts(
        {"interactive": LaneCounts(interactive, consumers), "bulk": LaneCounts(bulk, consumers)}
    )
