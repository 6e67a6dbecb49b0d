"""Sending an image so that it arrives once, whatever breaks: the connection, the server, this program."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from uuid import UUID

import uuid6
from msgspec.structs import replace

from image_resizer import tus
from image_resizer.errors import Busy, InvalidAnswer, Refused, ResizerError, SourceChanged, Unreachable
from image_resizer.local_image import LocalImage
from image_resizer.patience import Patience
from image_resizer.remembered import RememberedUpload, RememberedUploads, digest_of
from image_resizer.sending import OnSent, send_from
from image_resizer.site import Site

BATCH_TAKES_MORE_FOR = timedelta(hours=20)
"""The server lets images into a batch that a client names for a day."""
FULL = frozenset({"queue_full", "outbox_full", "storage_full"})
"""With these codes the server says that it has no room, which is so for each image."""


@dataclass(frozen=True)
class Accepted:
    """The job that an image has become, and its batch."""

    job_id: str
    batch_id: str


def new_batch_id() -> str:
    """An id for a batch of one's own, in which images can be put for a day: a UUID of version 7."""
    return str(uuid6.uuid7())


class Uploader:
    """Sends images to one server with one key, and remembers how far it is."""

    def __init__(self, site: Site, *, key: str | None, remembered: RememberedUploads) -> None:
        self._site = site
        self._key = key
        self._remembered = remembered

    async def upload(
        self,
        image: LocalImage,
        fields: Mapping[str, str],
        batch_id: str,
        on_sent: OnSent = lambda _: None,
        for_room: Patience | None = None,
    ) -> Accepted:
        """The job of the image with these options; what was begun before is gone on with, in its batch.

        `for_room` is how long several uploads together wait while the server is full. It stays remembered
        until `forget`. Raises Refused, SourceChanged and SourceUnreadable, and Unreachable and Busy when
        patience is over.
        """
        digest = self._digest(image, fields)
        known = self._remembered.find(digest)
        if known and known.job_id:
            if await self._is_there(known.job_id):
                on_sent(image.size)
                return Accepted(known.job_id, known.batch_id)
            self._remembered.forget(digest)
        try:
            return await self._carry(image, fields, batch_id, on_sent, for_room)
        except SourceChanged:
            await self._give_up(digest)
            raise
        except Refused:
            self._remembered.forget(digest)
            raise

    def forget(self, image: LocalImage, fields: Mapping[str, str]) -> None:
        """The image has been seen through: sending it again is a new upload."""
        self._remembered.forget(self._digest(image, fields))

    def batch_of(self, image: LocalImage, fields: Mapping[str, str]) -> str | None:
        """The batch into which an image was begun to be sent before, if it takes more."""
        known = self._remembered.find(self._digest(image, fields))
        return known.batch_id if known and _is_young(known.batch_id) else None

    async def _carry(
        self,
        image: LocalImage,
        fields: Mapping[str, str],
        batch_id: str,
        on_sent: OnSent,
        for_room: Patience | None,
    ) -> Accepted:
        digest, patience, seen = self._digest(image, fields), self._site.patience(), 0
        known = self._remembered.find(digest)
        while True:
            try:
                if known is None:
                    known, state = await self._begin(image, fields, batch_id), tus.UploadState(0, None)
                else:
                    state = await tus.look(self._site, known.url)
                if state.offset > seen:
                    seen = state.offset
                    patience.progressed()
                on_sent(state.offset)
                if state.job_id is None:
                    state = await send_from(self._site, known.url, image, state.offset, on_sent)
                return self._accepted(digest, known, state)
            except tus.UploadGone as gone:
                known = None
                await patience.bear(_again(gone))
            except (Unreachable, Busy) as error:
                await (for_room if for_room and error.code in FULL else patience).bear(error)

    async def _is_there(self, job_id: str) -> bool:
        try:
            await self._site.ask("HEAD", f"/api/jobs/{job_id}")
        except Refused as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return False
            raise
        return True

    async def _give_up(self, digest: str) -> None:
        """Let the server forget it too; if that is not possible it will by itself."""
        known = self._remembered.find(digest)
        self._remembered.forget(digest)
        if known is not None:
            with suppress(ResizerError):
                await tus.remove(self._site, known.url)

    async def _begin(self, image: LocalImage, fields: Mapping[str, str], batch_id: str) -> RememberedUpload:
        metadata = {"filename": image.name, "batch_id": batch_id, **fields}
        url = await tus.create(self._site, length=image.size, metadata=metadata)
        begun = RememberedUpload(source=image.place, url=url, batch_id=batch_id, began_at=datetime.now(UTC))
        self._remembered.keep(self._digest(image, fields), begun)
        return begun

    def _accepted(self, digest: str, known: RememberedUpload, state: tus.UploadState) -> Accepted:
        if state.job_id is None:
            raise InvalidAnswer(f"{self._site.url} has the whole image, and names no job.")
        self._remembered.keep(digest, replace(known, job_id=state.job_id))
        return Accepted(state.job_id, known.batch_id)

    def _digest(self, image: LocalImage, fields: Mapping[str, str]) -> str:
        return digest_of(str(self._site.url), self._key, image, fields)


def _again(error: Refused) -> Busy:
    """An upload that has gone, as a reason to begin anew, for as long as patience lasts."""
    return Busy(error.detail, status=error.status, code=error.code, retry_after_s=None)


def _is_young(batch_id: str) -> bool:
    """Whether the batch takes more: the first 48 bits of a UUIDv7 are milliseconds since 1970."""
    made_at = datetime.fromtimestamp((UUID(batch_id).int >> 80) / 1000, UTC)
    return datetime.now(UTC) - made_at < BATCH_TAKES_MORE_FOR
