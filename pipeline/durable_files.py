"""Files that are either there in whole and for good, or not there: temporary name, sync, rename, sync.

A rename is atomic, and lasts through a power cut once the folder is synced (POSIX rename, fsync).
"""

import errno
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from pipeline.errors import StorageFull

TEMPORARY_SUFFIX = ".part"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)


def temporary_for(path: Path) -> Path:
    """A name in the same folder that no reader looks at and no other writer uses."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY_SUFFIX}")


def write_file(path: Path, data: bytes) -> None:
    """Make `path` hold `data`, replacing what was there. Raises OSError and then leaves nothing behind."""
    temporary = _write_temporary(path, data)
    try:
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_new_file(path: Path, data: bytes) -> bool:
    """Make `path` hold `data` unless it is there already; whether it has been made now. Raises as above."""
    temporary = _write_temporary(path, data)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)
    return True


def _write_temporary(path: Path, data: bytes) -> Path:
    temporary = temporary_for(path)
    try:
        with temporary.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def make_folder(folder: Path) -> None:
    """Make the folder and those above it, each one synced into its parent. It may be there already."""
    while not folder.is_dir():
        make_folder(folder.parent)
        try:
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)
        except FileNotFoundError:
            continue  # the parent was empty until now, and has been swept away in between
        except FileExistsError:
            if os.path.lexists(folder) and not folder.is_dir():
                raise
            continue  # somebody else had made it, and it has been swept away in between


def sync_folder(folder: Path) -> None:
    """Return when the entries of the folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@asynccontextmanager
async def space_errors() -> AsyncIterator[None]:
    """Tell an OSError that says that the disk is full as StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StorageFull from error
        raise
