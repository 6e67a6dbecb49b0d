"""The store in a folder of a local (or shared and POSIX-like) disk; pipeline/store_paths.py is its map."""

import asyncio
import errno
import secrets
import shutil
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.batch_folders import BatchFolders
from pipeline.durable_files import (
    TEMPORARY_SUFFIX,
    make_folder,
    space_errors,
    sync_folder,
    write_file,
    write_new_file,
)
from pipeline.errors import BatchNotFound, JobNotFound, SourceMissing
from pipeline.filed_jobs import FiledJobs
from pipeline.folders import names_in
from pipeline.ids import BatchId, JobId, is_id, parse_job_id
from pipeline.image_store import Beginning, Traces
from pipeline.incoming_image import LocalIncomingImage
from pipeline.job_index import Filing
from pipeline.messages import Owner
from pipeline.records import DamagedRecord, JobRecord, Receipt, decode_job, decode_receipt, encode_record
from pipeline.store_paths import MARK_PREFIX, RECEIPT_FILE, StorePaths
from pipeline.work_index import WorkIndex

_NO_PATH = (errno.ENAMETOOLONG, errno.ELOOP, errno.ENOTDIR)
"""The errors of a path that can be none, whatever is on the disk."""


class LocalImageStore:
    """Implements ImageStore. Blocking work is done in threads."""

    def __init__(self, root: Path) -> None:
        self._paths = StorePaths(root.resolve())
        for part in self._paths.parts:
            make_folder(part)
        self._batches = BatchFolders(self._paths)
        self._filed = FiledJobs(self._paths)
        self._work = WorkIndex(self._paths)

    async def receive(self, job_id: JobId) -> LocalIncomingImage:
        folder = self._paths.upload_folder(job_id)
        async with space_errors():
            await asyncio.to_thread(make_folder, folder)
        return LocalIncomingImage(self._paths.root, folder)

    async def discard(self, job_id: JobId, batch_id: BatchId) -> None:
        await asyncio.to_thread(self._discard, job_id, batch_id)

    async def save_job(self, record: JobRecord) -> None:
        async with space_errors():
            await asyncio.to_thread(self._save_job, record)

    async def load_job(self, job_id: JobId) -> JobRecord:
        try:
            return decode_job(await asyncio.to_thread(self._paths.job(job_id).read_bytes))
        except FileNotFoundError as error:
            raise JobNotFound(f"There is no job {job_id}.") from error

    async def traces(self, job_id: JobId) -> Traces:
        try:
            return await asyncio.to_thread(self._traces, job_id)
        except FileNotFoundError as error:
            raise JobNotFound(f"There is no job {job_id}.") from error

    async def batch_job_ids(self, batch_id: BatchId) -> list[JobId]:
        try:
            names = await asyncio.to_thread(self._batches.names, batch_id)
        except FileNotFoundError as error:
            raise BatchNotFound(f"There is no batch {batch_id}.") from error
        return [parse_job_id(name) for name in sorted(names)]

    async def newest(
        self,
        filings: Collection[Filing],
        *,
        most: int,
        before: JobId | None = None,
        batch: BatchId | None = None,
        owners: Sequence[Owner | None] | None = None,
    ) -> list[JobId]:
        return await asyncio.to_thread(
            self._filed.newest, filings, most=most, before=before, batch=batch, owners=owners
        )

    async def refile(self, job_id: JobId) -> None:
        await asyncio.to_thread(self._filed.refile, job_id)

    async def days(self) -> list[str]:
        uploads, processed = await asyncio.to_thread(
            lambda: (names_in(self._paths.uploads), names_in(self._paths.processed))
        )
        return sorted(uploads | processed)

    async def job_ids_of(self, day: str) -> list[JobId]:
        uploads, processed = await asyncio.to_thread(
            lambda: (names_in(self._paths.uploads / day), names_in(self._paths.processed / day))
        )
        return sorted(parse_job_id(name) for name in uploads | processed if is_id(name))

    async def begin(self, job_id: JobId) -> Beginning:
        async with space_errors():
            return await asyncio.to_thread(self._begin, job_id)

    async def is_marked(self, job_id: JobId) -> bool:
        return await asyncio.to_thread(self._is_marked, job_id)

    def let_go(self, job_id: JobId, mark: str) -> None:
        (self._paths.result_folder(job_id) / mark).unlink(missing_ok=True)

    async def save_rendition(self, job_id: JobId, file_name: str, data: bytes) -> None:
        path = self._paths.result_folder(job_id) / file_name
        async with space_errors():
            await asyncio.to_thread(self._write_in_new_folder, path, data)

    async def discard_renditions(self, job_id: JobId) -> None:
        await asyncio.to_thread(_remove_results, self._paths.result_folder(job_id))

    async def save_receipt(self, receipt: Receipt) -> Receipt:
        async with space_errors():
            return await asyncio.to_thread(self._save_receipt, receipt)

    async def load_receipt(self, job_id: JobId) -> Receipt | None:
        return await asyncio.to_thread(self._load_receipt, job_id)

    async def load_receipts(self, job_ids: Sequence[JobId]) -> list[Receipt | None]:
        return await asyncio.to_thread(lambda: [self._sound_receipt(job_id) for job_id in job_ids])

    async def drop_receipt(self, job_id: JobId) -> None:
        await asyncio.to_thread(self._drop_receipt, job_id)

    async def remove_job(self, tombstone: Receipt) -> None:
        async with space_errors():
            await asyncio.to_thread(self._remove_job, tombstone)

    async def erase_job(self, job_id: JobId) -> None:
        await asyncio.to_thread(self._erase_job, job_id)

    def source_file(self, source_path: str) -> Path:
        self._check_is_there()
        try:
            path = (self._paths.root / source_path).resolve()
            is_ours = path.is_relative_to(self._paths.uploads) and path.is_file()
        except (ValueError, RuntimeError):  # the latter for a link to itself, before Python 3.13
            is_ours = False
        except OSError as error:
            if error.errno not in _NO_PATH:
                raise
            is_ours = False
        if not is_ours:
            raise SourceMissing(f"There is no image at {source_path!r} in the store.")
        return path

    def rendition_file(self, job_id: JobId, file_name: str) -> Path:
        path = self._paths.result_folder(job_id) / file_name
        try:
            is_there = path.name == file_name and path.is_file()
        except OSError:
            is_there = False
        if not is_there:
            raise JobNotFound(f"Job {job_id} has no file {file_name!r}.")
        return path

    def free_bytes(self) -> int:
        return shutil.disk_usage(self._paths.root).free

    def _save_job(self, record: JobRecord) -> None:
        job_id = parse_job_id(record.job_id)
        with self._filed.ahead(record, "open"):
            write_file(self._paths.job(job_id), encode_record(record))
        self._batches.join(BatchId(record.batch_id), job_id)

    def _discard(self, job_id: JobId, batch_id: BatchId) -> None:
        """What was asked goes first: whoever finds that takes the image to be there too."""
        self._paths.job(job_id).unlink(missing_ok=True)
        shutil.rmtree(self._paths.upload_folder(job_id), ignore_errors=True)
        self._batches.leave(batch_id, job_id)
        self._filed.remove(job_id)

    def _check_is_there(self) -> None:
        """Raise an OSError when the disk of the store is away: nothing is known then, and nothing is made."""
        if not self._paths.uploads.is_dir():
            raise FileNotFoundError(errno.ENOENT, "the store is not there", str(self._paths.root))

    def _begin(self, job_id: JobId) -> Beginning:
        self._check_is_there()
        receipt = self._load_receipt(job_id)
        if receipt is not None:
            return Beginning(receipt=receipt)
        folder = self._paths.result_folder(job_id)
        make_folder(folder)
        lost = sum(path.name.startswith(MARK_PREFIX) for path in folder.iterdir())
        mark = MARK_PREFIX + secrets.token_hex(8)
        # Not synced: a power cut that takes it away has ended the worker through no fault of the job's.
        (folder / mark).touch()
        return Beginning(lost=lost, mark=mark)

    def _is_marked(self, job_id: JobId) -> bool:
        return any(self._paths.result_folder(job_id).glob(f"{MARK_PREFIX}*"))

    def _traces(self, job_id: JobId) -> Traces:
        asked = self._paths.job(job_id).stat().st_mtime
        begun = []
        for mark in self._paths.result_folder(job_id).glob(f"{MARK_PREFIX}*"):
            with suppress(FileNotFoundError):
                begun.append(mark.stat().st_mtime)
        return Traces(asked=asked, begun=max(begun, default=None))

    def _load_receipt(self, job_id: JobId) -> Receipt | None:
        try:
            return decode_receipt(self._paths.receipt(job_id).read_bytes())
        except FileNotFoundError:
            return None

    def _sound_receipt(self, job_id: JobId) -> Receipt | None:
        try:
            return self._load_receipt(job_id)
        except DamagedRecord:
            return None

    def _write_in_new_folder(self, path: Path, data: bytes) -> None:
        self._check_is_there()
        make_folder(path.parent)
        write_file(path, data)

    def _save_receipt(self, receipt: Receipt) -> Receipt:
        self._check_is_there()
        job_id = parse_job_id(receipt.job_id)
        path = self._paths.receipt(job_id)
        make_folder(path.parent)
        with self._filed.ahead(receipt, receipt.status):
            while not write_new_file(path, encode_record(receipt)):
                standing = self._load_receipt(job_id)
                if standing is not None:
                    self._filed.put_right(job_id)
                    return standing
        return receipt

    def _drop_receipt(self, job_id: JobId) -> None:
        """The marks go with it: the job begins anew, and what earlier workers died of is not counted."""
        for mark in self._paths.result_folder(job_id).glob(f"{MARK_PREFIX}*"):
            mark.unlink(missing_ok=True)
        self._filed.reopen(job_id)
        _remove_durably(self._paths.receipt(job_id))

    def _remove_job(self, tombstone: Receipt) -> None:
        job_id = parse_job_id(tombstone.job_id)
        with self._filed.ahead(tombstone, "removed"):
            write_file(self._paths.receipt(job_id), encode_record(tombstone))
        _remove_results(self._paths.result_folder(job_id))
        self._remove_upload(job_id)

    def _erase_job(self, job_id: JobId) -> None:
        """The receipt goes last: as long as it is there, what is left is known to be over."""
        self._remove_upload(job_id)
        results = self._paths.result_folder(job_id)
        for path in results.glob("*"):
            if path.name != RECEIPT_FILE:
                path.unlink(missing_ok=True)
        self._filed.remove(job_id)
        shutil.rmtree(results, ignore_errors=True)
        for day in (self._paths.upload_folder(job_id).parent, self._paths.result_folder(job_id).parent):
            _remove_if_empty(day)

    def _remove_upload(self, job_id: JobId) -> None:
        with suppress(FileNotFoundError, DamagedRecord):
            record = decode_job(self._paths.job(job_id).read_bytes())
            self._batches.leave(BatchId(record.batch_id), job_id)
            if record.work is not None:
                self._work.forget(record.work, job_id)
        shutil.rmtree(self._paths.upload_folder(job_id), ignore_errors=True)


def _remove_durably(path: Path) -> None:
    path.unlink(missing_ok=True)
    if path.parent.is_dir():
        sync_folder(path.parent)


def _remove_results(folder: Path) -> None:
    """Remove all but the receipt, also one that somebody is just writing, and the marks of workers at it."""
    for path in folder.glob("*"):
        is_leftover = not path.name.startswith(".") or path.name.endswith(TEMPORARY_SUFFIX)
        is_receipt = path.name == RECEIPT_FILE or path.name.startswith(f".{RECEIPT_FILE}.")
        if is_leftover and not is_receipt and path.is_file():
            path.unlink(missing_ok=True)


def _remove_if_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:
        return  # other jobs are in it, or it is not there
