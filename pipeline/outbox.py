"""Commands that are accepted and not yet confirmed by the broker: one file each, named by the job."""

import asyncio
import fcntl
import os
from contextlib import suppress
from pathlib import Path

from pipeline.durable_files import space_errors, write_file
from pipeline.errors import InvalidId, InvalidMessage
from pipeline.ids import JobId, parse_job_id
from pipeline.messages import ResizeImage, decode_command, encode
from pipeline.store_paths import StorePaths

DAMAGED_SUFFIX = ".damaged"


class Outbox:
    """The outbox of a store on a disk; all frontends share it."""

    def __init__(self, root: Path) -> None:
        self._folder = StorePaths(root.resolve()).outbox

    async def put(self, command: ResizeImage) -> None:
        """Keep the command until `remove`: it is on the disk when this returns. Raises StorageFull."""
        async with space_errors():
            await asyncio.to_thread(write_file, self._folder / command.job_id, encode(command))

    async def load(self, job_id: JobId) -> ResizeImage | None:
        """The command of this job, None when it is not here any more. Raises InvalidMessage."""
        try:
            command = decode_command(await asyncio.to_thread((self._folder / job_id).read_bytes))
        except FileNotFoundError:
            return None
        if command.job_id != job_id:
            raise InvalidMessage(f"it is the command of job {command.job_id}")
        return command

    async def put_aside(self, job_id: JobId) -> None:
        """Keep a command that nobody can read where only people look at it."""
        path = self._folder / job_id
        with suppress(FileNotFoundError):  # somebody else has done it
            await asyncio.to_thread(path.rename, path.with_name(path.name + DAMAGED_SUFFIX))

    async def holds(self, job_id: JobId) -> bool:
        """Whether the command of this job waits here."""
        return await asyncio.to_thread((self._folder / job_id).exists)

    async def lease(self, job_id: JobId, since: float) -> bool:
        """Make the command look as if it had just come, so that no other frontend takes it for abandoned.

        False if it is gone, or no longer as old as `entries` has said: somebody else is at it.
        """
        return await asyncio.to_thread(_touch, self._folder / job_id, since)

    async def remove(self, job_id: JobId) -> None:
        """The command of this job is not to be published, whatever it says."""
        await asyncio.to_thread((self._folder / job_id).unlink, missing_ok=True)

    async def remove_done(self, command: ResizeImage) -> None:
        """The command has been published, or need not be: remove it, but not another one in its place.

        Somebody may have asked for the job once more meanwhile. Should this be lost in a power cut, the
        command is published twice.
        """
        await asyncio.to_thread(self._remove_done, command)

    async def entries(self) -> dict[JobId, float]:
        """Whose commands wait, oldest first, each with the time at which it was put here (seconds, POSIX)."""
        return await asyncio.to_thread(self._entries)

    async def count(self) -> int:
        """How many commands wait."""
        names = await asyncio.to_thread(os.listdir, self._folder)
        return sum("." not in name for name in names)

    def _remove_done(self, command: ResizeImage) -> None:
        path = self._folder / command.job_id
        with suppress(FileNotFoundError, InvalidMessage):
            if decode_command(path.read_bytes()) == command:
                path.unlink()

    def _entries(self) -> dict[JobId, float]:
        found: dict[JobId, float] = {}
        with os.scandir(self._folder) as entries:
            for entry in sorted(entries, key=lambda entry: entry.name):
                try:
                    job_id = parse_job_id(entry.name)
                    if entry.is_file():
                        found[job_id] = entry.stat().st_mtime
                except (InvalidId, FileNotFoundError):
                    continue  # a temporary file, one put aside, or one that has just gone
        return found


def _touch(path: Path, since: float) -> bool:
    """Set the time of the file anew, unless that has been done; of several who try, one does it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_mtime != since:
            return False
        os.utime(descriptor)
        return True
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
