"""How many pages a TIFF has, by the chain of its directories (TIFF 6.0, section 2; BigTIFF).

Pillow counts them too, but reads every directory whole, and a file of a few megabytes may have 60,000.
"""

import struct
from typing import BinaryIO

MOST_PAGES = 1000
"""So far it is counted."""


def count_pages(file: BinaryIO) -> int:
    """The number of pages, at most MOST_PAGES. The file is left where it is."""
    before = file.tell()
    file.seek(0)
    head = file.read(16)
    order = "<" if head.startswith(b"II") else ">"
    is_big = head[2:4] in (b"+\0", b"\0+")
    count_format, entry_bytes, offset_format = ("Q", 20, "Q") if is_big else ("H", 12, "I")
    place = _number(head[8:16] if is_big else head[4:8], order + offset_format)
    pages = 0
    while place and pages < MOST_PAGES:
        pages += 1
        file.seek(place)
        entries = _number(file.read(struct.calcsize(count_format)), order + count_format)
        file.seek(place + struct.calcsize(count_format) + entries * entry_bytes)
        place = _number(file.read(struct.calcsize(offset_format)), order + offset_format)
    file.seek(before)
    return max(1, pages)


def _number(data: bytes, form: str) -> int:
    """The number; 0 where the file has ended."""
    if len(data) < struct.calcsize(form):
        return 0
    value: int = struct.unpack(form, data)[0]
    return value
