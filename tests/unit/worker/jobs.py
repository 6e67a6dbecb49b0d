"""Commands whose images are in a real store, and somebody who listens to what a worker tells."""

from pathlib import Path

from pipeline.ids import JobId, day_of, made_at, new_batch_id, new_job_id
from pipeline.local_store import LocalImageStore
from pipeline.messages import DEFAULT_RENDITION, AnyEvent, DeliverWebhook, ResizeImage, Source, event_type
from pipeline.records import DamagedRecord, JobRecord
from pipeline.store_paths import MARK_PREFIX
from tests.unit.worker.images import png

NAME = "my holiday.png"
IMAGE = png(80, 60)

DELAYS_S = (2.0, 10.0)
"""The rungs of the retry ladder."""


class Listener:
    """Takes the events of a worker, and notes whether the receipt was there when each came."""

    def __init__(self, store: LocalImageStore, *, confirms: bool = True) -> None:
        self.events: list[AnyEvent] = []
        self.had_receipt: list[bool] = []
        self.webhooks: list[DeliverWebhook] = []
        self._store = store
        self._confirms = confirms

    @property
    def types(self) -> list[str]:
        """The types of the events that have come."""
        return [event_type(event) for event in self.events]

    async def publish(self, event: AnyEvent) -> bool:
        """Take an event; whether it counts as confirmed."""
        job_id = JobId(getattr(event, "job_id", ""))
        self.events.append(event)
        self.had_receipt.append(await self._has_receipt(job_id))
        return self._confirms

    async def send_webhook(self, command: DeliverWebhook) -> None:
        """Take a webhook, behind the event of the same end."""
        self.webhooks.append(command)

    async def _has_receipt(self, job_id: JobId) -> bool:
        try:
            return await self._store.load_receipt(job_id) is not None
        except DamagedRecord:
            return True


async def sent(store: LocalImageStore, data: bytes = IMAGE, *, recorded: bool = True) -> ResizeImage:
    """The command for an image that is in the store as a frontend, or somebody's hand, has put it there."""
    job_id, batch_id = new_job_id(), new_batch_id()
    incoming = await store.receive(job_id)
    await incoming.write(data)
    source_path = await incoming.keep("my_holiday.png")
    if not recorded:
        return ResizeImage(job_id=job_id, source=source_path)
    record = JobRecord(
        job_id=job_id,
        batch_id=batch_id,
        name=NAME,
        source_path=source_path,
        source=Source(media_type="image/png", bytes=len(data)),
        renditions=(DEFAULT_RENDITION,),
        created_at=made_at(job_id),
    )
    await store.save_job(record)
    return ResizeImage(job_id=job_id, batch_id=batch_id, source=source_path)


def results_of(root: Path, command: ResizeImage) -> Path:
    """The folder of the job's results."""
    return root / "storage" / "processed" / day_of(JobId(command.job_id)) / command.job_id


def marks_of(root: Path, command: ResizeImage) -> list[Path]:
    """The marks of the workers that are at the job, or have died at it."""
    return sorted(results_of(root, command).glob(f"{MARK_PREFIX}*"))
