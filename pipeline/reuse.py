"""Giving a job the results of another one that was the same work, instead of working it again.

It gets files of its own: other names for the same bytes on the disk (hard links), or copies where that cannot
be. So each of the two may be removed, and the other one has lost nothing. Whatever is in the way, or is not
as the receipt of the other job tells, is no error: the job is then worked, as any other.
"""

import asyncio
import errno
import hashlib
import logging
import os
import shutil
import time
from pathlib import Path

from msgspec.structs import replace

from pipeline.durable_files import make_folder, sync_folder, temporary_for
from pipeline.errors import PipelineError
from pipeline.file_names import rendition_name
from pipeline.ids import JobId, parse_job_id
from pipeline.image_formats import format_of_type
from pipeline.messages import ResizeImage, Result, now
from pipeline.records import Receipt, decode_receipt
from pipeline.store_paths import StorePaths
from pipeline.work_index import WorkIndex

log = logging.getLogger(__name__)

_CANNOT_BE_LINKED = (errno.EXDEV, errno.EMLINK, errno.EPERM, errno.ENOTSUP, errno.ENOSYS)
"""Another disk, too many names already, or a file system that knows no second name."""


class _Unsound(Exception):
    """The results of the other job are not what its receipt tells of."""


class Reuse:
    """The finished work of one store, which frontends and workers share."""

    def __init__(self, root: Path) -> None:
        self._paths = StorePaths(root.resolve())
        self._index = WorkIndex(self._paths)

    async def receipt_for(
        self, command: ResizeImage, *, name: str, attempt: int, worker: str = ""
    ) -> Receipt | None:
        """The receipt of a job whose work has been done before, not stored yet; its files are in its folder.

        None if it has to be worked. `name` is what the sender calls the image.
        """
        if command.work is None:
            return None
        begin, started_at = time.perf_counter(), now()
        receipt = await asyncio.to_thread(self._taken_over, command)
        if receipt is None:
            return None
        return replace(
            receipt,
            job_id=command.job_id,
            batch_id=command.batch_id,
            name=name,
            attempt=attempt,
            worker=worker,
            started_at=started_at,
            finished_at=now(),
            timings_ms={"total": round(1000 * (time.perf_counter() - begin), 1)},
            reused=True,
        )

    async def note(self, receipt: Receipt) -> None:
        """Let later jobs be given the results that this stored receipt tells of, if they may be."""
        if receipt.status != "done" or receipt.work is None:
            return
        try:
            await asyncio.to_thread(self._index.note, receipt.work, parse_job_id(receipt.job_id))
        except OSError as error:
            log.warning("the results of job %s are not given to others: %s", receipt.job_id, error)

    async def sweep(self) -> int:
        """Forget work of which nothing is left, a part of it each time; how much it was."""
        return await asyncio.to_thread(self._index.sweep)

    def _taken_over(self, command: ResizeImage) -> Receipt | None:
        """The receipt of the other job, but with the results as they are called in this one's folder."""
        assert command.work is not None, "the caller has looked"
        try:
            other = self._index.find(command.work)
            if other is None or other == command.job_id:
                return None
            try:
                return self._with_files(self._receipt(other, command), command)
            except (_Unsound, PipelineError, FileNotFoundError) as error:
                self._index.forget(command.work, other)
                log.warning("job %s is not given the results of job %s: %s", command.job_id, other, error)
        except OSError as error:
            log.warning("job %s is worked whether it has been before or not: %s", command.job_id, error)
        return None

    def _receipt(self, job_id: JobId, command: ResizeImage) -> Receipt:
        """How the other job ended. Raises FileNotFoundError, DamagedRecord, and _Unsound for another work."""
        receipt = decode_receipt(self._paths.receipt(job_id).read_bytes())
        told = (receipt.job_id, receipt.status, receipt.work, receipt.owner)
        names = [result.name for result in receipt.renditions]
        asked = [rendition.name for rendition in command.renditions]
        if told != (job_id, "done", command.work, command.owner) or names != asked:
            raise _Unsound("it was other work, or has been removed")
        return receipt

    def _with_files(self, receipt: Receipt, command: ResizeImage) -> Receipt:
        """Put its files into the folder of the job of this command. Raises as above, and OSError."""
        source = self._paths.result_folder(parse_job_id(receipt.job_id))
        folder = self._paths.result_folder(parse_job_id(command.job_id))
        make_folder(folder)
        results = tuple(_renamed(result, command) for result in receipt.renditions)
        for there, here in zip(receipt.renditions, results, strict=True):
            _take_over(source / there.file, folder / here.file, here)
        sync_folder(folder)
        return replace(receipt, renditions=results)


def _renamed(result: Result, command: ResizeImage) -> Result:
    image_format = format_of_type(result.media_type)
    return replace(result, file=rendition_name(command.source, result.name, image_format))


def _take_over(source: Path, path: Path, result: Result) -> None:
    """Have the file under its own name too, once it is seen to be whole. Raises _Unsound and OSError."""
    temporary = temporary_for(path)
    try:
        _link(source, temporary)
        if not _is_whole(temporary, result):
            raise _Unsound(f"{source.name} has been changed")
        temporary.rename(path)
    finally:
        # A rename onto another name of the same file does nothing, and leaves this one.
        temporary.unlink(missing_ok=True)


def _link(source: Path, path: Path) -> None:
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in _CANNOT_BE_LINKED:
            raise
        _copy(source, path)


def _copy(source: Path, path: Path) -> None:
    with source.open("rb") as there, path.open("xb") as here:
        shutil.copyfileobj(there, here)
        here.flush()
        os.fsync(here.fileno())


def _is_whole(path: Path, result: Result) -> bool:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return (file.tell(), digest) == (result.bytes, result.sha256)
