"""The body of a request behind what an upload has already.

It is kept as far as it comes; one with a checksum as a whole or not at all.
"""

import asyncio
import hashlib
from functools import partial

from frontend.errors import ChecksumMismatch, UploadTooLarge
from frontend.tus_headers import Checksum
from frontend.upload_body import UploadBody
from frontend.upload_form import format_of
from pipeline.appended_bytes import AppendedBytes
from pipeline.errors import UploadLocked
from pipeline.image_formats import SIGNATURE_BYTES
from pipeline.unfinished_uploads import UnfinishedUpload, UnfinishedUploads


class Appending:
    """One body on its way into an upload that has `offset` bytes; whoever makes it holds the upload."""

    def __init__(
        self,
        unfinished: UnfinishedUploads,
        upload: UnfinishedUpload,
        offset: int,
        *,
        checksum: Checksum | None = None,
    ) -> None:
        self._unfinished = unfinished
        self._upload = upload
        self._offset = offset
        self._checksum = checksum
        self._sha256 = hashlib.sha256()
        self._checked = checksum.begun() if checksum else None

    async def take_in(self, body: UploadBody) -> str | None:
        """The digest of the whole upload, if this body brings all of it.

        Raises what UploadBody does; NotAnImage as soon as that is seen; UploadLocked if nothing comes and
        somebody else waits: what has come stays. Raises ChecksumMismatch and UploadTooLarge: nothing stays.
        """
        upload, offset = self._upload, self._offset
        if offset + (body.declared or 0) > upload.length:
            raise UploadTooLarge(f"The upload is to have {upload.length:,} bytes; these would be more.")
        if self._checksum:
            await asyncio.to_thread(self._unfinished.begin_checked, upload.id, offset)
        digests = [self._sha256, self._checked] if self._checked else [self._sha256]
        appended = AppendedBytes(self._unfinished.image(upload.id), offset, digests=digests)
        try:
            await self._write(body, appended)
        finally:
            await self._end(appended)
        is_all = offset == 0 and appended.size == upload.length
        return self._sha256.hexdigest() if is_all else None

    async def _write(self, body: UploadBody, appended: AppendedBytes) -> None:
        try:
            await self._copy(body, appended)
            await appended.sync()
            if self._checksum and self._checked and self._checked.digest() != self._checksum.digest:
                raise ChecksumMismatch
        except BaseException as error:
            if self._checksum or isinstance(error, UploadTooLarge):
                appended.take_back()
            raise

    async def _copy(self, body: UploadBody, appended: AppendedBytes) -> None:
        first, is_known = b"", self._offset > 0 or self._upload.is_partial
        async for chunk in body.raw_chunks(while_silent=partial(self._while_silent, appended)):
            await appended.write(chunk)
            if appended.size > self._upload.length:
                raise UploadTooLarge(f"More has come than the {self._upload.length:,} bytes of the upload.")
            if not is_known:
                first += chunk[:SIGNATURE_BYTES]
                is_known = len(first) >= SIGNATURE_BYTES and bool(format_of(first))

    async def _while_silent(self, appended: AppendedBytes) -> None:
        """Of a sender that may be gone nothing is held in memory, and the upload is there for another one."""
        await appended.flush()
        if self._unfinished.is_wanted(self._upload.id):
            raise UploadLocked("Nothing has come for a while, and another request has taken over.")

    async def _end(self, appended: AppendedBytes) -> None:
        """Have on the disk what stays, in whichever way it has ended."""
        try:
            await appended.sync()
            if self._checksum:
                await asyncio.to_thread(self._unfinished.end_checked, self._upload.id)
        finally:
            appended.close()
