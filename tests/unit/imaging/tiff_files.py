"""TIFF files put together by hand, for what Pillow does not write (TIFF 6.0)."""

import struct

SHORT, LONG = 3, 4
MIN_IS_BLACK, RGB = 1, 2
WHOLE, FRACTION = 1, 3
"""Sample formats."""


def tiff_file(
    pixels: bytes,
    *,
    width: int,
    height: int,
    samples: int = 1,
    bits: int = 16,
    photometric: int = MIN_IS_BLACK,
    sample_format: int = WHOLE,
    is_premultiplied: bool = False,
    is_big_endian: bool = False,
) -> bytes:
    """A TIFF of one strip; a second or fourth sample is alpha."""
    order = ">" if is_big_endian else "<"
    start = 8
    bits_place = start + len(pixels)
    directory = bits_place + 2 * samples
    entries = [
        (256, LONG, 1, width),
        (257, LONG, 1, height),
        (258, SHORT, samples, {1: bits, 2: bits * 0x10001}.get(samples, bits_place)),
        (259, SHORT, 1, 1),
        (262, SHORT, 1, photometric),
        (273, LONG, 1, start),
        (277, SHORT, 1, samples),
        (278, LONG, 1, height),
        (279, LONG, 1, len(pixels)),
        *([(338, SHORT, 1, 1 if is_premultiplied else 2)] if samples in (2, 4) else []),
        (339, SHORT, 1, sample_format),
    ]
    head = struct.pack(order + "2sHI", b"MM" if is_big_endian else b"II", 42, directory)
    every_depth = struct.pack(f"{order}{samples}H", *[bits] * samples)
    table = struct.pack(order + "H", len(entries)) + b"".join(_entry(order, *entry) for entry in entries)
    return head + pixels + every_depth + table + bytes(4)


def _entry(order: str, tag: int, kind: int, count: int, value: int) -> bytes:
    is_short = kind == SHORT and count == 1
    return struct.pack(order + ("HHIHxx" if is_short else "HHII"), tag, kind, count, value)
