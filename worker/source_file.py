"""What is known of an image without decoding it: how long its file is, and its digest."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """Length in bytes, SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


@asynccontextmanager
async def reading(path: Path) -> AsyncIterator[asyncio.Task[SourceFile]]:
    """A task that reads the file while something else goes on; it is not waited for when that fails."""
    task = asyncio.create_task(asyncio.to_thread(_read, path), name=f"digest of {path.name}")
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _read(path: Path) -> SourceFile:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return SourceFile(bytes=file.tell(), sha256=digest)
