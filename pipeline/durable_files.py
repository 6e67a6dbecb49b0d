"""Files that are either there in whole and for good, or not there: temporary name, sync, rename, sync.

A rename is atomic, and lasts through a power cut once the folder is synced (POSIX rename, fsync).
"""

import os
import secrets
from pathlib import Path

TEMPORARY_SUFFIX = ".part"


def temporary_for(path: Path) -> Path:
    """A name in the same folder that no reader looks at and no other writer uses."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")


def write_file(path: Path, data: bytes) -> None:
    """Make `path` hold `data`, replacing what was there. Raises OSError and then leaves nothing behind."""
    temporary = temporary_for(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, each one synced into its parent. It may be there already."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Return when the entries of the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
