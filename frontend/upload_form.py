"""A streamed request body in, stored images and renditions out. Bytes are counted as they come.

Nothing is held in memory. A file of the wrong kind is refused by itself and the others go on. A body that is
malformed or too large, or an option that is wrong, is refused as a whole, and nothing of it stays.
"""

from collections.abc import Awaitable, Callable, Container
from dataclasses import dataclass, field
from datetime import datetime

from aiohttp import BodyPartReader, web

from frontend.client import Client
from frontend.errors import (
    FileEmpty,
    FormMalformed,
    NoFile,
    NotAnImage,
    OptionInvalid,
    TooManyFiles,
    UploadTooLarge,
)
from frontend.fetching import Fetching
from frontend.idempotency import Fingerprint
from frontend.options import KNOWN
from frontend.presets import Presets
from frontend.settings import FrontendSettings
from frontend.upload_body import Chunks, UploadBody, is_form
from frontend.upload_fields import ReadCallback, UploadFields, no_callback
from frontend.url_fetcher import Fetched, UrlFetcher
from pipeline.errors import PipelineError
from pipeline.file_names import shown_name, stored_name
from pipeline.ids import BatchId, JobId, new_batch_id, new_job_id
from pipeline.image_formats import FORMATS, SIGNATURE_BYTES, ImageFormat, detect_format
from pipeline.image_store import ImageStore
from pipeline.messages import DEFAULT_RENDITION, ClientTag, Owner, Rendition, Source

FIELD_BYTES = 64 * 1024

Wanted = Callable[[], Awaitable[Container[int] | None]]
"""Finds out from which places something has to be fetched; None: from all."""


@dataclass(frozen=True)
class StoredImage:
    """An image that is in the store, though nobody has been asked to resize it yet.

    Its `place` counts all that the request brings, files first and then addresses. `created_at` is when it
    was there in whole, if that was long after its id was made.
    """

    job_id: JobId
    name: str
    source_path: str
    source: Source
    sha256: str
    place: int = 0
    created_at: datetime | None = None


@dataclass(frozen=True)
class RejectedFile:
    """A file that was not taken, and why."""

    name: str
    error: PipelineError
    place: int | None = None


@dataclass
class Upload:
    """What a request has brought; all its images get the same renditions.

    `may_reuse` says whether they may share results with other jobs; `callback_url` is where
    their ends are told.
    """

    batch_id: BatchId
    owner: Owner | None = None
    client: ClientTag | None = None
    renditions: tuple[Rendition, ...] = (DEFAULT_RENDITION,)
    may_reuse: bool = True
    callback_url: str | None = None
    images: list[StoredImage] = field(default_factory=list)
    rejected: list[RejectedFile] = field(default_factory=list)
    urls: dict[int, str] = field(default_factory=dict)
    """The addresses by their places."""


