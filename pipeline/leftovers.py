"""Taking away what the dead have left on a disk: temporary files, marks, uploads that became no jobs.

Any number of frontends may do it at once: what another one has just removed is fine.
"""

import asyncio
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.ids import is_day, is_id
from pipeline.records import DamagedRecord, decode_receipt
from pipeline.store_paths import RECEIPT_FILE, StorePaths
from pipeline.sweep import is_abandoned, stale_marks, stale_temporaries
from pipeline.unfinished_uploads import ASKED_FILE

MOST_AT_ONCE = 2_000
"""So many removals, and the rest is for the next time."""
FOLDERS_AT_ONCE = 200
SLACK_S = 86_400.0
"""A file is written for less than a day after it was made."""

Clean = Callable[[Path, float], int]
"""Removes the litter in a folder that is older than a time, and tells how much it was."""


class Leftovers:
    """The litter of one store that is older than `after_s` seconds."""

    def __init__(self, root: Path, *, after_s: float) -> None:
        self._paths = StorePaths(root.resolve())
        self._after_s = after_s
        self._looked_through_at = 0.0

    async def sweep(self) -> int:
        """Remove the litter, some of it if there is very much; how many files and folders it was."""
        begin, removed = time.time(), 0
        for clean, folders in self._turns():
            looked_at = await asyncio.to_thread(self._changed, folders)
            for start in range(0, len(looked_at), FOLDERS_AT_ONCE):
                chunk = looked_at[start : start + FOLDERS_AT_ONCE]
                removed += await asyncio.to_thread(self._clean, clean, chunk, begin - self._after_s)
                if removed >= MOST_AT_ONCE:
                    return removed
        self._looked_through_at = begin
        return removed

    def _turns(self) -> Iterator[tuple[Clean, Callable[[], list[Path]]]]:
        """What is done with which folders, those that are emptied before those that hold them."""
        paths = self._paths
        yield self._clean_upload, lambda: _of_ids(paths.uploads)
        yield _clean_results, lambda: _of_ids(paths.processed)
        yield _clean_unfinished, lambda: [one for one in _folders_in(paths.unfinished) if is_id(one.name)]
        yield (
            _clean_files,
            lambda: [
                paths.outbox,
                paths.webhooks,
                *_folders_in(paths.claims),
                *_folders_in(paths.work),
            ],
        )
        yield _remove_empty, lambda: _of_ids(paths.batches)
        yield _remove_empty, lambda: _days(paths.uploads) + _days(paths.processed) + _days(paths.batches)

    def _changed(self, folders: Callable[[], list[Path]]) -> list[Path]:
        """Those in which there may be litter that the last look has not seen."""
        oldest = self._looked_through_at - self._after_s - SLACK_S
        return [folder for folder in folders() if _time_of(folder) > oldest]

    @staticmethod
    def _clean(clean: Clean, folders: Sequence[Path], before: float) -> int:
        return sum(clean(folder, before) for folder in folders)

    def _clean_upload(self, folder: Path, before: float) -> int:
        files = _times_in(folder)
        if is_abandoned(files, _time_of(folder), before=before) and not self._is_of_job(folder):
            shutil.rmtree(folder, ignore_errors=True)
            return 1
        return _remove(folder, stale_temporaries(files, before=before))

    def _is_of_job(self, folder: Path) -> bool:
        """Whether somebody has put the image there by hand and typed its command in: a worker knows it."""
        results = self._paths.processed / folder.parent.name / folder.name
        try:
            return decode_receipt((results / RECEIPT_FILE).read_bytes()).status != "removed"
        except FileNotFoundError:
            return results.is_dir()
        except DamagedRecord:
            return True


def _clean_results(folder: Path, before: float) -> int:
    files = _times_in(folder)
    return _remove(folder, [*stale_temporaries(files, before=before), *stale_marks(files, before=before)])


def _clean_unfinished(folder: Path, before: float) -> int:
    """A resumable upload that was not begun in whole; what is left of others goes when they expire."""
    files = _times_in(folder)
    if is_abandoned(files, _time_of(folder), before=before, record=ASKED_FILE):
        shutil.rmtree(folder, ignore_errors=True)
        return 1
    return _remove(folder, stale_temporaries(files, before=before))


def _clean_files(folder: Path, before: float) -> int:
    return _remove(folder, stale_temporaries(_times_in(folder), before=before))


def _remove_empty(folder: Path, before: float) -> int:
    try:
        if _time_of(folder) < before:
            folder.rmdir()
            return 1
    except OSError:
        return 0  # something is in it, or it is gone
    return 0


def _remove(folder: Path, names: Sequence[str]) -> int:
    for name in names:
        (folder / name).unlink(missing_ok=True)
    return len(names)


def _of_ids(part: Path) -> list[Path]:
    """The folders of jobs, or of batches, of all days. Others are somebody's own."""
    return [folder for day in _days(part) for folder in _folders_in(day) if is_id(folder.name)]


def _days(part: Path) -> list[Path]:
    return [folder for folder in _folders_in(part) if is_day(folder.name)]


def _folders_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except FileNotFoundError:
        return []


def _times_in(folder: Path) -> dict[str, float]:
    """The files of a folder; what goes while it is looked at is not among them."""
    times = {}
    with suppress(FileNotFoundError):
        for path in folder.iterdir():
            with suppress(FileNotFoundError):
                times[path.name] = path.stat().st_mtime
    return times


def _time_of(folder: Path) -> float:
    """When something has last come into the folder, or gone; now, if the folder itself has."""
    try:
        return folder.stat().st_mtime
    except FileNotFoundError:
        return time.time()
