"""Uploads that come in several requests, as tus 1.0 has them: begun, continued, made of parts, given up."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakValueDictionary

from msgspec import structs

from frontend.appending import Appending
from frontend.errors import (
    FileEmpty,
    FinalUpload,
    NotAnImage,
    OffsetConflict,
    PartUnfinished,
    TooMuchUnfinished,
    UploadPaused,
    UploadStalled,
    UploadTooLarge,
)
from frontend.tus_headers import Checksum
from frontend.upload_body import UploadBody
from frontend.whole_uploads import WholeUploads
from pipeline.durable_files import space_errors
from pipeline.errors import PipelineError, UploadLocked, UploadNotFound
from pipeline.ids import JobId
from pipeline.joined_parts import JoinedParts
from pipeline.unfinished_counts import Begun, UnfinishedCounts
from pipeline.unfinished_uploads import UnfinishedUpload, UnfinishedUploads

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Standing:
    """How far an upload has come. `expires_at` is None once it is a job, which has its id."""

    upload: UnfinishedUpload
    offset: int
    expires_at: datetime | None


class ResumableUploads:
    """The resumable uploads of a store. One request at a time acts on an upload, among all frontends.

    All of its methods raise UploadNotFound, UploadLocked, StorageFull and DamagedRecord; those that may end
    an upload also QueueFull, NotAnImage and FileEmpty.
    """

    def __init__(
        self, *, unfinished: UnfinishedUploads, joined: JoinedParts, whole: WholeUploads, bound: Begun
    ) -> None:
        """`bound` is how much one client may have begun."""
        self._unfinished = unfinished
        self._joined = joined
        self._whole = whole
        self._counts = UnfinishedCounts(unfinished)
        self._bound = bound
        self._creating: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """Who begins something while the same client does: of those that count at once each would pass."""

    async def find(self, upload_id: JobId) -> UnfinishedUpload:
        """What is asked of an upload."""
        return await asyncio.to_thread(self._unfinished.load, upload_id)

    async def begin(
        self, upload: UnfinishedUpload, body: UploadBody | None, checksum: Checksum | None
    ) -> Standing:
        """Begin an upload, with its first bytes if there is a body. Raises TooMuchUnfinished.

        If the body is refused, or breaks off, there is no upload: nobody has been told where it would be.
        """
        await self._create(upload)
        try:
            return await self._append(upload.id, 0, body, checksum)
        except BaseException:
            await asyncio.to_thread(self._unfinished.remove, upload.id)
            raise

    async def join(self, upload: UnfinishedUpload, address: str) -> Standing:
        """Make an upload of its parts, once, however often this is asked.

        `address` is what the address asks for: something else makes another upload. Raises PartUnfinished and
        TooMuchUnfinished.
        """
        first = upload.parts[0]
        async with self._unfinished.held(first):
            asked = f"{upload.owner} {upload.metadata} {address}"
            final_id = await asyncio.to_thread(self._joined.claim, upload.id, upload.parts, asked)
            if not await self._is_there(final_id):
                for part in upload.parts:
                    await self._check_whole(part, is_held=part == first)
                await self._create(structs.replace(upload, id=final_id))
        return await self.look(final_id)

    async def look(self, upload_id: JobId) -> Standing:
        """How far an upload has come. One that has come in whole and is no job yet becomes one."""
        async with self._held(upload_id) as upload:
            return await self._standing(upload)

    async def append(
        self, upload_id: JobId, offset: int, body: UploadBody | None, checksum: Checksum | None
    ) -> Standing:
        """Take in what comes behind the first `offset` bytes; what has come of it stays when it breaks off.

        Raises FinalUpload, OffsetConflict and what Appending does, but UploadPaused when the sender falls
        silent.
        """
        try:
            return await self._append(upload_id, offset, body, checksum)
        except UploadStalled as error:
            raise UploadPaused from error  # clients of tus give up for good at 408

    async def remove(self, upload_id: JobId) -> None:
        """Forget an upload, and remove what has come of it; if it has become a job, that stays."""
        async with self._held(upload_id):
            await asyncio.to_thread(self._unfinished.remove, upload_id)

    async def sweep(self) -> int:
        """Make jobs of what has come in whole, and remove what has expired; how many that were."""
        removed = 0
        for upload_id in await asyncio.to_thread(self._unfinished.unsettled):
            try:
                async with self._unfinished.held(upload_id, waits=False):
                    removed += await self._swept(upload_id)
            except UploadLocked:
                continue  # somebody is at it
        return removed

    async def _append(
        self, upload_id: JobId, offset: int, body: UploadBody | None, checksum: Checksum | None
    ) -> Standing:
        async with self._held(upload_id) as upload:
            if upload.parts:
                raise FinalUpload
            if offset != await self._offset(upload):
                raise OffsetConflict
            sha256 = None
            if body is not None:
                sha256 = await self._take_in(upload, offset, body, checksum)
            return await self._standing(upload, sha256=sha256)

    async def _swept(self, upload_id: JobId) -> bool:
        try:
            await self._standing(await asyncio.to_thread(self._unfinished.read, upload_id))
        except UploadNotFound:
            """Litter, or parts of it have expired."""
        except (PipelineError, OSError) as error:
            log.warning("upload %s is no job yet: %s", upload_id, error)
        is_over = await asyncio.to_thread(self._unfinished.is_over, upload_id)
        if is_over:
            await asyncio.to_thread(self._unfinished.remove, upload_id)
        return is_over

    @asynccontextmanager
    async def _held(self, upload_id: JobId) -> AsyncIterator[UnfinishedUpload]:
        """The upload, while no other request can act on it."""
        await self.find(upload_id)
        async with self._unfinished.held(upload_id):
            yield await self.find(upload_id)

    async def _create(self, upload: UnfinishedUpload) -> None:
        creating = self._creating.setdefault(upload.client, asyncio.Lock())
        async with creating, space_errors():
            await self._check_bound(upload)
            await asyncio.to_thread(self._unfinished.create, upload)

    async def _take_in(
        self, upload: UnfinishedUpload, offset: int, body: UploadBody, checksum: Checksum | None
    ) -> str | None:
        if offset == upload.length:
            if body.declared != 0:
                raise UploadTooLarge("All bytes of the upload are there.")
            return None
        appending = Appending(self._unfinished, upload, offset, checksum=checksum)
        async with self._removed_if_no_image(upload), space_errors():
            return await appending.take_in(body)

    async def _standing(self, upload: UnfinishedUpload, *, sha256: str | None = None) -> Standing:
        offset = await self._offset(upload)
        if offset < upload.length and upload.parts:
            await self._join(upload)
            offset = upload.length
        if offset < upload.length or upload.is_partial:
            expires_at = await asyncio.to_thread(self._unfinished.expires_at, upload.id)
            return Standing(upload, offset, expires_at)
        if await asyncio.to_thread(self._unfinished.size, upload.id) is not None:
            async with self._removed_if_no_image(upload), space_errors():
                await self._whole.accept(upload, sha256=sha256)
        return Standing(upload, upload.length, None)

    async def _join(self, upload: UnfinishedUpload) -> None:
        try:
            async with space_errors():
                await asyncio.to_thread(self._joined.join, upload.id, upload.parts)
        except UploadNotFound:
            await asyncio.to_thread(self._unfinished.remove, upload.id)
            raise

    @asynccontextmanager
    async def _removed_if_no_image(self, upload: UnfinishedUpload) -> AsyncIterator[None]:
        try:
            yield
        except (NotAnImage, FileEmpty):
            await asyncio.to_thread(self._unfinished.remove, upload.id)
            raise

    async def _offset(self, upload: UnfinishedUpload) -> int:
        size = await asyncio.to_thread(self._unfinished.size, upload.id)
        return upload.length if size is None else size

    async def _is_there(self, upload_id: JobId) -> bool:
        try:
            await self.find(upload_id)
        except UploadNotFound:
            return False
        return True

    async def _check_whole(self, part_id: JobId, *, is_held: bool) -> None:
        if not is_held:
            async with self._unfinished.held(part_id):
                return await self._check_whole(part_id, is_held=True)
        part = await self.find(part_id)
        size = await asyncio.to_thread(self._unfinished.size, part_id)
        if size is None:
            raise UploadNotFound("A part of the upload has been used for another one already.")
        if size < part.length:
            raise PartUnfinished
        return None

    async def _check_bound(self, upload: UnfinishedUpload) -> None:
        """An upload takes the place of its parts, once; they may be asked for in many wholes."""
        begun = await asyncio.to_thread(self._counts.of, upload.client)
        uploads = begun.uploads - len(upload.parts)
        size = begun.bytes + (0 if upload.parts else upload.length)
        if uploads >= self._bound.uploads or size > self._bound.bytes:
            raise TooMuchUnfinished
