"""A disk that is full. A file system says so at the latest when it is told to sync, and here it does then."""

import errno
import os
import stat
from pathlib import Path

import pytest


class FillDisk:
    """Call it to have no file (or no folder) synced any more, for want of space or for another `reason`.

    With `inside` it holds for what is below a folder of that name alone.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, *, for_folders: bool = False, reason: int = errno.ENOSPC, inside: str = "/") -> None:
        fsync = os.fsync

        def failing(descriptor: int) -> None:
            is_inside = inside in Path(f"/proc/self/fd/{descriptor}").readlink().parts
            if is_inside and stat.S_ISDIR(os.fstat(descriptor).st_mode) == for_folders:
                raise OSError(reason, os.strerror(reason))
            fsync(descriptor)

        self._monkeypatch.setattr(os, "fsync", failing)
