"""Colour spaces named by number (ITU-T H.273), as PNG, AVIF and HEIF files do it instead of a profile.

The gAMA and cHRM chunks of a PNG are not looked at: most say "about sRGB", and where they say anything else
browsers do not agree on it.
"""

from collections.abc import Iterator
from typing import BinaryIO

from PIL import ImageFile

from worker.imaging.icc import SRGB_COLORANTS, SRGB_CURVE, Triple, rgb_profile

CodePoints = tuple[int, int]
"""The numbers of the primaries and of the transfer characteristics."""

_BT_709, _BT_2020, _DISPLAY_P3 = 1, 9, 12
# Red, green and blue as XYZ under D50, adapted after Bradford.
_COLORANTS: dict[int, tuple[str, tuple[Triple, Triple, Triple]]] = {
    _BT_709: ("BT.709", SRGB_COLORANTS),
    _BT_2020: (
        "BT.2020",
        ((0.67348, 0.27904, -0.00193), (0.16567, 0.67535, 0.02998), (0.12505, 0.04561, 0.79686)),
    ),
    _DISPLAY_P3: (
        "Display P3",
        ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)),
    ),
}
# 1, 6, 14 and 15 tell how a camera makes numbers of light; screens show them as they show sRGB, which is 13.
_CURVES: dict[int, tuple[str, tuple[float, ...]]] = {
    **dict.fromkeys((1, 6, 13, 14, 15), ("", SRGB_CURVE)),
    4: (", gamma 2.2", (2.2,)),
    8: (", linear", (1.0,)),
}

_PNG_SIGNATURE_BYTES = 8
_MOST_CHUNKS = 1000
_LONGEST_HEAD = 1024 * 1024
"""A container's head (its `meta` box) is looked at so far."""


def profile_in(image: ImageFile.ImageFile, file: BinaryIO) -> bytes | None:
    """The ICC profile that counts for an image: the embedded one, or one made of the numbers it names.

    In a PNG the numbers come first (third edition, 4.3), elsewhere the profile; numbers that are not known
    do not count. The file is left where it is.
    """
    embedded: bytes | None = image.info.get("icc_profile") or None
    if embedded and image.format != "PNG":
        return embedded
    code_points = read_cicp(image, file)
    return profile_of(*code_points) if code_points and _is_known(*code_points) else embedded


def read_cicp(image: ImageFile.ImageFile, file: BinaryIO) -> CodePoints | None:
    """The colour space that a PNG, AVIF or HEIF file names by number; None if it does not."""
    if nclx := image.info.get("nclx_profile"):
        return nclx["color_primaries"], nclx["transfer_characteristics"]
    read = {"PNG": _read_png, "AVIF": _read_avif}.get(image.format or "")
    if read is None:
        return None
    place = file.tell()
    try:
        return read(file)
    finally:
        file.seek(place)


def profile_of(primaries: int, transfer: int) -> bytes | None:
    """An ICC profile of this colour space; None for sRGB, where nothing is to be done, and for unknown ones.

    Not known are the transfers of high dynamic range (PQ and HLG) among others.
    """
    if not _is_known(primaries, transfer):
        return None
    (name, colorants), (suffix, curve) = _COLORANTS[primaries], _CURVES[transfer]
    is_srgb = primaries == _BT_709 and curve == SRGB_CURVE
    return None if is_srgb else rgb_profile(name + suffix, colorants, curve)


def _is_known(primaries: int, transfer: int) -> bool:
    return primaries in _COLORANTS and transfer in _CURVES


def _read_png(file: BinaryIO) -> CodePoints | None:
    """The content of the cICP chunk, which comes before the pixels."""
    place = _PNG_SIGNATURE_BYTES
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        head = file.read(12)
        if len(head) < 12 or head[4:8] == b"IDAT":
            return None
        if head[4:8] == b"cICP":
            return head[8], head[9]
        place += 12 + int.from_bytes(head[:4], "big")
    return None


def _read_avif(file: BinaryIO) -> CodePoints | None:
    """The first `colr` box of the kind nclx among the properties (ISO/IEC 14496-12, 12.1.5).

    Which item it belongs to is not looked up: besides the picture only its alpha could have one, and has not.
    """
    meta = _meta_box(file)
    if meta is None:
        return None
    flags = 4
    for kind, properties in _boxes(meta[flags:]):
        if kind == b"iprp":
            for _, container in _boxes(properties):
                for kind, content in _boxes(container):
                    if kind == b"colr" and content[:4] == b"nclx" and len(content) >= 8:
                        return int.from_bytes(content[4:6], "big"), int.from_bytes(content[6:8], "big")
    return None


def _meta_box(file: BinaryIO) -> bytes | None:
    file.seek(0)
    return next((content for kind, content in _boxes(file.read(_LONGEST_HEAD)) if kind == b"meta"), None)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes in a container, up to one that is broken or has a length of 64 bits."""
    place = 0
    while place + 8 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        if length < 8:
            return
        yield data[place + 4 : place + 8], data[place + 8 : place + length]
        place += length
