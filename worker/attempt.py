"""One attempt at one job: what is known about it, and the events and receipts that tell of it. No I/O."""

from dataclasses import dataclass, field
from datetime import datetime

from msgspec.structs import replace

from pipeline.ids import JobId
from pipeline.messages import (
    JobError,
    JobRetrying,
    JobStarted,
    RenditionReady,
    ResizeImage,
    Result,
    Source,
    WorkKey,
    now,
)
from pipeline.records import Receipt
from pipeline.work_key import work_key
from worker.imaging import Rendered
from worker.source_file import SourceFile


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """`number` counts from 1; `source` is what the frontend knew of the image, if it was asked.

    `lost` counts the workers that have died at this very command: the attempts before it, and not ended.
    """

    job_id: JobId
    number: int
    command: ResizeImage
    name: str
    source: Source | None
    worker: str
    lost: int = 0
    started_at: datetime = field(default_factory=now)

    @property
    def in_quarantine(self) -> bool:
        """Whether the image may be what has taken a worker down."""
        return self.lost > 0

    def started(self) -> JobStarted:
        """The event that says so."""
        return JobStarted(
            job_id=self.job_id,
            batch_id=self.command.batch_id,
            owner=self.command.owner,
            attempt=self.number,
            at=self.started_at,
            name=self.name,
            worker=self.worker,
        )

    def rendition_ready(self, result: Result) -> RenditionReady:
        """The event that says so."""
        return RenditionReady(
            job_id=self.job_id,
            batch_id=self.command.batch_id,
            owner=self.command.owner,
            attempt=self.number,
            result=result,
        )

    def retrying(self, reason: str, delay_s: float) -> JobRetrying:
        """The event that says so."""
        return JobRetrying(
            job_id=self.job_id,
            batch_id=self.command.batch_id,
            owner=self.command.owner,
            attempt=self.number,
            reason=reason,
            delay_s=delay_s,
        )

    def done(
        self,
        rendered: Rendered,
        results: tuple[Result, ...],
        source: SourceFile,
        timings_ms: dict[str, float],
    ) -> Receipt:
        """The receipt of a job that has all its renditions; `timings_ms` are added to those of `rendered`."""
        timings_ms = {**rendered.timings_ms, **timings_ms}
        return Receipt(
            job_id=self.job_id,
            batch_id=self.command.batch_id,
            owner=self.command.owner,
            name=self.name,
            status="done",
            attempt=self.number,
            worker=self.worker,
            source=Source(
                media_type=rendered.media_type,
                bytes=source.bytes,
                width=rendered.width,
                height=rendered.height,
            ),
            renditions=results,
            started_at=self.started_at,
            finished_at=now(),
            timings_ms={step: round(ms, 1) for step, ms in timings_ms.items()},
            notes=rendered.notes,
            placeholder=rendered.placeholder,
            report=replace(rendered.report, sha256=source.sha256),
            work=self._work(source),
        )

    def _work(self, source: SourceFile) -> WorkKey | None:
        """What work it was, if it was what the command says: of the very bytes that have been read now."""
        key = work_key(sha256=source.sha256, renditions=self.command.renditions, owner=self.command.owner)
        return key if key == self.command.work else None

    def failed(self, error: JobError) -> Receipt:
        """The receipt of a job that ends without a result."""
        return Receipt(
            job_id=self.job_id,
            batch_id=self.command.batch_id,
            owner=self.command.owner,
            name=self.name,
            status="failed",
            attempt=self.number,
            worker=self.worker,
            source=self.source,
            error=error,
            started_at=self.started_at,
            finished_at=now(),
        )
