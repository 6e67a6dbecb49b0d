"""All results of a batch as one ZIP file, which is made while it is being sent.

Nothing is compressed, since images are already. So its size is known before its first byte, and no more of it
is in memory than is being sent.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from zipstream import ZipStream

from frontend.job_state import JobState
from frontend.result_names import rendition_file_name
from frontend.unique_names import UniqueNames
from pipeline.errors import JobNotFound
from pipeline.image_formats import format_of_type
from pipeline.image_store import ImageStore

PART_BYTES = 1 << 18


class Member(NamedTuple):
    """A file of the store, and its name in the archive."""

    path: Path
    name: str


class BatchArchive:
    """An archive of these files, in their order. Making it looks at the disk; `parts` reads the files."""

    def __init__(self, members: Iterable[Member]) -> None:
        self._zip = ZipStream(sized=True)
        for path, name in members:
            with suppress(FileNotFoundError):  # it has just been removed
                self._zip.add_path(path, name, recurse=False)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it."""
        return not self._zip

    @property
    def size(self) -> int:
        """Its bytes, all together."""
        return len(self._zip)

    def parts(self) -> Iterator[bytes]:
        """Its bytes, once, in parts of some size since many of its files are small. Raises OSError."""
        part = bytearray()
        for piece in self._zip:
            part += piece
            if len(part) >= PART_BYTES:
                yield bytes(part)
                part.clear()
        yield bytes(part)


def members_of(jobs: Iterable[JobState], store: ImageStore) -> Iterator[Member]:
    """The results of the jobs that are done, in their order, no two under one name. It looks at the disk.

    What is being removed meanwhile is left out.
    """
    names = UniqueNames()
    for job in jobs:
        for result in job.renditions if job.status == "done" else ():
            try:
                path = store.rendition_file(job.id, result.file)
            except JobNotFound:
                continue
            name = rendition_file_name(job.name, result.name, format_of_type(result.media_type))
            yield Member(path, names.unique(name))
