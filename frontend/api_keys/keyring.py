"""The API keys that are in force: those of a file, which may change while the frontend runs."""

import logging
import time
from pathlib import Path
from typing import NamedTuple

from frontend.api_keys.key_file import ApiKey, ApiKeys, digest_of, read_keys
from pipeline.errors import InvalidSetting
from pipeline.messages import Owner

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0

Stamp = tuple[int, int, int]


class Holder(NamedTuple):
    """Whose a key is, and what its holder may."""

    name: Owner
    key: ApiKey


class Keyring:
    """The holders of keys. A key that is taken out of the file is not taken any more a second later."""

    def __init__(self, path: Path) -> None:
        """Reads the file. Raises InvalidSetting, also for one without a key: nobody could come in."""
        self._path = path
        self._stamp = _stamp(path)
        self._looked_at = time.monotonic()
        keys = read_keys(path)
        if not keys:
            raise InvalidSetting(f"API_KEYS has value {str(path)!r}: there is no key in it")
        self._holders = _by_digest(keys)

    def holder(self, secret: str) -> Holder | None:
        """Whose key this is; None for one that is none."""
        self._look_again()
        return self._holders.get(digest_of(secret))

    def _look_again(self) -> None:
        if time.monotonic() - self._looked_at < LOOK_EVERY_S:
            return
        self._looked_at = time.monotonic()
        stamp = _stamp(self._path)
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._holders = _by_digest(read_keys(self._path))
            log.info("API keys: those of %s are in force", self._path)
        except InvalidSetting as error:
            log.error("the API keys stay as they were: %s", error)


def _stamp(path: Path) -> Stamp | None:
    """Another one for another file; None while there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _by_digest(keys: ApiKeys) -> dict[str, Holder]:
    return {digest: Holder(name, key) for name, key in keys.items() for digest in key.sha256}
