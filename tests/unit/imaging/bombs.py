"""Files of a few hundred bytes that promise enormous pictures."""

import struct

from PIL import Image

from tests.unit.imaging.animations import Cel, flat, gif
from tests.unit.imaging.png_files import GREY, TRUE_COLOUR, png_file
from tests.unit.imaging.samples import file_of
from tests.unit.imaging.tiff_files import RGB, tiff_file

SMALL = Image.new("RGB", (16, 16), "red")


def _bits(number: int, count: int) -> str:
    """The number as bits, lowest first."""
    return f"{number:0{count}b}"[::-1]


def png_bomb(edge: int, *, depth: int = 8, colour: int = TRUE_COLOUR) -> bytes:
    """A square PNG of one colour. What is left of its rows does not matter: nobody should want them."""
    channels = 3 if colour == TRUE_COLOUR else 1
    row = bytes((edge * channels * depth + 7) // 8)
    return png_file([row] * 20, width=edge, height=edge, depth=depth, colour=colour)


def jpeg_of_size(width: int, height: int, **options: object) -> bytes:
    """A JPEG whose frame header states this size (ITU-T T.81, B.2.2); its pixels are those of a small one."""
    data = file_of(SMALL, "JPEG", **options)
    start = data.index(b"\xff\xc2" if options.get("progressive") else b"\xff\xc0") + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def bmp_of_size(width: int, height: int) -> bytes:
    """A BMP whose header states this size; a negative height means that it begins above."""
    data = file_of(SMALL, "BMP")
    return data[:18] + struct.pack("<ii", width, height) + data[26:]


def tiff_of_size(width: int, height: int) -> bytes:
    """A TIFF in colour whose directory states this size."""
    return tiff_file(bytes(48), width=width, height=height, samples=3, bits=8, photometric=RGB)


def gif_of_size(width: int, height: int) -> bytes:
    """A GIF of two frames of a few pixels on a canvas of this size."""
    return gif((width, height), [Cel(flat((4, 4), "red")), Cel(flat((4, 4), "blue"), (8, 8))])


def long_gif(frames: int, edge: int) -> bytes:
    """A GIF of many frames of one pixel on a large canvas."""
    return gif((edge, edge), [Cel(flat((1, 1), "red"), (step % 16, 0)) for step in range(frames)])


def webp_of_size(width: int, height: int) -> bytes:
    """A valid WebP without loss, all red, of no more than 32 bytes (RFC 9649, 3): no pixel needs a bit."""
    bits = _bits(0x2F, 8) + _bits(width - 1, 14) + _bits(height - 1, 14) + _bits(0, 1) + _bits(0, 3)
    no_transform, no_cache, one_group = "0", "0", "0"
    one_symbol = _bits(1, 1) + _bits(0, 1)
    zero, most = one_symbol + "0" + "0", one_symbol + "1" + _bits(255, 8)
    green, red, blue, alpha, distance = zero, most, zero, most, zero
    bits += no_transform + no_cache + one_group + green + red + blue + alpha + distance
    bits += "0" * (-len(bits) % 8)
    pixels = bytes(int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8))
    pixels += b"\0" * (len(pixels) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(pixels)) + pixels
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def box_of_size(kind: str, width: int, height: int) -> bytes:
    """An AVIF or HEIF file whose image states this size (ISO/IEC 23008-12, 6.5.3)."""
    data = file_of(SMALL, kind)
    start = data.index(b"ispe") + 8
    return data[:start] + struct.pack(">II", width, height) + data[start + 8 :]


def jxl_of_size(width: int, height: int) -> bytes:
    """A bare JPEG XL codestream that states this size (ISO/IEC 18181-1, annex D) and ends in noughts."""
    longest = 3
    bits = (
        "0"
        + _bits(longest, 2)
        + _bits(height - 1, 30)
        + _bits(0, 3)
        + _bits(longest, 2)
        + _bits(width - 1, 30)
    )
    bits += "11" + "0" * 4
    bits += "0" * (-len(bits) % 8)
    head = bytes(int(bits[place : place + 8][::-1], 2) for place in range(0, len(bits), 8))
    return b"\xff\x0a" + head + bytes(100)


BOMBS = {
    "PNG in colour": png_bomb(50_000),
    "PNG of 16 bits": png_bomb(30_000, depth=16),
    "PNG of 1 bit": png_bomb(50_000, depth=1, colour=GREY),
    "PNG, as large as can be": png_file([b""], width=2**31 - 1, height=2**31 - 1),
    "GIF": gif_of_size(65_535, 65_535),
    "WebP": webp_of_size(16_383, 16_383),
    "TIFF": tiff_of_size(2**20, 2**20),
    "BMP": bmp_of_size(60_000, 60_000),
    "BMP from above": bmp_of_size(60_000, -60_000),
    "JPEG, progressive": jpeg_of_size(60_000, 60_000, progressive=True),
    "JPEG XL": jxl_of_size(100_000, 100_000),
}
