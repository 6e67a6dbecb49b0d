"""Accepting: an image that is stored becomes a job once the broker has confirmed the command.

The order: image (already stored), job.json, confirmed publish, event. When the broker certainly has not
taken the command, all that was stored is removed again and the sender is told; when nobody knows, the image
stays, since it may be resized after all.
"""

from dataclasses import dataclass, field

from frontend.job_state import JobState, state_from_record
from frontend.upload_form import RejectedFile, StoredImage, Upload
from pipeline.broker import Publisher, PublishUncertain
from pipeline.errors import BrokerUnavailable, QueueFull, StorageFull
from pipeline.ids import BatchId, made_at
from pipeline.image_store import ImageStore
from pipeline.messages import JobQueued, Rendition, ResizeImage
from pipeline.records import JobRecord


@dataclass
class Acceptance:
    """What became of the images of a request."""

    batch_id: BatchId
    jobs: list[JobState] = field(default_factory=list)
    rejected: list[RejectedFile] = field(default_factory=list)


class Intake:
    """Makes jobs of stored images."""

    def __init__(self, *, store: ImageStore, publisher: Publisher) -> None:
        self._store = store
        self._publisher = publisher

    async def accept(self, upload: Upload) -> Acceptance:
        """Make a job of every image. What is rejected is not left behind, unless it may yet be resized."""
        acceptance = Acceptance(upload.batch_id, rejected=list(upload.rejected))
        images = list(upload.images)
        try:
            while images:
                await self._take(images.pop(0), upload.renditions, acceptance)
        finally:
            for image in images:  # none, unless something unexpected has happened
                await self._store.discard(image.job_id, upload.batch_id)
        return acceptance

    async def _take(
        self, image: StoredImage, renditions: tuple[Rendition, ...], acceptance: Acceptance
    ) -> None:
        record = _record(image, acceptance.batch_id, renditions)
        try:
            await self._save(image, record)
            await self._publish(record)
        except (BrokerUnavailable, QueueFull) as error:
            await self._store.discard(image.job_id, acceptance.batch_id)
            acceptance.rejected.append(RejectedFile(image.name, error))
        except (StorageFull, PublishUncertain) as error:  # the one is removed already, the other has to stay
            acceptance.rejected.append(RejectedFile(image.name, error))
        else:
            acceptance.jobs.append(state_from_record(record))

    async def _save(self, image: StoredImage, record: JobRecord) -> None:
        try:
            await self._store.save_job(record)
        except BaseException:
            await self._store.discard(image.job_id, BatchId(record.batch_id))
            raise

    async def _publish(self, record: JobRecord) -> None:
        await self._publisher.publish_command(
            ResizeImage(
                job_id=record.job_id,
                batch_id=record.batch_id,
                source=record.source_path,
                renditions=record.renditions,
            )
        )
        await self._publisher.publish_event(
            JobQueued(
                job_id=record.job_id,
                batch_id=record.batch_id,
                name=record.name,
                source=record.source,
                rendition_count=len(record.renditions),
            )
        )


def _record(image: StoredImage, batch_id: BatchId, renditions: tuple[Rendition, ...]) -> JobRecord:
    return JobRecord(
        job_id=image.job_id,
        batch_id=batch_id,
        name=image.name,
        source_path=image.source_path,
        source=image.source,
        renditions=renditions,
        created_at=made_at(image.job_id),
    )
