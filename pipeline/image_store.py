"""The images, and the truth about the jobs: the protocol of a store, and the store on a local disk.

    uploads/<day>/<job_id>/<name>        the image
    uploads/<day>/<job_id>/job.json      what was asked
    batches/<day>/<batch_id>/<job_id>    which jobs a batch has
    processed/<day>/<job_id>/<file>      a rendition
    processed/<day>/<job_id>/receipt.json   the job has ended, and how

`<day>` is read out of the id. Only this module knows these paths; others pass ids and the `source_path`
that `keep` has given them.
"""

import asyncio
import errno
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from pipeline.durable_files import make_folder, sync_folder, temporary_for, write_file
from pipeline.errors import BatchNotFound, JobNotFound, SourceMissing, StorageFull
from pipeline.ids import BatchId, JobId, day_of, parse_job_id
from pipeline.records import JobRecord, Receipt, decode_job, decode_receipt, encode_record

BUFFER_BYTES = 1024 * 1024
JOB_FILE = "job.json"
RECEIPT_FILE = "receipt.json"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


class IncomingImage(Protocol):
    """An image on its way into the store."""

    size: int
    """Bytes written so far."""

    async def write(self, chunk: bytes) -> None:
        """Append a chunk. Raises StorageFull."""

    async def keep(self, name: str) -> str:
        """Make the image part of the store under this name and return its path there. Raises StorageFull."""

    def close(self) -> None:
        """Let go of the file; what is not kept by now is for `discard` to remove."""


class ImageStore(Protocol):
    """Where images, results and records are. Every method that writes returns when it is on the disk."""

    async def receive(self, job_id: JobId) -> IncomingImage:
        """Begin to take in the image of a job. Whoever begins it must `keep` or `discard` it."""

    async def discard(self, job_id: JobId, batch_id: BatchId) -> None:
        """Remove all that was taken in for a job which was not accepted after all."""

    async def save_job(self, record: JobRecord) -> None:
        """Store what is asked of a job, and that it belongs to its batch."""

    async def load_job(self, job_id: JobId) -> JobRecord:
        """What was asked of a job; raises JobNotFound."""

    async def batch_job_ids(self, batch_id: BatchId) -> list[JobId]:
        """The jobs of a batch, oldest first; raises BatchNotFound."""

    async def save_rendition(self, job_id: JobId, file_name: str, data: bytes) -> None:
        """Store a result."""

    async def discard_renditions(self, job_id: JobId) -> None:
        """Remove the results of a job that failed, and what is left of writing them; not its receipt."""

    async def save_receipt(self, receipt: Receipt) -> None:
        """Store how a job has ended, after everything that the receipt tells of."""

    async def load_receipt(self, job_id: JobId) -> Receipt | None:
        """How the job ended; None while it has not."""

    def source_file(self, source_path: str) -> Path:
        """A file with the image that was sent; raises SourceMissing."""

    def rendition_file(self, job_id: JobId, file_name: str) -> Path:
        """A file with a result; raises JobNotFound when there is none of that name."""

    def free_bytes(self) -> int:
        """How much more fits into the store."""


