"""Results as files here: whole, checked and synced, or not there at all."""

import asyncio
import hashlib
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from image_resizer.answers import Job, Receipt, Rendition
from image_resizer.errors import Busy, DownloadDamaged, NotSaved, Unreachable
from image_resizer.names import ResultNames
from image_resizer.site import Site

CHUNK_BYTES = 256 * 1024
TRIES = 3


class Downloads:
    """Fetches results from one server."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def save_all(self, job: Job, names: ResultNames, stem: str) -> list[Path]:
        """Where the results of a job that is done are now, in their order; whole, as its receipt has them.

        Raises DownloadDamaged, NotSaved, Refused, and Unreachable and Busy when patience is over.
        """
        receipt = await self._site.get(f"/api/jobs/{job.id}/receipt", Receipt)
        digests = {rendition.name: rendition.sha256 for rendition in receipt.renditions}
        paths = []
        for rendition in job.renditions:
            path = names.path_of(stem, rendition)
            await self.save(rendition, path, sha256=digests.get(rendition.name))
            paths.append(path)
        return paths

    async def save(self, rendition: Rendition, path: Path, *, sha256: str | None) -> None:
        """Put a result at this path, in place of what is there; until it is whole and right nothing is.

        Raises as `save_all`.
        """
        temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            await self._fetch_right(rendition, temporary, sha256)
            temporary.replace(path)
            await asyncio.to_thread(_sync_folder, path.parent)
        except OSError as error:
            raise NotSaved(f"{path} cannot be written: {error.strerror}.") from error
        finally:
            with suppress(OSError):
                temporary.unlink()

    async def _fetch_right(self, rendition: Rendition, path: Path, sha256: str | None) -> None:
        for _ in range(TRIES):
            size, digest = await self._fetch(rendition, path)
            if size == rendition.bytes and digest == (sha256 or digest):
                return
        raise DownloadDamaged(f"{rendition.url} did not come as it is at the server, {TRIES} times.")

    async def _fetch(self, rendition: Rendition, path: Path) -> tuple[int, str]:
        """Its size and its digest, once it is in this file and on the disk."""
        patience = self._site.patience()
        while True:
            try:
                return await self._fetch_once(rendition, path)
            except (Unreachable, Busy) as error:
                await patience.bear(error)

    async def _fetch_once(self, rendition: Rendition, path: Path) -> tuple[int, str]:
        digest, size = hashlib.sha256(), 0
        async with self._site.response("GET", rendition.url) as response:
            with path.open("wb") as file:
                async for chunk in response.content.iter_chunked(CHUNK_BYTES):
                    digest.update(chunk)
                    size += len(chunk)
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(_sync, file)
        return size, digest.hexdigest()


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":  # elsewhere a folder cannot be opened
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
