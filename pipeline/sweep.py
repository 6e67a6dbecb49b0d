"""What is litter in a store, and when it may go. Pure: names and times in (POSIX seconds), choices out.

Whatever is younger than `before` may belong to somebody who is alive.
"""

from collections.abc import Mapping

from pipeline.durable_files import TEMPORARY_SUFFIX
from pipeline.store_paths import JOB_FILE, MARK_PREFIX, RECEIPT_FILE

Times = Mapping[str, float]
"""The files of a folder, each with the time at which it was last written."""


def is_abandoned(files: Times, folder_time: float, *, before: float, record: str = JOB_FILE) -> bool:
    """Whether an upload was never accepted, and nothing has come of it for so long that nobody is at it.

    It was accepted when there is a `record` of it. One that is under way is known by its newest file.
    """
    return record not in files and max(folder_time, *files.values(), 0.0) < before


def stale_temporaries(files: Times, *, before: float) -> list[str]:
    """The temporary files whose writers must be dead."""
    return [name for name, time in files.items() if name.endswith(TEMPORARY_SUFFIX) and time < before]


def stale_marks(files: Times, *, before: float) -> list[str]:
    """The marks in a folder of results that nobody asks for any more, since the job has ended.

    Those of a job that has not ended tell which workers have died at it.
    """
    if RECEIPT_FILE not in files:
        return []
    return [name for name, time in files.items() if name.startswith(MARK_PREFIX) and time < before]
