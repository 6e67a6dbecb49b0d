"""Colour spaces by their definitions, worked out here and not by a colour management system.

Colours go to CIE L*a*b* under D50, where a distance of about 2 (CIE 1976) is the least that people see.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

Triple = tuple[float, float, float]
Matrix = tuple[Triple, Triple, Triple]
XY = tuple[float, float]

D50: Triple = (0.9642, 1.0, 0.8249)
_D65_XY: XY = (0.3127, 0.3290)
_D50_XY: XY = (0.3457, 0.3585)
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))


@dataclass(frozen=True)
class ColourSpace:
    """A space of red, green and blue light: chromaticities, and how numbers from 0 to 1 become light."""

    name: str
    primaries: tuple[XY, XY, XY]
    white: XY
    to_light: Callable[[float], float]

    def matrix(self) -> Matrix:
        """From light of this space to XYZ under D50."""
        white = _xyz(self.white)
        columns = _transposed(tuple(_xyz(each) for each in self.primaries))  # type: ignore[arg-type]  # three
        strengths = _times(_inverse(columns), white)
        scaled: Matrix = tuple(tuple(a * s for a, s in zip(row, strengths, strict=True)) for row in columns)  # type: ignore[assignment]  # three of three
        return _product(_adapted(white), scaled)

    def lab(self, rgb: tuple[int, ...]) -> Triple:
        """The colour of a pixel of 8 bits a channel."""
        light = tuple(self.to_light(value / 255) for value in rgb[:3])
        return lab_of(_times(self.matrix(), light))  # type: ignore[arg-type]  # three

    def profile(self) -> bytes:
        """The space as an ICC profile of the simplest kind: three colorants and a curve (ICC.1:2001)."""
        curve = [round(65535 * self.to_light(step / 1023)) for step in range(1024)]
        curve_tag = struct.pack(">4s4xI1024H", b"curv", 1024, *curve)
        tags = {
            b"desc": _description(self.name),
            b"cprt": b"text\0\0\0\0none\0\0\0\0",
            b"wtpt": _xyz_tag(D50),
        }
        for name, column in zip(b"rgb", _transposed(self.matrix()), strict=True):
            tags[bytes((name,)) + b"XYZ"] = _xyz_tag(column)
            tags[bytes((name,)) + b"TRC"] = curve_tag
        return icc_profile(tags, space=b"RGB ", device=b"mntr", connection=b"XYZ ")


def _srgb_light(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)


SRGB = ColourSpace("sRGB by its formula", ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)), _D65_XY, _srgb_light)
DISPLAY_P3 = ColourSpace("Display P3", ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)), _D65_XY, _srgb_light)
ADOBE_RGB = ColourSpace(
    "Adobe RGB (1998)",
    ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
    _D65_XY,
    lambda value: value ** (563 / 256),
)
PROPHOTO = ColourSpace(
    "ProPhoto RGB",
    ((0.7347, 0.2653), (0.1596, 0.8404), (0.0366, 0.0001)),
    _D50_XY,
    lambda value: value / 16 if value < 16 * 0.001953 else value**1.8,
)


def lab_of(xyz: Triple) -> Triple:
    """L*, a* and b* of light."""
    x, y, z = (
        ratio ** (1 / 3) if ratio > 216 / 24389 else (24389 / 27 * ratio + 16) / 116
        for ratio in (value / white for value, white in zip(xyz, D50, strict=True))
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def delta_e(one: Triple, other: Triple) -> float:
    """How far two colours are apart (CIE 1976)."""
    return float(sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5)


def icc_profile(
    tags: dict[bytes, bytes], *, space: bytes, device: bytes, connection: bytes, version: int = 0x02400000
) -> bytes:
    """A profile of these tags."""
    place = 128 + 4 + 12 * len(tags)
    table, content = b"", b""
    for name, tag in tags.items():
        padded = tag + b"\0" * (-len(tag) % 4)
        table += struct.pack(">4sII", name, place + len(content), len(tag))
        content += padded
    what = struct.pack(
        ">I4xI4s4s4s12x4s28x", place + len(content), version, device, space, connection, b"acsp"
    )
    header = (what + struct.pack(">3i", *(round(value * 65536) for value in D50))).ljust(128, b"\0")
    return header + struct.pack(">I", len(tags)) + table + content


def _description(text: str) -> bytes:
    ascii_text = text.encode("ascii") + b"\0"
    return struct.pack(">4s4xI", b"desc", len(ascii_text)) + ascii_text + bytes(4 + 4 + 2 + 1 + 67)


def _xyz_tag(value: Triple) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(each * 65536) for each in value))


def _xyz(chromaticity: XY) -> Triple:
    x, y = chromaticity
    return x / y, 1.0, (1 - x - y) / y


def _adapted(white: Triple) -> Matrix:
    """From XYZ under this white to XYZ under D50, after Bradford."""
    ours, theirs = _times(_BRADFORD, white), _times(_BRADFORD, D50)
    gains = [b / a for a, b in zip(ours, theirs, strict=True)]
    diagonal: Matrix = ((gains[0], 0, 0), (0, gains[1], 0), (0, 0, gains[2]))
    return _product(_inverse(_BRADFORD), _product(diagonal, _BRADFORD))


def _times(matrix: Matrix, vector: Triple) -> Triple:
    x, y, z = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return x, y, z


def _transposed(matrix: Matrix) -> Matrix:
    a, b, c = zip(*matrix, strict=True)
    return a, b, c


def _product(one: Matrix, other: Matrix) -> Matrix:
    a, b, c = (_times(one, column) for column in _transposed(other))
    return _transposed((a, b, c))


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    size = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    return (
        ((e * i - f * h) / size, (c * h - b * i) / size, (b * f - c * e) / size),
        ((f * g - d * i) / size, (a * i - c * g) / size, (c * d - a * f) / size),
        ((d * h - e * g) / size, (b * g - a * h) / size, (a * e - b * d) / size),
    )
