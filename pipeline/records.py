"""What the store keeps of a job beside its pictures: job.json (what was asked), receipt.json (its end)."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from pipeline.errors import PipelineError
from pipeline.messages import BAD_BYTES, JobDone, JobError, JobFailed, Rendition, Result, Source


class DamagedRecord(PipelineError):
    """A record in the store cannot be read."""


class JobRecord(Struct, frozen=True, kw_only=True):
    """What was asked. `name` is the sender's file name, to be shown; `source_path` is where the image is."""

    v: Literal[1] = 1
    job_id: str
    batch_id: str
    name: str
    source_path: str
    source: Source
    renditions: Annotated[tuple[Rendition, ...], Meta(min_length=1)]
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
    """How a job ended. Its being there is what "ended" means; it is written after everything it tells of."""

    v: Literal[1] = 1
    job_id: str
    batch_id: str | None
    name: str
    status: Literal["done", "failed"]
    attempt: int
    worker: str
    source: Source | None
    renditions: tuple[Result, ...] = ()
    error: JobError | None = None
    started_at: datetime
    finished_at: datetime
    timings_ms: dict[str, float] = {}
    notes: tuple[str, ...] = ()
    report: ImageReport | None = None


def event_of(receipt: Receipt) -> JobDone | JobFailed:
    """The event that tells what the receipt says."""
    if receipt.status == "failed" or receipt.source is None:
        return JobFailed(
            at=receipt.finished_at,
            job_id=receipt.job_id,
            batch_id=receipt.batch_id,
            attempt=receipt.attempt,
            name=receipt.name,
            worker=receipt.worker,
            source=receipt.source,
            error=receipt.error or JobError(code="unknown", detail="The receipt gives no reason."),
            started_at=receipt.started_at,
        )
    return JobDone(
        at=receipt.finished_at,
        job_id=receipt.job_id,
        batch_id=receipt.batch_id,
        attempt=receipt.attempt,
        name=receipt.name,
        worker=receipt.worker,
        source=receipt.source,
        renditions=receipt.renditions,
        notes=receipt.notes,
        started_at=receipt.started_at,
        timings_ms=receipt.timings_ms,
    )


_encoder = msgspec.json.Encoder()
_job_decoder = msgspec.json.Decoder(JobRecord)
_receipt_decoder = msgspec.json.Decoder(Receipt)


def encode_record(record: JobRecord | Receipt) -> bytes:
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
