"""The workers that have been heard of lately, and what each is at."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from pipeline.messages import (
    AnyJobEvent,
    AnyWorkerEvent,
    JobDone,
    JobFailed,
    JobRetrying,
    JobStarted,
    WorkerHeartbeat,
    WorkerOffline,
    WorkerOnline,
)

WORKER_SILENCE = timedelta(seconds=15)
"""A worker that has been silent for so long is taken off; it speaks every 3 s."""


@dataclass
class WorkerState:
    """A worker as it is shown: how many jobs it does at a time, and which ones it is at."""

    name: str
    slots: int
    last_seen: datetime
    busy: dict[str, None] = field(default_factory=dict)


class Crew:
    """All the workers, as the event log tells of them."""

    def __init__(self) -> None:
        self._workers: dict[str, WorkerState] = {}

    @property
    def slots(self) -> int:
        """How many jobs all of them do at a time."""
        return sum(worker.slots for worker in self._workers.values())

    def members(self) -> list[WorkerState]:
        """Those that have been heard of lately, by name."""
        oldest = datetime.now(UTC) - WORKER_SILENCE
        for worker in [worker for worker in self._workers.values() if worker.last_seen < oldest]:
            del self._workers[worker.name]
        return sorted(self._workers.values(), key=lambda worker: worker.name)

    def take(self, event: AnyWorkerEvent, seen: datetime) -> None:
        """Take in what a worker tells of itself, which was heard then."""
        match event:
            case WorkerOffline():
                self._workers.pop(event.worker, None)
            case WorkerOnline():
                self._workers[event.worker] = WorkerState(event.worker, event.slots, seen)
            case WorkerHeartbeat():
                busy = dict.fromkeys(event.busy)
                self._workers[event.worker] = WorkerState(event.worker, event.slots, seen, busy)

    def take_part_of(self, event: AnyJobEvent) -> None:
        """A heartbeat comes every few seconds only; jobs tell sooner what their worker is at."""
        match event:
            case JobStarted() if event.worker in self._workers:
                self._workers[event.worker].busy[event.job_id] = None
            case JobDone() | JobFailed() if event.worker in self._workers:
                self._workers[event.worker].busy.pop(event.job_id, None)
            case JobRetrying():
                for worker in self._workers.values():
                    worker.busy.pop(event.job_id, None)
