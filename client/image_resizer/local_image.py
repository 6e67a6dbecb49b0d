"""An image on this machine that is to be sent."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from image_resizer.errors import SourceChanged, SourceUnreadable

CHUNK_BYTES = 256 * 1024


@dataclass(frozen=True)
class LocalImage:
    """A file as it was when it was looked at: its absolute path, bytes, and time of change in nanoseconds."""

    path: Path
    size: int
    mtime_ns: int

    @classmethod
    def at(cls, path: str | os.PathLike[str]) -> Self:
        """The image at this path. Raises SourceUnreadable."""
        absolute = Path(path).absolute()
        try:
            # A pipe has no size, cannot be gone on with, and opening it may take for ever.
            if not stat.S_ISREG(mode := absolute.stat().st_mode) and not stat.S_ISDIR(mode):
                raise SourceUnreadable(
                    f"{path} cannot be read: it is no file on a disk, but a pipe or a device."
                )
            with absolute.open("rb") as file:
                found = os.fstat(file.fileno())
        except OSError as error:
            raise SourceUnreadable(f"{path} cannot be read: {error.strerror}.") from error
        return cls(absolute, found.st_size, found.st_mtime_ns)

    @property
    def name(self) -> str:
        """What the server is told that it is called."""
        return os.fsencode(self.path.name).decode("utf-8", "replace")

    @property
    def place(self) -> str:
        """Its path as text, also where it is none in UTF-8."""
        return os.fsencode(self.path).decode("utf-8", "backslashreplace")

    async def content(self, offset: int, on_sent: Callable[[int], None]) -> AsyncIterator[bytes]:
        """Its bytes from `offset` on. `on_sent` gets how many bytes have been handed over, each time.

        Raises SourceChanged before the last of them, and SourceUnreadable.
        """
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                while offset < self.size:
                    data = await asyncio.to_thread(file.read, min(CHUNK_BYTES, self.size - offset))
                    offset += len(data)
                    if not data or offset == self.size:
                        self._check_unchanged(os.fstat(file.fileno()))
                    if not data:
                        raise SourceUnreadable(f"{self.path} has less than its {self.size:,} bytes.")
                    yield data
                    on_sent(offset)
        except OSError as error:
            raise SourceUnreadable(f"{self.path} cannot be read: {error.strerror}.") from error

    def _check_unchanged(self, found: os.stat_result) -> None:
        if (found.st_size, found.st_mtime_ns) != (self.size, self.mtime_ns):
            raise SourceChanged(f"{self.path} was changed while it was sent.")
