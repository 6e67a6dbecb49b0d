"""The bytes of a request as they come: counted, not waited for without end, and not onto a full disk."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from aiohttp import BodyPartReader, MultipartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from frontend.errors import FormMalformed, RequestTooLarge, UploadStalled
from frontend.settings import FrontendSettings
from pipeline.errors import StorageFull
from pipeline.image_store import ImageStore

log = logging.getLogger(__name__)

CHUNK_BYTES = 256 * 1024
LOOK_AT_DISK_EVERY_BYTES = 4_000_000
SILENCE_S = 1.0

Chunks = AsyncIterator[bytes]
WhileSilent = Callable[[], Awaitable[None]]


def is_form(request: web.Request) -> bool:
    """Whether the body is a form, and not an image by itself."""
    return request.content_type == "multipart/form-data"


async def _wait_only() -> None: ...


class UploadBody:
    """The body of one request.

    All of its methods raise UploadStalled when the sender falls silent, those that give chunks
    RequestTooLarge and StorageFull as well.
    """

    def __init__(self, request: web.Request, *, store: ImageStore, settings: FrontendSettings) -> None:
        self._request = request
        self._store = store
        self._settings = settings
        self._bytes = 0
        self._bytes_at_look = 0

    async def form(self) -> MultipartReader:
        """The body as a form; raises FormMalformed."""
        with _parser_errors():
            async with self._in_time():
                return await self._request.multipart()

    async def next_part(self, form: MultipartReader) -> BodyPartReader | None:
        """The next part of a form, None behind the last one; raises FormMalformed."""
        with _parser_errors():
            async with self._in_time():
                part = await form.next()
        if part is not None and not isinstance(part, BodyPartReader):
            raise FormMalformed("A part of the form is a form itself.")
        return part

    async def part_chunks(self, part: BodyPartReader) -> Chunks:
        """What is in a part of a form; raises FormMalformed."""
        while True:
            with _parser_errors():
                async with self._in_time():
                    chunk = await part.read_chunk(CHUNK_BYTES)
            if not chunk:
                return
            self._count(chunk)
            yield chunk

    async def raw_chunks(self, *, while_silent: WhileSilent = _wait_only) -> Chunks:
        """All that is in the body. `while_silent` is called for each second without any; it may raise."""
        while True:
            chunk = await self._next_chunk(while_silent)
            if not chunk:
                return
            self._count(chunk)
            yield chunk

    async def _next_chunk(self, while_silent: WhileSilent) -> bytes:
        # Not `_in_time`: `while_silent` may write, which must not be broken off half-way.
        silent_s, stall_s = 0.0, self._settings.upload_stall_s
        while silent_s < stall_s:
            patience_s = min(SILENCE_S, stall_s - silent_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(patience_s):
                    return await self._request.content.read(CHUNK_BYTES)
            silent_s += patience_s
            await while_silent()
        raise UploadStalled

    @property
    def declared(self) -> int | None:
        """The bytes that the request says it brings; 0 if it has no body, None if it does not say."""
        return self._request.content_length if self._request.body_exists else 0

    async def counted(self, chunks: Chunks) -> Chunks:
        """The same chunks, which come from elsewhere and count like those of the body."""
        async for chunk in chunks:
            self._count(chunk)
            yield chunk

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._settings.upload_stall_s):
                yield
        except TimeoutError as error:
            raise UploadStalled from error

    def _count(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        if self._bytes > self._settings.max_request_bytes:
            raise RequestTooLarge
        if self._bytes - self._bytes_at_look > LOOK_AT_DISK_EVERY_BYTES:
            self._bytes_at_look = self._bytes
            if self._store.free_bytes() < self._settings.min_free_bytes:
                raise StorageFull


@contextmanager
def _parser_errors() -> Iterator[None]:
    """What aiohttp's parser raises for a form that is cut off, or none, as one error of ours."""
    try:
        yield
    except (ValueError, AssertionError, HttpProcessingError, web.RequestPayloadError) as error:
        log.debug("malformed form: %r", error)
        raise FormMalformed from error
