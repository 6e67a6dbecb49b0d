"""How jobs stand, so that a list need not read them all: an empty file for each, in a folder of its kind.

It is a hint, and the receipt is the truth: who reads the index looks each job up, and has entries mended that
lie. An entry is moved before the receipt is written or dropped, so that a program that dies in between leaves
an entry that lies, and hardly ever a job without one; IndexRepair finds those.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Literal, get_args

from pipeline.errors import InvalidId
from pipeline.ids import JobId, made_at, parse_job_id
from pipeline.messages import Owner
from pipeline.records import ReceiptStatus
from pipeline.store_paths import NOBODY, StorePaths

Filing = Literal["open"] | ReceiptStatus
"""How a job is filed: by the status of its receipt, or `open` while it has none."""

FILINGS: tuple[Filing, ...] = ("open", *get_args(ReceiptStatus))


class JobIndex:
    """The index of the jobs of one owner. Blocking; nothing is synced, for what is lost can be made again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def file(self, job_id: JobId, filing: Filing) -> None:
        """File the job so, and no longer as it was before. A rename, so that it is always in one place."""
        entries = self._entries(job_id)
        target = entries.pop(filing)
        while True:
            with suppress(FileNotFoundError):  # the folder was empty, and has been taken away in between
                _make_folder(target.parent)
                # All of them, for two may have filed it at once.
                moved = [self._move(entry, target) for entry in entries.values()]
                if not any(moved):
                    target.touch()
                return

    def remove(self, job_id: JobId) -> None:
        """Know nothing of the job any more."""
        for entry in self._entries(job_id).values():
            with suppress(FileNotFoundError):
                entry.unlink()
                self._remove_empty_above(entry)

    def changed_at(self, job_id: JobId) -> float:
        """When the job was filed as it is (POSIX seconds); 0 if it is not filed."""
        for entry in self._entries(job_id).values():
            with suppress(FileNotFoundError):
                return entry.stat().st_ctime
        return 0.0

    def holds(self, job_id: JobId, filing: Filing) -> bool:
        """Whether the job is filed so."""
        return self._entries(job_id)[filing].exists()

    def days(self) -> set[str]:
        """The days of which there are entries."""
        return {day for filing in FILINGS for day in _newest_first(self._folder / filing)}

    def newest(self, filing: Filing, before: JobId | None = None) -> Iterator[JobId]:
        """The jobs filed so that are older than `before`, newest first. Folders are read as needed."""
        part = self._folder / filing
        limit = self._entries(before)[filing] if before else None
        for day in _newest_first(part):
            if limit is not None and day > limit.parent.parent.name:
                continue
            yield from self._of_day(part / day, limit)

    def of_day(self, filing: Filing, day: str) -> Iterator[JobId]:
        """The jobs of a day that are filed so, newest first."""
        return self._of_day(self._folder / filing / day, None)

    def _of_day(self, folder: Path, limit: Path | None) -> Iterator[JobId]:
        for minute in _newest_first(folder):
            inside = folder / minute
            if limit is None or inside < limit.parent:
                yield from _ids(_newest_first(inside))
            elif inside == limit.parent:
                yield from _ids([name for name in _newest_first(inside) if name < limit.name])

    def _entries(self, job_id: JobId) -> dict[Filing, Path]:
        """For each way to file the job, the empty file that says so; a folder has those of a minute (UTC)."""
        moment = made_at(job_id)
        place = f"{moment.date().isoformat()}/{moment:%H%M}/{job_id}"
        return {filing: self._folder / filing / place for filing in FILINGS}

    def _move(self, entry: Path, target: Path) -> bool:
        try:
            entry.rename(target)
        except FileNotFoundError:
            return False
        self._remove_empty_above(entry)
        return True

    def _remove_empty_above(self, entry: Path) -> None:
        with suppress(OSError):  # others are in it, or it is gone
            for folder in (entry.parent, entry.parent.parent, entry.parent.parent.parent, self._folder):
                folder.rmdir()


class JobIndexes:
    """The indexes of one store, one for each owner, so that a list need not pass over what others have."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths

    def of(self, owner: Owner | None) -> JobIndex:
        """The index of this owner's jobs; None: of those that came without an API key."""
        return JobIndex(self._paths.index_of(owner))

    def of_all(self) -> list[JobIndex]:
        """The indexes of all owners that have jobs."""
        return [self.of(None if name == NOBODY else name) for name in _newest_first(self._paths.index)]

    def remove(self, job_id: JobId) -> None:
        """Know nothing of the job any more, whosever it was."""
        for index in self.of_all():
            index.remove(job_id)


def _make_folder(folder: Path) -> None:
    """Make the folder if it is not there. Raises FileNotFoundError if others take it away meanwhile."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:  # it was there, and was not when it was looked at
        if folder.is_file():
            raise
        raise FileNotFoundError from error


def _newest_first(folder: Path) -> list[str]:
    """The names in a folder in falling order; ids, days and minutes are as old as they are small."""
    try:
        return sorted(os.listdir(folder), reverse=True)  # noqa: PTH208 -- paths would take ten times as long
    except (FileNotFoundError, NotADirectoryError):
        return []


def _ids(names: list[str]) -> Iterator[JobId]:
    for name in names:
        with suppress(InvalidId):
            yield parse_job_id(name)
