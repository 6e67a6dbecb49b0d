"""Accepting uploads that have an idempotency key: the same upload comes to the same jobs, sent once or often.

The images are stored before the claim is made and the jobs after it, so a frontend may die anywhere: the
claim names the jobs, and the next upload with this key makes whole what is missing of them, from its own
images where it has to. One request at a time acts on a key, among all frontends that share the store.
"""

import asyncio
from pathlib import PurePosixPath

from frontend.errors import IdempotencyKeyReused, UrlNotTakenAtFirst
from frontend.idempotency import SignedBy
from frontend.intake import Acceptance, Intake, records_of
from frontend.job_state import JobState
from frontend.jobs import Jobs
from frontend.upload_form import RejectedFile, Upload
from pipeline.claims import Claims
from pipeline.errors import JobNotFound, QueueFull, SourceMissing, StorageFull
from pipeline.ids import BatchId, JobId
from pipeline.image_store import ImageStore
from pipeline.messages import now
from pipeline.records import Claim, JobRecord

COPY_BYTES = 1024 * 1024


class ClaimedIntake:
    """Makes jobs of stored images, once for each key."""

    def __init__(
        self,
        *,
        claims: Claims,
        intake: Intake,
        store: ImageStore,
        jobs: Jobs,
    ) -> None:
        self._claims = claims
        self._intake = intake
        self._store = store
        self._jobs = jobs

    async def accept(self, upload: Upload, signed: SignedBy) -> Acceptance:
        """Make a job of every image, or find the jobs that were made of the same upload before.

        Jobs that have been removed since are left out. Raises IdempotencyKeyReused when the key came with
        another upload, StorageFull and DamagedRecord.
        """
        ours = records_of(upload)
        claim = None
        try:
            async with self._claims.held(signed.key):
                claim = await self._claim(upload, ours, signed)
                return await self._carry_out(claim, upload, ours, signed.key)
        finally:
            if claim is None or _is_replay(claim, ours):
                await self._intake.discard(ours)

    async def _claim(self, upload: Upload, ours: list[JobRecord], signed: SignedBy) -> Claim:
        """The claim that stands for this key; without an image there is nothing to be kept of it."""
        claim = await self._claims.find(signed.key)
        if claim is None:
            claim = Claim(
                fingerprint=signed.fingerprint,
                batch_id=upload.batch_id,
                jobs=tuple(ours),
                places=tuple(image.place for image in upload.images),
                created_at=now(),
            )
            claim = await self._claims.make(signed.key, claim) if ours else claim
        if claim.fingerprint != signed.fingerprint:
            raise IdempotencyKeyReused
        return claim

    async def _carry_out(self, claim: Claim, upload: Upload, ours: list[JobRecord], key: str) -> Acceptance:
        acceptance = Acceptance(
            BatchId(claim.batch_id), rejected=_rejected(claim, upload), is_replay=_is_replay(claim, ours)
        )
        copies = {image.place: record for image, record in zip(upload.images, ours, strict=True)}
        failures = {rejected.place: rejected.error for rejected in upload.rejected}
        refused: list[RejectedFile] = []
        for place, record in _placed(claim, upload):
            try:
                await self._take(record, copies.get(place))
            except SourceMissing as error:
                refused.append(RejectedFile(record.name, failures.get(place, error)))
            except (QueueFull, StorageFull) as error:
                refused.append(RejectedFile(record.name, error))
        if claim.jobs and len(refused) == len(claim.jobs):
            await self._claims.drop(key)
        acceptance.rejected += refused
        acceptance.jobs = [state for record in claim.jobs if (state := await self._state(record))]
        return acceptance

    async def missing(self, signed: SignedBy) -> frozenset[int] | None:
        """The places of the images that this upload has to bring once more; None if all: it is a new one.

        Raises DamagedRecord.
        """
        claim = await self._claims.find(signed.key)
        if claim is None:
            return None
        if claim.fingerprint != signed.fingerprint:
            return frozenset()  # it is going to be refused
        records = zip(claim.places, claim.jobs, strict=False)
        return frozenset([place for place, record in records if await self._is_missing(record)])

    async def _is_missing(self, record: JobRecord) -> bool:
        if await self._intake.is_under_way(JobId(record.job_id)):
            return False
        try:
            await self._store.load_job(JobId(record.job_id))
        except JobNotFound:
            return not self._has_image(record)
        return False

    def _has_image(self, record: JobRecord) -> bool:
        try:
            self._store.source_file(record.source_path)
        except SourceMissing:
            return False
        return True

    async def _take(self, record: JobRecord, copy: JobRecord | None) -> None:
        """Make a job of it, unless there is one; of `copy` is the image if it has gone.

        A job that may have been accepted before is never given up here, whatever is in the way.
        """
        if await self._intake.is_under_way(JobId(record.job_id)):
            return
        try:
            stored = await self._store.load_job(JobId(record.job_id))
        except JobNotFound:
            await self._restore(record, copy)
            await self._intake.take(record)
        else:
            await self._intake.send_again(stored)

    async def _restore(self, record: JobRecord, copy: JobRecord | None) -> None:
        """Have the image of a job where it belongs, if it was removed when the job could not be made.

        Raises SourceMissing if it could not be fetched again.
        """
        if self._has_image(record):
            return
        if copy is None:
            raise SourceMissing
        await self._copy_image(copy.source_path, record)

    async def _copy_image(self, source_path: str, record: JobRecord) -> None:
        incoming = await self._store.receive(JobId(record.job_id))
        try:
            with self._store.source_file(source_path).open("rb") as file:
                while chunk := await asyncio.to_thread(file.read, COPY_BYTES):
                    await incoming.write(chunk)
            await incoming.keep(PurePosixPath(record.source_path).name)
        finally:
            incoming.close()

    async def _state(self, record: JobRecord) -> JobState | None:
        try:
            return await self._jobs.find(JobId(record.job_id))
        except JobNotFound:
            return None


def _is_replay(claim: Claim, ours: list[JobRecord]) -> bool:
    return claim.jobs != tuple(ours)


def _placed(claim: Claim, upload: Upload) -> list[tuple[int, JobRecord]]:
    """The jobs with the places of their images in the upload."""
    places = claim.places or [image.place for image in upload.images]
    return list(zip(places, claim.jobs, strict=False))


def _rejected(claim: Claim, upload: Upload) -> list[RejectedFile]:
    """What is not taken of the upload; of addresses also what could be fetched now, but not at first."""
    places = {place for place, _ in _placed(claim, upload)}
    rejected = [one for one in upload.rejected if one.place not in places]
    told = places | {one.place for one in rejected}
    late = [
        RejectedFile(url, UrlNotTakenAtFirst(), place)
        for place, url in upload.urls.items()
        if place not in told
    ]
    return rejected + late
