"""The bytes of an image on their way into an upload."""

import asyncio
from collections.abc import AsyncIterator, Callable

from image_resizer import tus
from image_resizer.errors import Unreachable
from image_resizer.local_image import LocalImage
from image_resizer.site import Site

STALL_S = 60.0
"""So long nothing may be taken of what is sent. A network that is gone does not say so by itself."""

OnSent = Callable[[int], None]
"""Called with the number of bytes of the image that have been sent, which goes back when some were lost."""


async def send_from(site: Site, url: str, image: LocalImage, offset: int, on_sent: OnSent) -> tus.UploadState:
    """Send the image from this offset on into the upload at `url`.

    Raises SourceChanged and SourceUnreadable, and as `tus.append` does.
    """
    body = _Body(image, offset, on_sent)
    try:
        async with asyncio.timeout(None) as body.patience:
            return await tus.append(site, url, offset=offset, length=image.size, content=body.content())
    except TimeoutError as error:
        raise Unreachable(f"{site.url} has taken nothing for {STALL_S:g} s.") from error
    except Unreachable as error:
        if body.fault is not None:  # which looks like a broken connection from outside
            raise body.fault from error
        raise


class _Body:
    """What is left of an image. `patience` is over when nothing of it has been taken for too long."""

    patience: asyncio.Timeout

    def __init__(self, image: LocalImage, offset: int, on_sent: OnSent) -> None:
        self._image, self._offset, self._on_sent = image, offset, on_sent
        self.fault: Exception | None = None

    async def content(self) -> AsyncIterator[bytes]:
        loop = asyncio.get_running_loop()
        try:
            async for data in self._image.content(self._offset, self._on_sent):
                self.patience.reschedule(loop.time() + STALL_S)
                yield data
                # From here on it is the server's turn, or that of the disk here.
                self.patience.reschedule(None)
        except Exception as error:  # `on_sent` may raise what it likes
            self.fault = error
            raise
