"""How much each client has begun to upload and not ended."""

from contextlib import suppress
from typing import NamedTuple

from pipeline.errors import UploadNotFound
from pipeline.ids import JobId, is_id
from pipeline.records import DamagedRecord
from pipeline.unfinished_uploads import UnfinishedUpload, UnfinishedUploads


class Begun(NamedTuple):
    """Uploads that are not whole or no jobs yet, and the bytes that they have or will have."""

    uploads: int
    bytes: int


class UnfinishedCounts:
    """Counts the uploads of a store. What is asked of one never changes, so each is read once."""

    def __init__(self, unfinished: UnfinishedUploads) -> None:
        self._unfinished = unfinished
        self._known: dict[str, UnfinishedUpload | None] = {}
        """None: it is a job, or cannot be read, and so does not count any more."""

    def of(self, client: str) -> Begun:
        """What this client has begun. For threads."""
        known, found = self._known, {}
        for name in self._unfinished.names():
            with suppress(UploadNotFound):  # it is just being made, or removed
                found[name] = self._still(known[name] if name in known else self._read(name))
        self._known = found
        lengths = [one.length for one in found.values() if one and one.client == client]
        return Begun(len(lengths), sum(lengths))

    def _still(self, upload: UnfinishedUpload | None) -> UnfinishedUpload | None:
        return upload if upload and self._unfinished.image(upload.id).exists() else None

    def _read(self, name: str) -> UnfinishedUpload | None:
        try:
            return self._unfinished.read(JobId(name)) if is_id(name) else None
        except DamagedRecord:
            return None
