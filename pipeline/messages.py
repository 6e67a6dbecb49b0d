"""The messages of the pipeline: the commands, and the events that tell what became of a job.

All are frozen, versioned and small: ids and paths, never image bytes.
`encode` gives JSON, `decode_command`, `decode_webhook` and `decode_event` take it; whatever is wrong with the
bytes is one `InvalidMessage`. Fields may be added with a default; a change of meaning needs a new `v`.
See docs/messages.md.
"""

from datetime import UTC, datetime
from typing import Annotated, Literal, get_args

import msgspec
from msgspec import Meta, Struct, field

from pipeline.errors import InvalidId, InvalidMessage
from pipeline.ids import parse_job_id

Edge = Annotated[int, Meta(ge=1, le=16384)]
Quality = Annotated[int, Meta(ge=1, le=100)]
LAST_ATTEMPT = 1_000_000
Attempt = Annotated[int, Meta(ge=1, le=LAST_ATTEMPT)]
Fit = Literal["cover", "contain", "fill", "inside", "outside"]
COMPASS = ("north", "northeast", "east", "southeast", "south", "southwest", "west", "northwest")
_FRACTION = r"(0|1|0?\.\d{1,6}|1\.0{1,6})"
Position = Annotated[
    str, Meta(pattern=rf"^(centre|center|attention|{'|'.join(COMPASS)}|{_FRACTION},{_FRACTION})\Z")
]
"""Where: the middle, a side or corner, what draws the eye, or a point `x,y` from 0,0 (top left) to 1,1."""
Colour = Annotated[
    str, Meta(pattern=r"^(white|black|transparent|#?([0-9A-Fa-f]{3,4}|[0-9A-Fa-f]{6}|[0-9A-Fa-f]{8}))\Z")
]
"""A colour as in CSS, in hexadecimal with or without alpha, or one of three names."""
OutputFormat = Literal["auto", "jpeg", "png", "webp", "avif", "gif"]
MetadataPolicy = Literal["copyright", "none", "all"]
Owner = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
"""The name of the API key that an image came with: its jobs are shown to nobody else."""
ClientTag = Annotated[str, Meta(pattern=r"^[0-9a-f]{16}\Z")]
"""Who sent an image, to be told from others and not to be known: the beginning of a digest."""
Lane = Literal["interactive", "bulk"]
"""Which of the two queues a command waits in: nothing that is in bulk keeps what is interactive waiting."""
LANES: tuple[Lane, ...] = get_args(Lane)
RenditionName = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
WorkKey = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
"""What work a job is: jobs with the same key come to the same results. See work_key.py."""
Moment = Annotated[datetime, Meta(tz=True)]


def now() -> datetime:
    """The present moment, in UTC and to the millisecond, as events carry it."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class Rendition(Struct, frozen=True, kw_only=True):
    """One output that is asked for. Sizes in pixels, quality from 1 to 100; the words are sharp's.

    A width or height alone keeps the aspect ratio; neither keeps the size. `position` is where the picture is
    held when a part of it is cut off or space is added. Without a `quality` each format has its own default.
    """

    name: RenditionName
    width: Edge | None = None
    height: Edge | None = None
    fit: Fit = "cover"
    position: Position = "centre"
    background: Colour = "white"
    without_enlargement: bool = False
    format: OutputFormat = "auto"
    quality: Quality | None = None
    progressive: bool = False
    lossless: bool = False
    metadata: MetadataPolicy = "copyright"


DEFAULT_RENDITION = Rendition(name="300x300", width=300, height=300)


class Source(Struct, frozen=True, kw_only=True):
    """The image that was sent: its size in bytes and, once a worker has opened it, in pixels as shown."""

    media_type: str
    bytes: int
    width: int | None = None
    height: int | None = None


class Result(Struct, frozen=True, kw_only=True):
    """A rendition that is stored: `file` is its name inside the job's folder of results.

    `alpha` says what became of transparency, `metadata` which kinds of it are in the file.
    """

    name: str
    file: str
    width: int
    height: int
    media_type: str
    bytes: int
    frames: int = 1
    alpha: Literal["none", "kept", "flattened"] = "none"
    metadata: tuple[str, ...] = ()
    sha256: str | None = None


class JobError(Struct, frozen=True, kw_only=True):
    """Why a job failed: a stable code for programs, a sentence for people."""

    code: str
    detail: str


class ResizeImage(Struct, frozen=True, kw_only=True, tag_field="type", tag="resize_image"):
    """The command: make these renditions of that image. `source` is a path inside the store.

    `owner` is the name of the API key that it came with, if it came with one. `attempt` counts from 1 and on
    and on; `retries` is how many rungs of the retry ladder it has gone round since somebody asked for it.
    With a `work` it may be given the results of another job with the same one; without, it is always worked.
    `lane` says where to send it; once it is there the queue that it is taken from counts, and not this.
    `webhook` says that somebody is to be told of its end: whoever ends it sends a DeliverWebhook.
    """

    v: Literal[1] = 1
    job_id: str
    batch_id: str | None = None
    owner: Owner | None = None
    source: str
    attempt: Attempt = 1
    retries: Annotated[int, Meta(ge=0, le=1_000)] = 0
    work: WorkKey | None = None
    lane: Lane = "interactive"
    renditions: Annotated[tuple[Rendition, ...], Meta(min_length=1)] = (DEFAULT_RENDITION,)
    webhook: bool = False


class DeliverWebhook(Struct, frozen=True, kw_only=True, tag_field="type", tag="deliver_webhook"):
    """The command: tell whoever is to be told that the job has ended with this attempt.

    To whom it goes is only in the store: addresses may hold secrets. `run` counts how often somebody has
    asked for it again, `tries` the tries of this run that have failed.
    """

    v: Literal[1] = 1
    job_id: str
    attempt: Attempt = 1
    run: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    tries: Annotated[int, Meta(ge=0, le=1_000)] = 0


class Event(Struct, frozen=True, kw_only=True, tag_field="type"):
    """A fact, in the past tense. `at` is when it happened, in UTC."""

    v: Literal[1] = 1
    at: Moment = field(default_factory=now)


class JobEvent(Event, frozen=True, kw_only=True):
    """A fact about one job. `owner` is the name of the API key that it came with, if it came with one."""

    job_id: str
    batch_id: str | None = None
    owner: Owner | None = None
    attempt: Attempt = 1


class JobQueued(JobEvent, frozen=True, kw_only=True, tag="job_queued"):
    """The job is in the queue: the broker has confirmed it. So many renditions are asked for.

    With a higher attempt than that of its end, a job that has ended is asked for once more. All frontends
    count by `client` who has how many unfinished images, which decides over the lane of the next one.
    """

    name: str
    source: Source
    rendition_count: int = 1
    client: ClientTag | None = None
    lane: Lane = "interactive"


class JobStarted(JobEvent, frozen=True, kw_only=True, tag="job_started"):
    """A worker has begun with the job."""

    name: str
    worker: str


class RenditionReady(JobEvent, frozen=True, kw_only=True, tag="rendition_ready"):
    """One of the job's renditions is stored and can be fetched."""

    result: Result


