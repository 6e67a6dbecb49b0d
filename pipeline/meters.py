"""How much clients have used lately, counted together by all frontends that share a store.

Of each client a file has two moments: when it will have paid for its requests, and for its bytes, if it pays
for what it may use in a minute within a minute. That is the generic cell rate algorithm, a leaky bucket as a
meter (ITU-T I.371, annex A): nobody can use double at the turn of a minute, and what was used too much at
once is paid for before more can be used.
"""

import asyncio
import fcntl
import hashlib
import os
import struct
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline.store_paths import StorePaths

WINDOW_S = 60.0
KINDS = ("requests", "bytes")
_MOMENTS = struct.Struct("<dd")
_FORGOTTEN_AFTER_S = 600.0


@dataclass(frozen=True)
class Level:
    """What is left of one kind: `left` of `most`, and all of it again after `full_in_s` seconds.

    `wait_s` is how long nothing more can be used; 0.0 if something can.
    """

    kind: str
    most: int
    left: int
    full_in_s: float
    wait_s: float


class Meters:
    """The meters of a store on a disk. Nothing is synced: what a power cut takes away is a minute's count."""

    def __init__(self, root: Path) -> None:
        self._folder = StorePaths(root.resolve()).meters

    async def use(self, client: str, most: Sequence[int], amounts: Sequence[int]) -> list[Level]:
        """Use so many requests and so many bytes, of which there are `most` a minute; what is left then.

        If there is nothing left of something that is wanted, nothing is used, and its level tells how long
        to wait. As long as something is left more than that may be used. A `most` of 0 is no limit; what is
        less than 0 of an amount is given back.
        """
        return await asyncio.to_thread(self._use, client, most, amounts)

    async def sweep(self) -> None:
        """Forget the clients that have paid for everything."""
        await asyncio.to_thread(self._sweep)

    def _use(self, client: str, most: Sequence[int], amounts: Sequence[int]) -> list[Level]:
        self._folder.mkdir(exist_ok=True)
        path = self._folder / hashlib.sha256(client.encode()).hexdigest()
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            kept = os.pread(descriptor, _MOMENTS.size, 0)
            paid_at = _MOMENTS.unpack(kept) if len(kept) == _MOMENTS.size else (0.0, 0.0)
            paid_at, levels = _used(time.time(), paid_at, most, amounts)
            os.pwrite(descriptor, _MOMENTS.pack(*paid_at), 0)
        finally:
            os.close(descriptor)
        return levels

    def _sweep(self) -> None:
        oldest = time.time() - _FORGOTTEN_AFTER_S
        for path in self._folder.glob("*"):
            with suppress(FileNotFoundError):  # other frontends sweep too
                kept = path.read_bytes()
                if len(kept) != _MOMENTS.size or max(_MOMENTS.unpack(kept)) < oldest:
                    path.unlink()


def _used(
    now: float, paid_at: Sequence[float], most: Sequence[int], amounts: Sequence[int]
) -> tuple[tuple[float, ...], list[Level]]:
    """When everything will be paid for after this use, and the levels."""
    owed = [max(moment - now, 0.0) for moment in paid_at]
    waits = [
        _wait_s(owed_s, limit) if limit and amount > 0 else 0.0
        for owed_s, limit, amount in zip(owed, most, amounts, strict=True)
    ]
    if not any(waits):
        owed = [
            max(owed_s + (amount * WINDOW_S / limit if limit else 0.0), 0.0)
            for owed_s, limit, amount in zip(owed, most, amounts, strict=True)
        ]
    levels = [
        Level(kind, limit, max(int((WINDOW_S - owed_s) * limit / WINDOW_S + 1e-6), 0), owed_s, wait_s)
        for kind, limit, owed_s, wait_s in zip(KINDS, most, owed, waits, strict=True)
        if limit
    ]
    return tuple(now + owed_s for owed_s in owed), levels


def _wait_s(owed_s: float, most: int) -> float:
    """Until at least one is left."""
    return max(owed_s + WINDOW_S / most - WINDOW_S - 1e-6, 0.0)
