"""Uploads that are made of other uploads, their parts: which one is made of them, and their bytes in one."""

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from pipeline.durable_files import TEMPORARY_SUFFIX, temporary_for, write_new_file
from pipeline.errors import UploadNotFound
from pipeline.ids import JobId
from pipeline.messages import BAD_BYTES
from pipeline.records import DamagedRecord
from pipeline.store_paths import StorePaths
from pipeline.unfinished_uploads import IMAGE_FILE

COPY_BYTES = 1024 * 1024


class FinalClaim(Struct, frozen=True, kw_only=True):
    """The upload that is made of these parts."""

    v: Literal[1] = 1
    id: JobId


_decoder = msgspec.json.Decoder(FinalClaim)


class JoinedParts:
    """Those of a store on a disk. All of it blocks, and is for threads."""

    def __init__(self, root: Path) -> None:
        self._paths = StorePaths(root.resolve())

    def claim(self, upload_id: JobId, parts: Sequence[JobId], asked: str) -> JobId:
        """The one upload that is made of these parts, if this is asked of it: the first that was claimed.

        Raises UploadNotFound if the first part has gone, and DamagedRecord.
        """
        digest = hashlib.sha256("\n".join([*parts, asked]).encode("utf-8", "surrogateescape"))
        path = self._folder(parts[0]) / f"final-{digest.hexdigest()[:32]}.json"
        try:
            write_new_file(path, msgspec.json.encode(FinalClaim(id=upload_id)))
            return _decoder.decode(path.read_bytes()).id
        except FileNotFoundError as error:
            raise UploadNotFound from error
        except BAD_BYTES as error:
            raise DamagedRecord(f"{path.name}: {error}") from error

    def join(self, upload_id: JobId, parts: Sequence[JobId]) -> None:
        """Make the image of the upload of all bytes of the parts; whoever does holds it.

        Raises UploadNotFound if one has gone.
        """
        image = self._folder(upload_id) / IMAGE_FILE
        for left in image.parent.glob(f".{IMAGE_FILE}.*{TEMPORARY_SUFFIX}"):
            left.unlink()  # whoever was at it has been killed
        temporary = temporary_for(image)
        try:
            with temporary.open("xb") as target:
                for part in parts:
                    with (self._folder(part) / IMAGE_FILE).open("rb") as source:
                        shutil.copyfileobj(source, target, COPY_BYTES)
                target.flush()
                os.fsync(target.fileno())
            temporary.rename(image)
        except FileNotFoundError as error:
            raise UploadNotFound from error
        finally:
            temporary.unlink(missing_ok=True)

    def _folder(self, upload_id: JobId) -> Path:
        return self._paths.unfinished_folder(upload_id)