class UploadReader:
    """Reads one request."""

    def __init__(
        self,
        request: web.Request,
        *,
        store: ImageStore,
        settings: FrontendSettings,
        presets: Presets,
        client: Client,
        read_callback: ReadCallback = no_callback,
        fingerprint: Fingerprint | None = None,
    ) -> None:
        """A reader that has taken in the options of the address. Raises OptionInvalid.

        The images will be those of the `client`. What is read goes into the `fingerprint` as well, if there
        is one.
        """
        self._request = request
        self._body = UploadBody(request, store=store, settings=settings)
        self._fingerprint = fingerprint
        self._store = store
        self._settings = settings
        self._fields = UploadFields(
            request.query,
            presets=presets,
            limits=settings.rendition_limits,
            max_urls=settings.urls_per_request,
            read_callback=read_callback,
            fingerprint=fingerprint,
        )
        self._upload = Upload(new_batch_id(), owner=client.owner, client=client.tag)
        self._begun: list[JobId] = []

    async def read(self) -> Upload:
        """The files of the request, stored. Raises RequestError or StorageFull and then keeps nothing.

        What is at its addresses is for `fetch`.
        """
        try:
            if is_form(self._request):
                await self._read_form()
            else:
                await self._read_body()
            self._check_count()
            self._upload.renditions = self._fields.renditions()
            self._upload.may_reuse = self._settings.reuse_work and self._fields.may_reuse
            self._upload.callback_url = self._fields.callback_url
            self._upload.batch_id = self._fields.batch_id or self._upload.batch_id
        except BaseException:
            await self._discard()
            raise
        self._upload.urls = dict(enumerate(self._fields.urls, self._files))
        return self._upload

    async def fetch(self, fetcher: UrlFetcher, *, wanted: Wanted | None = None) -> int:
        """Store what is at the addresses too, or note why it is not taken; how many bytes have come.

        Only from the `wanted` places, if there is such a question to be asked. Raises RequestTooLarge,
        StorageFull and what `wanted` raises, and then keeps nothing of the request.
        """
        try:
            places = await wanted() if wanted else None
            urls = {
                place: url for place, url in self._upload.urls.items() if places is None or place in places
            }
            fetching = Fetching(fetcher, self, seconds=self._settings.fetch_timeout_s)
            await fetching.fetch_all(urls)
        except BaseException:
            await self._discard()
            raise
        self._upload.images.sort(key=lambda image: image.place)
        self._upload.rejected.sort(key=lambda rejected: rejected.place or 0)
        return fetching.bytes

    async def take_fetched(self, place: int, fetched: Fetched) -> None:
        """Store an image that is being fetched. Raises NotAnImage, FileEmpty and UploadTooLarge too."""
        name = shown_name(fetched.name)
        self._check_size(name, fetched.size or 0)
        first, chunks = b"", self._body.counted(fetched.chunks)
        while len(first) < SIGNATURE_BYTES and (chunk := await anext(chunks, b"")):
            first += chunk
        await self._store_image(name, format_of(first), first, chunks, place=place)

    def reject(self, place: int, error: PipelineError) -> None:
        """Note that what is at the address of this place is not taken."""
        self._upload.rejected.append(RejectedFile(self._upload.urls[place], error, place))

    def _check_count(self) -> None:
        count = self._files + len(self._fields.urls)
        if not count:
            raise NoFile
        if count > self._settings.max_files:
            raise TooManyFiles(f"One request may bring {self._settings.max_files} images.")

    @property
    def _files(self) -> int:
        return len(self._upload.images) + len(self._upload.rejected)

    async def _read_form(self) -> None:
        form = await self._body.form()
        while (part := await self._body.next_part(form)) is not None:
            await self._read_part(part)

    async def _read_part(self, part: BodyPartReader) -> None:
        if part.name is None:
            raise FormMalformed("A part of the form has no name.")
        if part.name != "file":
            is_stray = part.filename is not None and part.name not in KNOWN  # an image called "image", say
            self._fields.take(part.name, part.filename or "" if is_stray else await self._read_field(part))
            return
        chunks = self._body.part_chunks(part)
        first = await anext(chunks, b"")
        if not first and not part.filename:
            return  # the field of a form in which no file was chosen
        if self._files == self._settings.max_files:
            raise TooManyFiles(f"One request may bring {self._settings.max_files} images.")
        await self._take_file(shown_name(part.filename), first, chunks)

    async def _read_body(self) -> None:
        name = self._request.match_info.get("name") or self._fields.name
        chunks = self._body.raw_chunks()
        first = await anext(chunks, b"")
        if first:
            await self._take_file(shown_name(name), first, chunks)

    async def _read_field(self, part: BodyPartReader) -> str:
        value = bytearray()
        async for chunk in self._body.part_chunks(part):
            value += chunk
            if len(value) > FIELD_BYTES:
                shown = value[:FIELD_BYTES].decode("utf-8", "replace")
                raise OptionInvalid(part.name or "", shown, f"a text of at most {FIELD_BYTES:,} bytes")
        return value.decode("utf-8", "replace")

    async def _take_file(self, name: str, first: bytes, chunks: Chunks) -> None:
        """Store a file of which `first` are the first bytes, or note why it is not taken."""
        if self._fingerprint is not None:
            chunks = self._fingerprint.of_file(name, first, chunks)
        while len(first) < SIGNATURE_BYTES and (chunk := await anext(chunks, b"")):
            first += chunk
        place = self._files
        try:
            image_format = format_of(first)
        except (NotAnImage, FileEmpty) as error:
            self._upload.rejected.append(RejectedFile(name, error, place))
            async for _ in chunks:
                """The next part comes after the rest of this one."""
        else:
            await self._store_image(name, image_format, first, chunks, place=place)

    async def _store_image(
        self, name: str, image_format: ImageFormat, first: bytes, chunks: Chunks, *, place: int
    ) -> None:
        job_id = new_job_id()
        self._begun.append(job_id)
        incoming = await self._store.receive(job_id)
        try:
            await incoming.write(first)
            async for chunk in chunks:
                await incoming.write(chunk)
                self._check_size(name, incoming.size)
            self._check_size(name, incoming.size)
            source_path = await incoming.keep(stored_name(name, image_format))
        except BaseException:
            incoming.close()
            await self._store.discard(job_id, self._upload.batch_id)
            raise
        incoming.close()
        source = Source(media_type=image_format.media_type, bytes=incoming.size)
        image = StoredImage(job_id, name, source_path, source, incoming.sha256, place)
        self._upload.images.append(image)

    def _check_size(self, name: str, size: int) -> None:
        if size > self._settings.max_upload_bytes:
            raise UploadTooLarge(
                f"{name} has more than the {self._settings.max_upload_bytes:,} bytes allowed."
            )

    async def _discard(self) -> None:
        for job_id in self._begun:
            await self._store.discard(job_id, self._upload.batch_id)


def format_of(first: bytes) -> ImageFormat:
    """What a file is by its first bytes. Raises NotAnImage and FileEmpty."""
    image_format = detect_format(first)
    if image_format is None:
        raise NotAnImage(f"Not an image of these kinds: {_KINDS}.") if first else FileEmpty
    return image_format


_KINDS = ", ".join(image_format.title for image_format in FORMATS)
