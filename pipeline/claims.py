"""What uploads with an idempotency key have come to: one file each, named by the digest of the key."""

import asyncio
import hashlib
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from pipeline.durable_files import make_folder, space_errors, write_new_file
from pipeline.file_lock import file_lock, remove_if_free
from pipeline.records import Claim, decode_claim, encode_record
from pipeline.store_paths import StorePaths

VALID_FOR = timedelta(days=1)


class Claims:
    """The claims of a store on a disk; all frontends share them."""

    def __init__(self, root: Path) -> None:
        paths = StorePaths(root.resolve())
        self._folder, self._locks = paths.claims, paths.locks

    @asynccontextmanager
    async def held(self, key: str) -> AsyncIterator[None]:
        """Keep every other frontend, and every other request, from acting on this key. Raises StorageFull."""
        async with space_errors():
            await asyncio.to_thread(make_folder, self._locks)
            async with file_lock(self._locks / _digest(key)):
                yield

    async def find(self, key: str) -> Claim | None:
        """The claim that was made with this key within a day, if there is one. Raises DamagedRecord."""
        return await asyncio.to_thread(self._find, key)

    async def make(self, key: str, claim: Claim) -> Claim:
        """The claim that stands: this one, or one that somebody was faster with. Raises StorageFull."""
        async with space_errors():
            return await asyncio.to_thread(self._make, key, claim)

    async def drop(self, key: str) -> None:
        """Forget the claim: nothing has come of it."""
        for day in _days():
            await asyncio.to_thread(self._path(day, key).unlink, missing_ok=True)

    async def sweep(self) -> None:
        """Remove the claims that are no longer valid."""
        await asyncio.to_thread(self._sweep)

    def _make(self, key: str, claim: Claim) -> Claim:
        while True:
            standing = self._find(key)
            if standing is not None:
                return standing
            path = self._path(claim.created_at.date(), key)
            make_folder(path.parent)
            if write_new_file(path, encode_record(claim)):
                return claim
            if self._find(key) is None:
                path.unlink(missing_ok=True)  # a day old to the second: it gives way

    def _find(self, key: str) -> Claim | None:
        for day in _days():
            try:
                claim = decode_claim(self._path(day, key).read_bytes())
            except FileNotFoundError:
                continue
            if datetime.now(UTC) - claim.created_at < VALID_FOR:
                return claim
        return None

    def _path(self, day: date, key: str) -> Path:
        return self._folder / day.isoformat() / f"{_digest(key)}.json"

    def _sweep(self) -> None:
        _, yesterday = _days()
        for folder in self._folder.iterdir():
            # Another frontend's clock may be a little ahead, in tomorrow.
            if folder != self._locks and folder.name < yesterday.isoformat():
                shutil.rmtree(folder, ignore_errors=True)
        oldest = (datetime.now(UTC) - 2 * VALID_FOR).timestamp()
        for lock in self._locks.glob("*"):
            with suppress(FileNotFoundError):
                if lock.stat().st_mtime < oldest:  # its holder was killed
                    remove_if_free(lock)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()


def _days() -> tuple[date, date]:
    """Today and yesterday: no claim that is valid is older."""
    today = datetime.now(UTC).date()
    return today, today - timedelta(days=1)
