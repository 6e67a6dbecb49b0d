"""Which job has done a piece of work: a small file for each key, with the id of the last one.

It is a hint, and the receipt is the truth: whoever finds a job here looks at what is left of it. So nothing
is synced, and what is lost, or is half a file after a power cut, is work that is done once more.
"""

from contextlib import suppress
from pathlib import Path

from pipeline.durable_files import temporary_for
from pipeline.errors import InvalidId
from pipeline.folders import names_in
from pipeline.ids import JobId, parse_job_id
from pipeline.messages import WorkKey
from pipeline.store_paths import StorePaths

PARTS_AT_ONCE = 16
"""Of the 256 folders of the index so many are looked through at a time."""


class WorkIndex:
    """The index of one store. Blocking."""

    def __init__(self, paths: StorePaths) -> None:
        self._paths = paths
        self._swept = 0

    def find(self, key: WorkKey) -> JobId | None:
        """The job that is said to have done this work."""
        return _read(self._paths.work_entry(key))

    def note(self, key: WorkKey, job_id: JobId) -> None:
        """Name the job that has done this work, in place of the one that was named before."""
        path = self._paths.work_entry(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_for(path)
        try:
            temporary.write_text(job_id)
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise

    def forget(self, key: WorkKey, job_id: JobId) -> None:
        """Name this job no more. Should another one be named at this very moment, its work is done again."""
        if self.find(key) == job_id:
            self._paths.work_entry(key).unlink(missing_ok=True)

    def sweep(self) -> int:
        """Take away entries whose jobs are gone, in the next few folders; how many it were."""
        begin, self._swept = self._swept, (self._swept + PARTS_AT_ONCE) % 256
        parts = [self._paths.work / f"{number:02x}" for number in range(begin, begin + PARTS_AT_ONCE)]
        return sum(self._sweep(part) for part in parts)

    def _sweep(self, part: Path) -> int:
        gone = [part / name for name in names_in(part) if "." not in name and self._is_gone(part / name)]
        for path in gone:
            path.unlink(missing_ok=True)
        return len(gone)

    def _is_gone(self, path: Path) -> bool:
        """Whether nothing is known of the job: what was asked stays for as long as the job does."""
        job_id = _read(path)
        return job_id is None or not self._paths.job(job_id).exists()


def _read(path: Path) -> JobId | None:
    with suppress(FileNotFoundError, InvalidId, UnicodeDecodeError):
        return parse_job_id(path.read_text())
    return None
