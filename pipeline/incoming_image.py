"""An image that is being written to the disk."""

import asyncio
import hashlib
import os
from pathlib import Path
from typing import BinaryIO

from pipeline.durable_files import space_errors, sync_folder, temporary_for

BUFFER_BYTES = 1024 * 1024


class LocalIncomingImage:
    """An image that is being written, under a temporary name, into the folder of its job."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.size = 0
        self._root = root
        self._folder = folder
        self._temporary = temporary_for(folder / "image")
        self._file: BinaryIO | None = None
        self._buffer = bytearray()
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """In hexadecimal, of the bytes that have reached the file: of all of them once they are kept."""
        return self._digest.hexdigest()

    async def write(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._buffer += chunk
        if len(self._buffer) >= BUFFER_BYTES:
            await self._flush()

    async def keep(self, name: str) -> str:
        await self._flush()
        path = self._folder / name
        async with space_errors():
            await asyncio.to_thread(self._finish, path)
        return path.relative_to(self._root).as_posix()

    def close(self) -> None:
        """Let go of the file; what is not kept by now is for `discard` to remove."""
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _flush(self) -> None:
        data, self._buffer = self._buffer, bytearray()
        async with space_errors():
            await asyncio.to_thread(self._append, data)

    def _append(self, data: bytearray) -> None:
        if self._file is None:
            self._file = self._temporary.open("xb", buffering=0)
        self._digest.update(data)  # here, in a thread, it keeps nobody waiting
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def _finish(self, path: Path) -> None:
        assert self._file is not None, "keep() flushes first, which opens the file"
        os.fsync(self._file.fileno())
        self.close()
        self._temporary.rename(path)
        sync_folder(path.parent)
