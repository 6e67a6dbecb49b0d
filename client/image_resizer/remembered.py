"""The uploads that this machine has begun and not seen through, so that the next run goes on with them.

A small JSON file for each, in a folder of the user's state. Losing one costs an upload, nothing more: so what
is wrong with the disk here is never an error of the upload.
"""

import hashlib
import logging
import re
import secrets
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import msgspec
import platformdirs
from msgspec import Struct

from image_resizer.local_image import LocalImage

log = logging.getLogger(__name__)

KEPT_FOR = timedelta(days=7)
_OWN_NAME = re.compile(r"[0-9a-f]{64}(\.json|\.[0-9a-f]{8}\.part)")


class RememberedUpload(Struct, frozen=True, kw_only=True):
    """Where the upload of a file is at the server, and the job that it has become, once it has.

    `source` is for people who look into the folder.
    """

    v: Literal[1] = 1
    source: str
    url: str
    batch_id: str
    job_id: str | None = None
    began_at: datetime


def state_folder() -> Path:
    """Where it is by default: `$XDG_STATE_HOME/image-resizer`, or what the system has instead."""
    return Path(platformdirs.user_state_path("image-resizer"))


def digest_of(server: str, key: str | None, image: LocalImage, fields: Mapping[str, str]) -> str:
    """What an upload is remembered by: who sends what, in which state, where, and asks what of it."""
    said = [server, key, image.place, image.size, image.mtime_ns, sorted(fields.items())]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


class RememberedUploads:
    """Those in a folder, by their digests. Several programs may use it at the same time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "uploads"

    def find(self, digest: str) -> RememberedUpload | None:
        """What is remembered, if anything that can be read is."""
        with suppress(OSError, msgspec.DecodeError):
            return msgspec.json.decode(self._path(digest).read_bytes(), type=RememberedUpload)
        return None

    def keep(self, digest: str, upload: RememberedUpload) -> None:
        """Remember it from now on."""
        path = self._path(digest)
        temporary = path.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            temporary.write_bytes(msgspec.json.encode(upload))
            temporary.replace(path)
        except OSError as error:
            log.warning("the upload cannot be gone on with later: %s", error)
            with suppress(OSError):
                temporary.unlink()

    def forget(self, digest: str) -> None:
        """It has been seen through, or is no more."""
        with suppress(OSError):
            self._path(digest).unlink()

    def forget_old(self) -> None:
        """Forget what nobody has gone on with for a week, and what programs that died have left."""
        oldest = (datetime.now(UTC) - KEPT_FOR).timestamp()
        with suppress(OSError):
            for path in list(self._folder.iterdir()):
                # The folder may have been there before, with files of others.
                if _OWN_NAME.fullmatch(path.name) and path.lstat().st_mtime < oldest:
                    path.unlink()

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.json"
