"""What an ICC profile says of itself (ICC.1:2022), read and written without a colour management system."""

import struct
from collections.abc import Sequence

Triple = tuple[float, float, float]

D50: Triple = (0.9642, 1.0, 0.8249)
"""The white of the space that profiles connect through."""

SRGB_COLORANTS: tuple[Triple, Triple, Triple] = (
    (0.43607, 0.22249, 0.01392),
    (0.38515, 0.71687, 0.09708),
    (0.14307, 0.06061, 0.71410),
)
"""Red, green and blue as XYZ under D50 (IEC 61966-2-1, annex F)."""

SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
"""The parameters of the curve from numbers to light: a parametricCurveType of kind 3."""

_HEADER_BYTES = 128
_MOST_TAGS = 256
_DIRECT_CLASSES = (b"scnr", b"mntr", b"prtr", b"spac")
_CONNECTION_SPACES = (b"XYZ ", b"Lab ")
_LOOKUP_TABLES = (b"A2B0", b"A2B1", b"D2B0", b"D2B1")
_LONGEST_NAME = 120
# Parameters of a curve are numbers of 32 bits, 16 of them behind the point.
_ONE = 65536
_COLORANT_TOLERANCE = 0.003
_CURVE_TOLERANCE = 1 / 255
_SAMPLES = 16


def colour_space(profile: bytes) -> str | None:
    """The kind of pixel that the profile is for, `RGB`, `CMYK`, `GRAY` …; None if it is for no pixels."""
    is_usable = (
        profile[36:40] == b"acsp"
        and profile[12:16] in _DIRECT_CLASSES
        and profile[20:24] in _CONNECTION_SPACES
    )
    return profile[16:20].decode("latin-1").strip() if is_usable else None


def description(profile: bytes) -> str | None:
    """The name that the profile gives itself, on one line; None if there is none that can be read."""
    tag = _tags(profile).get(b"desc", b"")
    if tag[:4] == b"mluc" and len(tag) >= 28:
        length, place = struct.unpack(">II", tag[20:28])
        text = tag[place : place + length].decode("utf-16-be", "replace")
    elif tag[:4] == b"desc" and len(tag) >= 12:
        text = tag[12 : 12 + int.from_bytes(tag[8:12], "big")].decode("latin-1")
    else:
        return None
    shown = "".join(character for character in text.partition("\0")[0] if character.isprintable())
    return " ".join(shown.split())[:_LONGEST_NAME] or None


def is_srgb(profile: bytes) -> bool:
    """Whether the profile is sRGB by its numbers, whatever it calls itself: no difference would be seen.

    A grey profile is if it has the curve of sRGB.
    """
    tags, space = _tags(profile), colour_space(profile)
    if any(name in tags for name in _LOOKUP_TABLES):
        return False
    if space == "GRAY":
        return _is_srgb_curve(tags.get(b"kTRC", b""))
    if space != "RGB":
        return False
    colorants = [_xyz(tags.get(name, b"")) for name in (b"rXYZ", b"gXYZ", b"bXYZ")]
    curves = {tags.get(name, b"") for name in (b"rTRC", b"gTRC", b"bTRC")}
    return all(
        colorant is not None
        and all(abs(a - b) < _COLORANT_TOLERANCE for a, b in zip(colorant, ours, strict=True))
        for colorant, ours in zip(colorants, SRGB_COLORANTS, strict=True)
    ) and all(_is_srgb_curve(curve) for curve in curves)


def rgb_profile(name: str, colorants: Sequence[Triple], curve: Sequence[float]) -> bytes:
    """A profile of red, green and blue as XYZ under D50, and one curve from numbers to light for all three.

    The curve is given by the parameters of a parametricCurveType: 1 for a gamma, 5 as SRGB_CURVE.
    """
    kind = {1: 0, 5: 3}[len(curve)]
    shared = struct.pack(f">4s4xH2x{len(curve)}i", b"para", kind, *_fixed(curve))
    tags = {b"desc": _text(name), b"cprt": _text("No copyright"), b"wtpt": _xyz_tag(D50)}
    for letter, colorant in zip((b"r", b"g", b"b"), colorants, strict=True):
        tags |= {letter + b"XYZ": _xyz_tag(colorant), letter + b"TRC": shared}
    table, content = struct.pack(">I", len(tags)), b""
    begin = _HEADER_BYTES + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += struct.pack(">4sII", tag, begin + len(content), len(value))
        content += value.ljust(-(-len(value) // 4) * 4, b"\0")
    what = struct.pack(
        ">I4xI4s4s4s12x4s28x", begin + len(content), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp"
    )
    return (what + struct.pack(">3i", *_fixed(D50))).ljust(_HEADER_BYTES, b"\0") + table + content


def _tags(profile: bytes) -> dict[bytes, bytes]:
    count = min(int.from_bytes(profile[_HEADER_BYTES : _HEADER_BYTES + 4], "big"), _MOST_TAGS)
    table = profile[_HEADER_BYTES + 4 : _HEADER_BYTES + 4 + 12 * count]
    entries = struct.iter_unpack(">4sII", table[: len(table) // 12 * 12])
    return {name: profile[place : place + length] for name, place, length in entries}


def _xyz(tag: bytes) -> Triple | None:
    if tag[:4] != b"XYZ " or len(tag) < 20:
        return None
    x, y, z = struct.unpack(">3i", tag[8:20])
    return x / _ONE, y / _ONE, z / _ONE


def _is_srgb_curve(tag: bytes) -> bool:
    lights = _table_samples(tag) if tag[:4] == b"curv" else _parametric_samples(tag)
    return lights is not None and all(
        abs(_srgb_number(light) - step / _SAMPLES) < _CURVE_TOLERANCE for step, light in enumerate(lights)
    )


def _srgb_number(light: float) -> float:
    return 12.92 * light if light <= 0.0031308 else float(1.055 * light ** (1 / 2.4) - 0.055)


def _table_samples(tag: bytes) -> list[float] | None:
    """Light at 0, 1/16 … 1 by a table with a few hundred steps or more; shorter ones are for gammas."""
    count = int.from_bytes(tag[8:12], "big")
    if count <= 2 * _SAMPLES or len(tag) < 12 + 2 * count:
        return None
    samples = []
    for step in range(_SAMPLES + 1):
        place, part = divmod(step * (count - 1), _SAMPLES)
        low, high = struct.unpack_from(">HH", tag, 12 + 2 * min(place, count - 2))
        share = 1.0 if step == _SAMPLES else part / _SAMPLES
        samples.append((low + (high - low) * share) / 65535)
    return samples


def _parametric_samples(tag: bytes) -> list[float] | None:
    """The same by a curve of kind 3, the one that sRGB is written as."""
    if tag[:4] != b"para" or tag[8:10] != b"\0\3" or len(tag) < 32:
        return None
    g, a, b, c, d = (value / _ONE for value in struct.unpack(">5i", tag[12:32]))
    steps = (step / _SAMPLES for step in range(_SAMPLES + 1))
    if not 0 < g < 10:
        return None
    return [max(0.0, a * x + b) ** g if x >= d else c * x for x in steps]


def _fixed(values: Sequence[float]) -> list[int]:
    return [round(value * _ONE) for value in values]


def _xyz_tag(value: Triple) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *_fixed(value))


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return struct.pack(">4s4xII4sII", b"mluc", 1, 12, b"enUS", len(encoded), 28) + encoded
