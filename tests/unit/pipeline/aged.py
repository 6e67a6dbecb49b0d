"""Jobs of long ago, and files that look as if they were: ids and times are made, nobody waits."""

import os
import time
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.ids import BatchId, JobId, day_of, parse_batch_id, parse_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import DEFAULT_RENDITION, Source
from pipeline.records import JobRecord, Receipt, ReceiptStatus


def ago(**duration: float) -> datetime:
    """A moment in the past: `ago(days=3)`."""
    return datetime.now(UTC) - timedelta(**duration)


def job_id_of(moment: datetime) -> JobId:
    """An id that was made at this moment."""
    return parse_job_id(_uuid7(moment))


def batch_id_of(moment: datetime) -> BatchId:
    """As above, of a batch."""
    return parse_batch_id(_uuid7(moment))


async def stored_job(
    store: LocalImageStore,
    moment: datetime,
    batch_id: BatchId | None = None,
    *,
    image: bytes = b"image",
    owner: str | None = None,
    callback_url: str | None = None,
) -> JobRecord:
    """A job that was accepted at this moment, and waits."""
    job_id = job_id_of(moment)
    incoming = await store.receive(job_id)
    await incoming.write(image)
    record = JobRecord(
        job_id=job_id,
        batch_id=batch_id or batch_id_of(moment),
        owner=owner,
        name="holiday.png",
        source_path=await incoming.keep("holiday.png"),
        source=Source(media_type="image/png", bytes=len(image)),
        renditions=(DEFAULT_RENDITION,),
        callback_url=callback_url,
        created_at=moment,
    )
    await store.save_job(record)
    return record


async def end_job(
    store: LocalImageStore, record: JobRecord, ended: datetime, status: ReceiptStatus = "done"
) -> Receipt:
    """Let the job have ended at this moment, with one result if it is done."""
    if status == "done":
        await store.save_rendition(JobId(record.job_id), "holiday_300x300.png", b"result")
    return await store.save_receipt(
        Receipt(
            job_id=record.job_id,
            batch_id=record.batch_id,
            owner=record.owner,
            name=record.name,
            status=status,
            attempt=1,
            source=record.source,
            started_at=ended,
            finished_at=ended,
        )
    )


def age(root: Path, seconds: float) -> None:
    """Make everything below look as if nothing had been touched for so long."""
    moment = time.time() - seconds
    for path in (root, *root.rglob("*")):
        os.utime(path, (moment, moment))


def paths_below(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def upload_folder(root: Path, job_id: str) -> Path:
    return root / "uploads" / day_of(JobId(job_id)) / job_id


def result_folder(root: Path, job_id: str) -> Path:
    return root / "processed" / day_of(JobId(job_id)) / job_id


def _uuid7(moment: datetime) -> str:
    """RFC 9562, 5.7: 48 bits of milliseconds, the version, the variant, and chance."""
    chance = uuid.uuid4().int & ((1 << 80) - 1)
    fixed = chance & ~(0xF << 76) & ~(0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(uuid.UUID(int=int(moment.timestamp() * 1000) << 80 | fixed))
