"""What the store keeps of a job beside its pictures: job.json (what was asked), receipt.json (its end)."""

from datetime import datetime
from typing import Annotated, Literal, TypedDict

import msgspec
from msgspec import Meta, Struct

from pipeline.errors import PipelineError
from pipeline.messages import (
    BAD_BYTES,
    ClientTag,
    JobCancelled,
    JobDone,
    JobEnd,
    JobError,
    JobFailed,
    JobQueued,
    JobRemoved,
    Lane,
    Owner,
    Rendition,
    ResizeImage,
    Result,
    Source,
    WorkKey,
)

ReceiptStatus = Literal["done", "failed", "cancelled", "removed"]


class DamagedRecord(PipelineError):
    """A record in the store cannot be read."""


class JobRecord(Struct, frozen=True, kw_only=True):
    """What was asked. `name` is the sender's file name, to be shown; `source_path` is where the image is.

    `owner` is the name of the API key that the image came with; None where there are no keys. `work` is None
    where its results are not to be shared with other jobs. `client` tells its sender from others, `lane` is
    where its command was sent. `callback_url` is where its end is to be told; it may hold secrets, and is
    nowhere else.
    """

    v: Literal[1] = 1
    job_id: str
    batch_id: str
    owner: Owner | None = None
    name: str
    source_path: str
    source: Source
    renditions: Annotated[tuple[Rendition, ...], Meta(min_length=1)]
    work: WorkKey | None = None
    client: ClientTag | None = None
    lane: Lane = "interactive"
    callback_url: str | None = None
    created_at: datetime


class Claim(Struct, frozen=True, kw_only=True):
    """What an upload with an idempotency key has come to, so that the same upload comes to the same again.

    `fingerprint` is a digest of all that was sent; of two uploads with the same key it tells whether they
    are the same. `places` are the places that the images of the jobs had in the upload, which count what was
    rejected too; empty in claims from before.
    """

    v: Literal[1] = 1
    fingerprint: str
    batch_id: str
    jobs: tuple[JobRecord, ...]
    places: tuple[int, ...] = ()
    created_at: datetime


class ImageReport(Struct, frozen=True, kw_only=True):
    """What was found in an image, and what was done about it.

    `width` and `height` are those of the header, in pixels, before the orientation (EXIF, 1 to 8) is applied;
    `depth` is in bits a channel. `profile` is the description of the embedded profile; `colour` says what was
    done with it. `metadata` are the kinds found, `has_place` whether they tell where it was taken.
    """

    format: str
    width: int
    height: int
    mode: str
    depth: int
    frames: int
    orientation: int
    is_progressive: bool
    has_alpha: bool
    profile: str | None
    colour: str
    metadata: tuple[str, ...]
    has_place: bool
    sha256: str | None = None
    libraries: dict[str, str] = {}


class Receipt(Struct, frozen=True, kw_only=True):
    """How a job ended. Its being there is what "ended" means; it is written after everything it tells of.

    A job that was removed keeps a receipt that says so and no more, so that its command, should it come
    again, is known to be over. `worker` is empty when no worker ended the job.

    `work` names the work of a job whose results others may be given. `reused` says that this one was given
    those of another.
    """

    v: Literal[1] = 1
    job_id: str
    batch_id: str | None
    owner: Owner | None = None
    name: str
    status: ReceiptStatus
    attempt: int
    worker: str = ""
    source: Source | None
    renditions: tuple[Result, ...] = ()
    error: JobError | None = None
    started_at: datetime
    finished_at: datetime
    timings_ms: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    placeholder: str | None = None
    report: ImageReport | None = None
    work: WorkKey | None = None
    reused: bool = False


def command_of(record: JobRecord, *, attempt: int = 1) -> ResizeImage:
    """The command to do what was asked, as this attempt."""
    return ResizeImage(
        job_id=record.job_id,
        batch_id=record.batch_id,
        owner=record.owner,
        source=record.source_path,
        attempt=attempt,
        renditions=record.renditions,
        work=record.work,
        lane=record.lane,
        webhook=record.callback_url is not None,
    )


def queued_of(record: JobRecord, *, attempt: int = 1) -> JobQueued:
    """The event that tells that this command is in the queue."""
    return JobQueued(
        job_id=record.job_id,
        batch_id=record.batch_id,
        owner=record.owner,
        attempt=attempt,
        name=record.name,
        source=record.source,
        rendition_count=len(record.renditions),
        client=record.client,
        lane=record.lane,
    )


def event_of(receipt: Receipt) -> JobEnd:
    """The event that tells what the receipt says."""
    match receipt.status:
        case "cancelled":
            return JobCancelled(**_of_any_end(receipt), name=receipt.name)
        case "removed":
            return JobRemoved(**_of_any_end(receipt))
        case "done" if receipt.source is not None:
            return _done(receipt, receipt.source)
        case _:
            return _failed(receipt)


def _done(receipt: Receipt, source: Source) -> JobDone:
    return JobDone(
        **_of_any_end(receipt),
        name=receipt.name,
        worker=receipt.worker,
        source=source,
        renditions=receipt.renditions,
        notes=receipt.notes,
        placeholder=receipt.placeholder,
        reused=receipt.reused,
        started_at=receipt.started_at,
        timings_ms=receipt.timings_ms,
    )


def _failed(receipt: Receipt) -> JobFailed:
    return JobFailed(
        **_of_any_end(receipt),
        name=receipt.name,
        worker=receipt.worker,
        source=receipt.source,
        error=receipt.error or JobError(code="unknown", detail="The receipt gives no reason."),
        started_at=receipt.started_at,
    )


class _AnyEnd(TypedDict):
    at: datetime
    job_id: str
    batch_id: str | None
    owner: Owner | None
    attempt: int


def _of_any_end(receipt: Receipt) -> _AnyEnd:
    return {
        "at": receipt.finished_at,
        "job_id": receipt.job_id,
        "batch_id": receipt.batch_id,
        "owner": receipt.owner,
        "attempt": receipt.attempt,
    }


_encoder = msgspec.json.Encoder()
_job_decoder = msgspec.json.Decoder(JobRecord)
_receipt_decoder = msgspec.json.Decoder(Receipt)
_claim_decoder = msgspec.json.Decoder(Claim)


def encode_record(record: JobRecord | Receipt | Claim) -> bytes:
    """The record as indented JSON, for people who look into the folder."""
    return msgspec.json.format(_encoder.encode(record), indent=1)


def decode_job(data: bytes) -> JobRecord:
    """The content of a job.json; raises DamagedRecord."""
    try:
        return _job_decoder.decode(data)
    except BAD_BYTES as error:
        raise DamagedRecord(f"job.json: {error}") from error


def decode_receipt(data: bytes) -> Receipt:
    """The content of a receipt.json; raises DamagedRecord."""
    try:
        return _receipt_decoder.decode(data)
    except BAD_BYTES as error:
        raise DamagedRecord(f"receipt.json: {error}") from error


def decode_claim(data: bytes) -> Claim:
    """The content of a claim; raises DamagedRecord."""
    try:
        return _claim_decoder.decode(data)
    except BAD_BYTES as error:
        raise DamagedRecord(f"claim: {error}") from error
