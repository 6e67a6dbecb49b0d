"""Jobs for a store, with records and without images: made in bulk, and not synced."""

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipeline.ids import BatchId, JobId, made_at, parse_batch_id, parse_job_id
from pipeline.messages import DEFAULT_RENDITION, JobError, Result, Source
from pipeline.records import JobRecord, Receipt, ReceiptStatus, encode_record
from pipeline.store_paths import StorePaths

SOURCE = Source(media_type="image/jpeg", bytes=2_500_000, width=4032, height=3024)
RESULT = Result(
    name="300x300", file="holiday_300x300.jpg", width=300, height=300, media_type="image/jpeg", bytes=15_000
)
PER_CENT: dict[ReceiptStatus | None, int] = {"done": 95, "failed": 2, "cancelled": 1, None: 2}
"""How often jobs end how; None has not ended."""


@dataclass(frozen=True)
class StoredJob:
    """A job and how it has ended; None: it waits."""

    job_id: JobId
    batch_id: BatchId
    status: ReceiptStatus | None

    def write(self, root: Path) -> None:
        """Put the records of the job into the store, and no entries into the index."""
        paths = StorePaths(root)
        _write(paths.job(self.job_id), encode_record(self._record()))
        entry = paths.batch_folder(self.batch_id) / self.job_id
        entry.parent.mkdir(parents=True, exist_ok=True)
        entry.touch()
        if self.status is not None:
            _write(paths.receipt(self.job_id), encode_record(self._receipt(self.status)))

    def _record(self) -> JobRecord:
        return JobRecord(
            job_id=self.job_id,
            batch_id=self.batch_id,
            name="holiday.jpg",
            source_path=f"uploads/{self.job_id}/holiday.jpg",
            source=SOURCE,
            renditions=(DEFAULT_RENDITION,),
            created_at=made_at(self.job_id),
        )

    def _receipt(self, status: ReceiptStatus) -> Receipt:
        moment = made_at(self.job_id) + timedelta(seconds=1)
        return Receipt(
            job_id=self.job_id,
            batch_id=self.batch_id,
            name="holiday.jpg",
            status=status,
            attempt=1,
            worker="worker-1",
            source=SOURCE,
            renditions=(RESULT,) if status == "done" else (),
            error=JobError(code="image_truncated", detail="The file ends.") if status == "failed" else None,
            started_at=moment,
            finished_at=moment,
        )


def stored_jobs(count: int, *, hours: float, batches: int) -> Iterator[StoredJob]:
    """So many jobs that came over so many hours up to now, oldest first; batches follow one another."""
    rng = random.Random(1)
    begin, step = datetime.now(UTC) - timedelta(hours=hours), timedelta(hours=hours) / count
    statuses = rng.choices(list(PER_CENT), weights=list(PER_CENT.values()), k=count)
    batch_ids = [parse_batch_id(_uuid7(begin, rng)) for _ in range(batches)]
    for number, status in enumerate(statuses):
        job_id = parse_job_id(_uuid7(begin + number * step, rng))
        yield StoredJob(job_id, batch_ids[number * batches // count], status)


def _uuid7(moment: datetime, rng: random.Random) -> str:
    """A UUID of version 7 of this moment (RFC 9562, 5.7)."""
    milliseconds = int(moment.timestamp() * 1000)
    number = milliseconds << 80 | 7 << 76 | rng.getrandbits(12) << 64 | 2 << 62 | rng.getrandbits(62)
    return str(uuid.UUID(int=number))


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
