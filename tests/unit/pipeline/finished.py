"""Jobs that ask for the same work, some of them done, in a real store."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.ids import JobId
from pipeline.local_store import LocalImageStore
from pipeline.messages import DEFAULT_RENDITION, Rendition, Result, Source, now
from pipeline.records import JobRecord, Receipt, command_of
from pipeline.reuse import Reuse
from pipeline.work_key import work_key
from tests.unit.pipeline.aged import batch_id_of, job_id_of

IMAGE = b"\x89PNG\r\n\x1a\n an image"
PICTURE = b"what was made of it"
RENDITIONS = (DEFAULT_RENDITION, Rendition(name="wide", width=800, format="webp"))


async def asked(
    store: LocalImageStore,
    *,
    name: str = "holiday.png",
    owner: str | None = None,
    age: timedelta = timedelta(0),
    image: bytes = IMAGE,
) -> JobRecord:
    """A job that waits."""
    moment = datetime.now(UTC) - age
    job_id = job_id_of(moment)
    incoming = await store.receive(job_id)
    await incoming.write(image)
    source_path = await incoming.keep(name)
    record = JobRecord(
        job_id=job_id,
        batch_id=batch_id_of(moment),
        owner=owner,
        name=name,
        source_path=source_path,
        source=Source(media_type="image/png", bytes=len(image)),
        renditions=RENDITIONS,
        work=work_key(sha256=incoming.sha256, renditions=RENDITIONS, owner=owner),
        created_at=moment,
    )
    await store.save_job(record)
    return record


async def worked(store: LocalImageStore, reuse: Reuse, record: JobRecord) -> Receipt:
    """The end of a job that a worker has done, and told others of."""
    stem = Path(record.source_path).stem
    receipt = await store.save_receipt(
        Receipt(
            job_id=record.job_id,
            batch_id=record.batch_id,
            owner=record.owner,
            name=record.name,
            status="done",
            attempt=3,
            worker="worker-1",
            source=Source(media_type="image/png", bytes=len(IMAGE), width=400, height=300),
            renditions=(
                await _result(store, record, "300x300", f"{stem}_300x300.png", "image/png"),
                await _result(store, record, "wide", f"{stem}_wide.webp", "image/webp"),
            ),
            notes=("The profile is broken.",),
            placeholder="HggKLZpwdndwd3d3h2h3d6CACviH",
            started_at=now(),
            finished_at=now(),
            work=record.work,
        )
    )
    await reuse.note(receipt)
    return receipt


async def given(store: LocalImageStore, reuse: Reuse, record: JobRecord) -> Receipt | None:
    """The end of a job that is given results if there are any."""
    receipt = await reuse.receipt_for(command_of(record), name=record.name, attempt=1)
    if receipt is not None:
        await store.save_receipt(receipt)
        await reuse.note(receipt)
    return receipt


def picture(store: LocalImageStore, receipt: Receipt, number: int = 0) -> Path:
    """The file of one of the results."""
    return store.rendition_file(JobId(receipt.job_id), receipt.renditions[number].file)


async def _result(store: LocalImageStore, record: JobRecord, name: str, file: str, media_type: str) -> Result:
    data = PICTURE + name.encode()
    await store.save_rendition(JobId(record.job_id), file, data)
    return Result(
        name=name,
        file=file,
        width=300,
        height=300,
        media_type=media_type,
        bytes=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
    )
