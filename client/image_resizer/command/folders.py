"""Folders among the arguments: the images that are in them."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from image_resizer.errors import SourceUnreadable

SUFFIXES = frozenset(
    (".avif", ".bmp", ".gif", ".heic", ".heif", ".jpeg", ".jpg", ".jxl", ".png", ".tif", ".tiff", ".webp")
)


def images_at(path: str, *, without: Path) -> list[str]:
    """The path itself or, if it is a folder, the files in it and below that are called as images are.

    By name, those of a folder before those of the folders in it. What is hidden is passed over, and so are
    links to folders, and the folder `without`. Raises SourceUnreadable, also if there is none.
    """
    if not Path(path).is_dir():
        return [path]
    found = []
    for folder, below, names in os.walk(path, onerror=_unreadable):
        below[:] = sorted(name for name in _shown(below) if Path(folder, name).resolve() != without.resolve())
        found += [str(Path(folder, name)) for name in sorted(_shown(names)) if _is_image(name)]
    if not found:
        raise SourceUnreadable(f"{path} has no images: no file in it has one of the usual suffixes.")
    return found


def check_apart(paths: Sequence[str], out: Path) -> None:
    """Raise UsageError if results would come among the images of a folder, and be images next time."""
    for path in paths:
        if Path(path).is_dir() and Path(path).resolve() == out.resolve():
            raise click.UsageError(
                f"{path} is the folder for the results as well: give another one with --out."
            )


def _shown(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith(".")]


def _is_image(name: str) -> bool:
    return Path(name).suffix.lower() in SUFFIXES


def _unreadable(error: OSError) -> NoReturn:
    raise SourceUnreadable(f"{error.filename} cannot be read: {error.strerror}.") from error
