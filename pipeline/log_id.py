"""Names for the places of the event log."""

import re
import zlib
from typing import NamedTuple

_TEXT = re.compile(r"(-1|\d{1,18})(?:-([0-9a-f]{8}))?", re.ASCII)


class LogId(NamedTuple):
    """The place of a message in the event log, and a check of what it says.

    The offset alone would not do: a broker that has lost its data counts from 0 again, and what a client has
    been told up to some offset of the old log is not what the new one has there.
    """

    offset: int
    check: int | None

    def __str__(self) -> str:
        """As clients are told it: `79-1c291ca3`."""
        return f"{self.offset}" if self.check is None else f"{self.offset}-{self.check:08x}"


NOWHERE = LogId(-1, None)
"""Before the first message."""


def log_id_of(offset: int, body: bytes) -> LogId:
    """The id of a message with this body; the same at every frontend."""
    return LogId(offset, zlib.crc32(body))


def parse_log_id(text: str) -> LogId | None:
    """The id that a client says; None if it is none. An offset alone is one, though it cannot be checked."""
    match = _TEXT.fullmatch(text)
    if match is None:
        return None
    offset, check = match.groups()
    return LogId(int(offset), int(check, 16) if check else None)
