"""An untrusted file to read from."""

import io
from pathlib import Path

_HARMLESS_BYTES = 1024 * 1024


class SourceFile(io.BufferedReader):
    """The file at a path, opened to be read; raises OSError.

    Room is never made for more than there is: a damaged length makes decoders ask for gigabytes of a small
    file, for which Python would look for memory first.
    """

    def __init__(self, path: Path) -> None:
        raw = io.FileIO(path)
        super().__init__(raw)
        self._length = path.stat().st_size

    def read(self, size: int | None = -1) -> bytes:
        """Up to so many bytes, or all that are left."""
        if size is not None and size > _HARMLESS_BYTES:
            size = min(size, max(0, self._length - self.tell()))
        return super().read(size)