class LocalImageStore:
    """The store in a folder of a local (or shared and POSIX-like) disk."""

    def __init__(self, root: Path) -> None:
        self._root = root.resolve()
        for part in ("uploads", "processed", "batches"):
            make_folder(self._root / part)

    async def receive(self, job_id: JobId) -> "LocalIncomingImage":
        folder = self._upload_folder(job_id)
        async with _space_errors():
            await asyncio.to_thread(make_folder, folder)
        return LocalIncomingImage(self._root, folder)

    async def discard(self, job_id: JobId, batch_id: BatchId) -> None:
        await asyncio.to_thread(self._discard, job_id, batch_id)

    async def save_job(self, record: JobRecord) -> None:
        async with _space_errors():
            await asyncio.to_thread(self._save_job, record)

    async def load_job(self, job_id: JobId) -> JobRecord:
        path = self._upload_folder(job_id) / JOB_FILE
        try:
            return decode_job(await asyncio.to_thread(path.read_bytes))
        except FileNotFoundError as error:
            raise JobNotFound(f"There is no job {job_id}.") from error

    async def batch_job_ids(self, batch_id: BatchId) -> list[JobId]:
        folder = self._batch_folder(batch_id)
        try:
            names = await asyncio.to_thread(os.listdir, folder)
        except FileNotFoundError as error:
            raise BatchNotFound(f"There is no batch {batch_id}.") from error
        return [parse_job_id(name) for name in sorted(names)]

    async def save_rendition(self, job_id: JobId, file_name: str, data: bytes) -> None:
        path = self._result_folder(job_id) / file_name
        async with _space_errors():
            await asyncio.to_thread(_write_in_new_folder, path, data)

    async def discard_renditions(self, job_id: JobId) -> None:
        await asyncio.to_thread(_remove_files, self._result_folder(job_id), RECEIPT_FILE)

    async def save_receipt(self, receipt: Receipt) -> None:
        path = self._result_folder(parse_job_id(receipt.job_id)) / RECEIPT_FILE
        async with _space_errors():
            await asyncio.to_thread(_write_in_new_folder, path, encode_record(receipt))

    async def load_receipt(self, job_id: JobId) -> Receipt | None:
        path = self._result_folder(job_id) / RECEIPT_FILE
        try:
            return decode_receipt(await asyncio.to_thread(path.read_bytes))
        except FileNotFoundError:
            return None

    def source_file(self, source_path: str) -> Path:
        uploads = self._root / "uploads"
        try:
            path = (self._root / source_path).resolve()
            is_ours = path.is_relative_to(uploads) and path.is_file()
        except (OSError, ValueError, RuntimeError):  # the last for a link to itself, before Python 3.13
            is_ours = False
        if not is_ours:
            raise SourceMissing(f"There is no image at {source_path!r} in the store.")
        return path

    def rendition_file(self, job_id: JobId, file_name: str) -> Path:
        path = self._result_folder(job_id) / file_name
        try:
            is_there = path.name == file_name and path.is_file()
        except OSError:
            is_there = False
        if not is_there:
            raise JobNotFound(f"Job {job_id} has no file {file_name!r}.")
        return path

    def free_bytes(self) -> int:
        return shutil.disk_usage(self._root).free

    def _upload_folder(self, job_id: JobId) -> Path:
        return self._root / "uploads" / day_of(job_id) / job_id

    def _result_folder(self, job_id: JobId) -> Path:
        return self._root / "processed" / day_of(job_id) / job_id

    def _batch_folder(self, batch_id: BatchId) -> Path:
        return self._root / "batches" / day_of(batch_id) / batch_id

    def _save_job(self, record: JobRecord) -> None:
        job_id = parse_job_id(record.job_id)
        write_file(self._upload_folder(job_id) / JOB_FILE, encode_record(record))
        entry = self._batch_folder(BatchId(record.batch_id)) / job_id
        make_folder(entry.parent)
        entry.touch()
        sync_folder(entry.parent)

    def _discard(self, job_id: JobId, batch_id: BatchId) -> None:
        batch = self._batch_folder(batch_id)
        (batch / job_id).unlink(missing_ok=True)
        shutil.rmtree(self._upload_folder(job_id), ignore_errors=True)
        try:
            batch.rmdir()
        except OSError:
            return  # other jobs are in it, or it was never made


class LocalIncomingImage:
    """An image that is being written, under a temporary name, into the folder of its job."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.size = 0
        self._root = root
        self._folder = folder
        self._temporary = temporary_for(folder / "image")
        self._file: BinaryIO | None = None
        self._buffer = bytearray()

    async def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._buffer += chunk
        if len(self._buffer) >= BUFFER_BYTES:
            await self._flush()

    async def keep(self, name: str) -> str:
        await self._flush()
        path = self._folder / name
        async with _space_errors():
            await asyncio.to_thread(self._finish, path)
        return path.relative_to(self._root).as_posix()

    def close(self) -> None:
        """Let go of the file; what is not kept by now is for `discard` to remove."""
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _flush(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        async with _space_errors():
            await asyncio.to_thread(self._append, data)

    def _append(self, data: bytearray) -> None:
        if self._file is None:
            self._file = self._temporary.open("xb", buffering=0)
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def _finish(self, path: Path) -> None:
        assert self._file is not None, "keep() flushes first, which opens the file"
        os.fsync(self._file.fileno())
        self.close()
        self._temporary.rename(path)
        sync_folder(path.parent)


def _write_in_new_folder(path: Path, data: bytes) -> None:
    make_folder(path.parent)
    write_file(path, data)


def _remove_files(folder: Path, kept: str) -> None:
    for path in folder.glob("*"):
        if path.name != kept and path.is_file():
            path.unlink(missing_ok=True)


@asynccontextmanager
async def _space_errors() -> AsyncIterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StorageFull from error
        raise
