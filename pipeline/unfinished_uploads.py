"""Uploads that come in several requests: what was asked beside what has come, in a folder by the id.

The id becomes that of the job. What has come is as long as the file is, so nothing about it can be wrong,
whatever dies. The file goes once there is a job; what was asked stays for a while, so that a sender who has
missed the answer can ask what became of it.
"""

import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from pipeline.durable_files import make_folder, space_errors, sync_folder, write_file
from pipeline.errors import UploadLocked, UploadNotFound
from pipeline.file_lock import file_lock
from pipeline.ids import JobId, is_id
from pipeline.messages import BAD_BYTES, ClientTag, Owner, Rendition
from pipeline.records import DamagedRecord
from pipeline.store_paths import StorePaths

ASKED_FILE = "asked.json"
IMAGE_FILE = "image"
UNCHECKED_FILE = "unchecked"
WANTED_FILE = "wanted"
LOCKED_AFTER_S = 3.0
WANTED_FOR_S = 10.0
"""Whoever wants an upload has said so within this time, or is dead."""


class UnfinishedUpload(Struct, frozen=True, kw_only=True):
    """What is asked of an upload of `length` bytes. `metadata` is as it was sent; `client` tells who sent it.

    One that `is_partial` only becomes a piece of another one, which has the ids of its pieces as `parts`.
    """

    v: Literal[1] = 1
    id: JobId
    client: ClientTag
    owner: Owner | None = None
    length: int
    metadata: str = ""
    is_partial: bool = False
    parts: tuple[JobId, ...] = ()
    name: str = ""
    batch_id: str = ""
    renditions: tuple[Rendition, ...] = ()
    may_reuse: bool = True
    callback_url: str | None = None


_decoder = msgspec.json.Decoder(UnfinishedUpload)


class UnfinishedUploads:
    """Those of a store on a disk; all frontends share them. All but `held` block, and are for threads.

    Who reads or changes what has come holds the upload meanwhile.
    """

    def __init__(self, root: Path, *, expires_s: float) -> None:
        self._paths = StorePaths(root.resolve())
        self._expires_s = expires_s

    @asynccontextmanager
    async def held(self, upload_id: JobId, *, waits: bool = True) -> AsyncIterator[None]:
        """Keep every other request, at any frontend, from this upload. Raises UploadLocked, StorageFull.

        Who has it now is told that somebody `waits`.
        """
        async with space_errors(), AsyncExitStack() as stack:
            self._paths.locks.mkdir(exist_ok=True)
            lock, wanted = self._paths.upload_lock(upload_id), self._folder(upload_id) / WANTED_FILE
            try:
                await stack.enter_async_context(file_lock(lock, within_s=0))
            except TimeoutError as error:
                if not waits:
                    raise UploadLocked from error
                with suppress(FileNotFoundError):
                    wanted.touch()
                try:
                    await stack.enter_async_context(file_lock(lock, within_s=LOCKED_AFTER_S))
                except TimeoutError:
                    raise UploadLocked from error
                finally:
                    wanted.unlink(missing_ok=True)
            yield

    def is_wanted(self, upload_id: JobId) -> bool:
        """Whether somebody waits for who has the upload now."""
        try:
            return time.time() - (self._folder(upload_id) / WANTED_FILE).stat().st_mtime < WANTED_FOR_S
        except FileNotFoundError:
            return False

    def create(self, upload: UnfinishedUpload) -> None:
        """Begin an upload; what was asked is written last, and without it there is none."""
        folder = self._folder(upload.id)
        try:
            make_folder(folder)
            self.image(upload.id).touch()
            write_file(folder / ASKED_FILE, msgspec.json.format(msgspec.json.encode(upload), indent=1))
        except BaseException:
            self.remove(upload.id)
            raise

    def load(self, upload_id: JobId) -> UnfinishedUpload:
        """What was asked. Raises UploadNotFound, also of one that is over, and DamagedRecord."""
        if self.is_over(upload_id):
            raise UploadNotFound
        return self.read(upload_id)

    def read(self, upload_id: JobId) -> UnfinishedUpload:
        """As `load`, also of one that is over."""
        try:
            return _decoder.decode((self._folder(upload_id) / ASKED_FILE).read_bytes())
        except FileNotFoundError as error:
            raise UploadNotFound from error
        except BAD_BYTES as error:
            raise DamagedRecord(f"{ASKED_FILE}: {error}") from error

    def expires_at(self, upload_id: JobId) -> datetime:
        """When the upload is over unless more comes; that of one that is not there is over."""
        folder, latest = self._folder(upload_id), 0.0
        for path in (folder, folder / ASKED_FILE, folder / IMAGE_FILE):
            with suppress(FileNotFoundError):
                latest = max(latest, path.stat().st_mtime)
        return datetime.fromtimestamp(latest + self._expires_s, UTC)

    def is_over(self, upload_id: JobId) -> bool:
        """Whether nothing has come for too long."""
        return self.expires_at(upload_id) < datetime.now(UTC)

    def image(self, upload_id: JobId) -> Path:
        """The file into which the bytes go."""
        return self._folder(upload_id) / IMAGE_FILE

    def size(self, upload_id: JobId) -> int | None:
        """How many bytes have come and count; None when they have become a job, or part of one."""
        self._forget_unchecked(upload_id)
        try:
            return self.image(upload_id).stat().st_size
        except FileNotFoundError:
            return None

    def begin_checked(self, upload_id: JobId, offset: int) -> None:
        """What comes behind `offset` does not count until `end_checked`, whatever dies."""
        write_file(self._folder(upload_id) / UNCHECKED_FILE, str(offset).encode())

    def end_checked(self, upload_id: JobId) -> None:
        """What has come counts, or has been taken back."""
        (self._folder(upload_id) / UNCHECKED_FILE).unlink()
        sync_folder(self._folder(upload_id))

    def link(self, upload_id: JobId, name: str) -> str:
        """Have the image also where its job has it, under this name; its path in the store.

        Should there be no job after all, all that has come is still here.
        """
        path = self._paths.upload_folder(upload_id) / name
        make_folder(path.parent)
        with suppress(FileExistsError):
            os.link(self.image(upload_id), path)
        os.utime(path)
        sync_folder(path.parent)
        return path.relative_to(self._paths.root).as_posix()

    def drop_image(self, upload_id: JobId) -> None:
        """Keep what was asked, and no bytes."""
        self.image(upload_id).unlink(missing_ok=True)

    def remove(self, upload_id: JobId) -> None:
        """Remove all there is here. What was asked goes first: without it there is no upload."""
        folder = self._folder(upload_id)
        (folder / ASKED_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)

    def names(self) -> list[str]:
        """The folders of all uploads, those that are jobs by now or over among them, and others."""
        with os.scandir(self._paths.unfinished) as entries:
            return [entry.name for entry in entries]

    def unsettled(self) -> list[JobId]:
        """The uploads of which there is something to be done, or bytes that came, oldest first."""
        ids = [JobId(name) for name in sorted(self.names()) if is_id(name)]
        return [one for one in ids if self.image(one).exists() or self.is_over(one)]

    def _forget_unchecked(self, upload_id: JobId) -> None:
        """Take back what came with a checksum, if whoever was at it has died."""
        marker = self._folder(upload_id) / UNCHECKED_FILE
        with suppress(FileNotFoundError):
            os.truncate(self.image(upload_id), int(marker.read_bytes()))
            self.end_checked(upload_id)

    def _folder(self, upload_id: JobId) -> Path:
        return self._paths.unfinished_folder(upload_id)
