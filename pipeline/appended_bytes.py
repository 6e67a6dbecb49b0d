"""Bytes that go behind those which a file has."""

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.durable_files import space_errors

BUFFER_BYTES = 1024 * 1024


class AppendedBytes:
    """Writes behind the first `offset` bytes of a file that is there; the digests are told what is written.

    Every method that writes raises StorageFull.
    """

    def __init__(self, path: Path, offset: int, *, digests: "Sequence[hashlib._Hash]" = ()) -> None:
        self.size = offset
        """Bytes of the file, those in the buffer among them."""
        self._offset = offset
        self._digests = digests
        self._file = path.open("r+b", buffering=0)
        self._file.truncate(offset)
        self._file.seek(offset)
        self._buffer = bytearray()

    async def write(self, chunk: bytes) -> None:
        """Append a chunk; the file may get it later."""
        self.size += len(chunk)
        self._buffer += chunk
        if len(self._buffer) >= BUFFER_BYTES:
            await self.flush()

    async def flush(self) -> None:
        """Have nothing in the buffer: the file has it, if not the disk."""
        if not self._buffer:
            return
        data, self._buffer = self._buffer, bytearray()
        async with space_errors():
            await asyncio.to_thread(self._append, data)

    async def sync(self) -> None:
        """Return when all is on the disk."""
        await self.flush()
        async with space_errors():
            await asyncio.to_thread(os.fsync, self._file.fileno())

    def take_back(self) -> None:
        """Have the file as it was."""
        self._buffer.clear()
        self._file.truncate(self._offset)
        self.size = self._offset

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _append(self, data: bytearray) -> None:
        for digest in self._digests:
            digest.update(data)  # here, in a thread, it keeps nobody waiting
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]