class JobRetrying(JobEvent, frozen=True, kw_only=True, tag="job_retrying"):
    """Something passing was in the way; the job will be tried again."""

    reason: str
    delay_s: float


class JobDone(JobEvent, frozen=True, kw_only=True, tag="job_done"):
    """The job has ended well: every rendition is stored. Times are in milliseconds.

    `notes` are sentences about what could not be kept or was done differently than asked. `placeholder` is a
    ThumbHash of the first rendition, in Base64; workers of earlier versions made none. `reused` says that the
    results are those of an earlier job. If a frontend found them, no `worker` is named.
    """

    name: str
    worker: str
    source: Source
    renditions: tuple[Result, ...]
    notes: tuple[str, ...] = ()
    placeholder: str | None = None
    reused: bool = False
    started_at: Moment
    timings_ms: dict[str, float]


class JobFailed(JobEvent, frozen=True, kw_only=True, tag="job_failed"):
    """The job has ended without a result, and why."""

    name: str
    worker: str
    source: Source | None = None
    error: JobError
    started_at: Moment


class JobCancelled(JobEvent, frozen=True, kw_only=True, tag="job_cancelled"):
    """Somebody has called the job off before it had ended."""

    name: str


class JobRemoved(JobEvent, frozen=True, kw_only=True, tag="job_removed"):
    """The job had ended, and is gone now with all its files."""


class WorkerOnline(Event, frozen=True, kw_only=True, tag="worker_online"):
    """A worker has begun to take work, so many jobs at a time."""

    worker: str
    slots: int


class WorkerHeartbeat(Event, frozen=True, kw_only=True, tag="worker_heartbeat"):
    """A worker is alive; `busy` names the jobs it is at."""

    worker: str
    slots: int
    busy: tuple[str, ...]


class WorkerOffline(Event, frozen=True, kw_only=True, tag="worker_offline"):
    """A worker has stopped of its own will."""

    worker: str


class FrontendOnline(Event, frozen=True, kw_only=True, tag="frontend_online"):
    """A frontend has begun to read the log. When it meets its own event, it has read all that was before."""

    frontend: str


JobEnd = JobDone | JobFailed | JobCancelled | JobRemoved
AnyJobEvent = JobQueued | JobStarted | RenditionReady | JobRetrying | JobEnd
AnyWorkerEvent = WorkerOnline | WorkerHeartbeat | WorkerOffline
AnyEvent = AnyJobEvent | AnyWorkerEvent | FrontendOnline

BAD_BYTES = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What a decoder of msgspec raises for bytes that are not what it decodes."""

_encoder = msgspec.json.Encoder()
_command_decoder = msgspec.json.Decoder(ResizeImage)
_webhook_decoder = msgspec.json.Decoder(DeliverWebhook)
_event_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(message: ResizeImage | DeliverWebhook | AnyEvent) -> bytes:
    """The JSON of a message, as UTF-8."""
    return _encoder.encode(message)


def decode_command(body: bytes) -> ResizeImage:
    """The command that `body` spells; raises InvalidMessage, which says what is wrong and where."""
    try:
        command = _command_decoder.decode(body)
        command = msgspec.structs.replace(command, job_id=parse_job_id(command.job_id))
    except (*BAD_BYTES, InvalidId) as error:
        raise InvalidMessage(str(error)) from error
    names = [rendition.name for rendition in command.renditions]
    if len(set(names)) < len(names):
        raise InvalidMessage("two renditions have the same name - at `$.renditions`")
    return command


def decode_webhook(body: bytes) -> DeliverWebhook:
    """The command that `body` spells; raises InvalidMessage, as above."""
    try:
        command = _webhook_decoder.decode(body)
        return msgspec.structs.replace(command, job_id=parse_job_id(command.job_id))
    except (*BAD_BYTES, InvalidId) as error:
        raise InvalidMessage(str(error)) from error


def decode_event(body: bytes) -> AnyEvent:
    """The event that `body` spells; raises InvalidMessage for what this version does not know."""
    try:
        return _event_decoder.decode(body)
    except BAD_BYTES as error:
        raise InvalidMessage(str(error)) from error


def event_type(event: AnyEvent) -> str:
    """The event's type, which is also its routing key: `job_done` for a JobDone."""
    return str(type(event).__struct_config__.tag)
