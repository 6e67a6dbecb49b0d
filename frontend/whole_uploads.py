"""Making a job of a resumable upload that has come in whole: once, whatever dies, however often it is asked.

The image stays where it came until the job is certain, so that nothing is lost should the queue be full. As
long as it is there nobody knows how far the last one has come who tried, and it is tried again.
"""

import asyncio
import hashlib

from frontend.intake import Intake, records_of
from frontend.upload_form import StoredImage, Upload, format_of
from pipeline.errors import JobNotFound
from pipeline.file_names import stored_name
from pipeline.ids import BatchId
from pipeline.image_formats import SIGNATURE_BYTES
from pipeline.image_store import ImageStore
from pipeline.messages import Source, now
from pipeline.records import JobRecord
from pipeline.unfinished_uploads import UnfinishedUpload, UnfinishedUploads


class WholeUploads:
    """Makes jobs of uploads; whoever asks holds the upload."""

    def __init__(self, *, unfinished: UnfinishedUploads, store: ImageStore, intake: Intake) -> None:
        self._unfinished = unfinished
        self._store = store
        self._intake = intake

    async def accept(self, upload: UnfinishedUpload, *, sha256: str | None = None) -> None:
        """Have a job of the upload, which has the same id, and let go of the image.

        The digest is that of the image, where it is known. Raises NotAnImage and FileEmpty, and then nothing
        of the upload is left; QueueFull and StorageFull, and then it can be tried again.
        """
        if not await self._intake.is_under_way(upload.id):
            try:
                record = await self._store.load_job(upload.id)
            except JobNotFound:
                await self._intake.take(await self._record(upload, sha256))
            else:
                await self._intake.send_again(record)
        for done in (*upload.parts, upload.id):  # as long as the last one is there, this is done again
            await asyncio.to_thread(self._unfinished.drop_image, done)

    async def _record(self, upload: UnfinishedUpload, sha256: str | None) -> JobRecord:
        with self._unfinished.image(upload.id).open("rb") as file:
            image_format = format_of(file.read(SIGNATURE_BYTES))
            if sha256 is None:
                file.seek(0)
                sha256 = (await asyncio.to_thread(hashlib.file_digest, file, "sha256")).hexdigest()
        source_path = await asyncio.to_thread(
            self._unfinished.link, upload.id, stored_name(upload.name, image_format)
        )
        image = StoredImage(
            job_id=upload.id,
            name=upload.name,
            source_path=source_path,
            source=Source(media_type=image_format.media_type, bytes=upload.length),
            sha256=sha256,
            created_at=now(),
        )
        [record] = records_of(
            Upload(
                batch_id=BatchId(upload.batch_id),
                owner=upload.owner,
                client=upload.client,
                renditions=upload.renditions,
                may_reuse=upload.may_reuse,
                callback_url=upload.callback_url,
                images=[image],
            )
        )
        return record
