"""What the server answers, as types. Other fields are passed over: a server may be newer."""

from datetime import datetime
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

ENDED = frozenset({"done", "failed", "cancelled", "removed"})
"""The statuses from which nothing changes any more, unless somebody has it tried once more."""


class JobError(Struct, frozen=True):
    """Why a job failed, or what is in the way: a stable code, and a sentence for people."""

    code: str
    detail: str


class Source(Struct, frozen=True):
    """The image that was sent. Sizes are in pixels, and None until a worker has read it."""

    bytes: int | None = None
    media_type: str | None = None
    width: int | None = None
    height: int | None = None
    url: str | None = None


class Rendition(Struct, frozen=True):
    """One result: its size in pixels, and the path at the server where it is."""

    name: str
    width: int
    height: int
    media_type: str
    bytes: int
    url: str


class Job(Struct, frozen=True):
    """One image and what is made of it.

    `status` is queued, processing, retrying, done, failed or cancelled; `removed` is told once, of a job that
    is no more. `seconds_to_go` is a forecast, of a job that waits, and None when nothing is known.
    """

    id: str
    status: str
    name: str = ""
    batch_id: str | None = None
    attempt: int = 1
    lane: str | None = None
    position: int | None = None
    seconds_to_go: float | None = None
    worker: str | None = None
    source: Source | None = None
    rendition_count: int | None = None
    renditions: tuple[Rendition, ...] = ()
    notes: tuple[str, ...] = ()
    error: JobError | None = None
    reused: bool = False
    receipt_url: str | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing changes any more."""
        return self.status in ENDED


class Batch(Struct, frozen=True):
    """Jobs that belong together, and how many of them have which status. `page` is for people."""

    id: str
    page: str
    counts: dict[str, int]
    jobs: tuple[Job, ...]


class Jobs(Struct, frozen=True):
    """Several jobs."""

    jobs: tuple[Job, ...]


class QueueCounts(Struct, frozen=True):
    """Commands that wait, and who takes them; None while the broker is away."""

    ready: int | None
    consumers: int | None


class Worker(Struct, frozen=True):
    """A worker, and how many jobs of each lane it does at a time."""

    name: str
    slots: int
    busy: tuple[Any, ...] = ()


class Pipeline(Struct, frozen=True):
    """How the server is: its queue, its workers, and how many jobs a second have ended of late.

    `rates_per_s` are by their spans: `10s`, `60s`, `300s`. `outbox` counts jobs that are accepted and not
    queued yet.
    """

    broker: str
    queue: QueueCounts
    workers: tuple[Worker, ...]
    slots: int
    busy: int
    rates_per_s: dict[str, float]
    outbox: int = 0


class ReceivedRendition(Struct, frozen=True):
    """What the receipt says of a result; `sha256` is None in those of old servers."""

    name: str
    bytes: int
    sha256: str | None = None


class Receipt(Struct, frozen=True):
    """What was written down when the job ended, as far as it is needed to check the results."""

    renditions: tuple[ReceivedRendition, ...]


class Forecast(Struct, frozen=True):
    """What makes seconds of places in the queue: docs/http_api.md tells how."""

    own_s: float
    each_s: float
    ahead: float

    def seconds_at(self, place: int) -> float:
        """About when the job at this place will have ended."""
        return self.own_s + self.each_s * max(0.0, place - self.ahead)


class News(Struct, frozen=True):
    """One message of the WebSocket."""

    type: str
    id: str | None = None
    jobs: tuple[Job, ...] = ()
    job: Job | None = None
    lane: str | None = None
    positions: dict[str, int] = {}
    forecast: Forecast | None = None


class Problem(Struct, frozen=True):
    """An error as RFC 9457 has it, with the server's code."""

    code: str
    detail: str


T = TypeVar("T")


def decoded(data: bytes | str, kind: type[T]) -> T:
    """The answer as this type. Raises msgspec.DecodeError, of which ValidationError is one."""
    return msgspec.json.decode(data, type=kind)
