"""PNG files put together by hand, for what Pillow does not write (PNG, third edition)."""

import struct
import zlib
from collections.abc import Sequence

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, TRUE_COLOUR, PALETTE, GREY_ALPHA, TRUE_COLOUR_ALPHA = 0, 2, 3, 4, 6


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png_file(
    rows: Sequence[bytes],
    *,
    width: int,
    height: int | None = None,
    depth: int = 8,
    colour: int = TRUE_COLOUR,
    first: bytes = b"",
    last: bytes = b"",
    is_interlaced: bool = False,
) -> bytes:
    """A PNG of rows as they are stored; `first` are chunks before the pixels and `last` those behind.

    A `height` other than the number of rows is for files that lie, and for rows that are `interlaced`.
    """
    header = struct.pack(">IIBBBBB", width, height or len(rows), depth, colour, 0, 0, int(is_interlaced))
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"".join(
        (
            PNG_SIGNATURE,
            png_chunk(b"IHDR", header),
            first,
            png_chunk(b"IDAT", pixels),
            last,
            png_chunk(b"IEND", b""),
        )
    )


_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""For each pass of Adam7: the first column and row, and from each to the next."""


def interlaced(rows: Sequence[Sequence[bytes]]) -> list[bytes]:
    """Rows of pixels of whole bytes in the order of an interlaced PNG."""
    return [
        b"".join(row[left::across])
        for left, top, across, down in _PASSES
        for row in rows[top::down]
        if row[left::across]
    ]


def png_row(
    row: bytes, *, width: int, depth: int, colour: int, transparent: bytes = b"", last: bytes = b""
) -> bytes:
    """A PNG of one row, given as it is stored; `last` are chunks that follow the pixels."""
    first = png_chunk(b"tRNS", transparent) if transparent else b""
    return png_file([row], width=width, depth=depth, colour=colour, first=first, last=last)
