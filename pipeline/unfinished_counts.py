"""How much each client has begun to upload and not ended."""

from typing import NamedTuple

from pipeline.errors import UploadNotFound
from pipeline.ids import JobId
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
        self._known: dict[JobId, UnfinishedUpload] = {}

    def of(self, client: str) -> Begun:
        """What this client has begun. For threads."""
        self._look()
        lengths = [
            upload.length
            for upload in list(self._known.values())
            if upload.client == client and self._unfinished.image(upload.id).exists()
        ]
        return Begun(len(lengths), sum(lengths))

    def _look(self) -> None:
        known, found = self._known, {}
        for upload_id in self._unfinished.ids():
            try:
                found[upload_id] = known.get(upload_id) or self._unfinished.read(upload_id)
            except (UploadNotFound, DamagedRecord):
                continue
        self._known = found
