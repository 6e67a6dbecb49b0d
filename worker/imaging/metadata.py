"""What a file says about its picture beside the pixels, and what of it stays.

By default only who made the picture and whose it is: a photograph otherwise tells strangers where and when
it was taken, and with which of its owner's cameras.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar

from PIL import Image, ImageFile, IptcImagePlugin, PngImagePlugin
from PIL.ExifTags import Base

from pipeline.messages import MetadataPolicy
from worker.imaging import exif as exif_block
from worker.imaging import xmp as xmp_packet
from worker.imaging.exif import one_line
from worker.imaging.xmp import LONGEST_PACKET, Credits

Found = TypeVar("Found")
IptcRecords = dict[tuple[int, int], bytes | list[bytes]]

# IPTC Information Interchange Model 4.2, record 2.
_BYLINE, _COPYRIGHT = (2, 80), (2, 116)
_PLACES = ((2, 26), (2, 90), (2, 92), (2, 95), (2, 100), (2, 101))
# Chunks of text that are other kinds of metadata in disguise.
_NO_TEXT = ("XML:com.adobe.xmp", "xmp", "exif")
_RAW_PROFILE = "Raw profile type"


@dataclass(frozen=True)
class Metadata:
    """What a file carried.

    `kinds` are those found of exif, xmp, iptc, icc, comment and text. `has_place` says whether any of them
    tells where the picture was taken, or of what place it is. `exif` and `xmp` are None if they are not there
    or cannot be read; artist and copyright are from whichever of them has it.
    """

    exif: Image.Exif | None
    xmp: bytes | None
    kinds: tuple[str, ...]
    has_place: bool
    artist: str | None
    copyright: str | None


@dataclass(frozen=True)
class Kept:
    """What goes into a result: an EXIF block, an XMP packet, and the kinds of those that are there."""

    exif: bytes | None
    xmp: bytes | None
    kinds: tuple[str, ...]


def read_metadata(image: ImageFile.ImageFile) -> Metadata:
    """What the file carries; its picture has to be loaded and the file still open. Never raises."""
    exif, packet, iptc, text = _exif(image), _xmp(image), _iptc(image), _texts(image)
    kinds = {
        "exif": exif is not None or bool(image.info.get("exif")),
        "xmp": packet is not None,
        "iptc": bool(iptc),
        "icc": bool(image.info.get("icc_profile")),
        "comment": bool(image.info.get("comment")),
        "text": bool(text),
    }
    is_short = packet is not None and len(packet) <= LONGEST_PACKET
    xmp = packet if is_short else None
    credits_ = xmp_packet.read_credits(xmp) if xmp else Credits()
    return Metadata(
        exif=exif,
        xmp=xmp,
        kinds=tuple(kind for kind, is_there in kinds.items() if is_there),
        has_place=_tells_place(exif, xmp, iptc),
        artist=_credit(exif, Base.Artist)
        or one_line(credits_.creator or "")
        or one_line(_record(iptc, _BYLINE) or text.get("Author", ""))
        or None,
        copyright=_credit(exif, Base.Copyright)
        or one_line(credits_.rights or "")
        or one_line(_record(iptc, _COPYRIGHT) or text.get("Copyright", ""))
        or None,
    )


def kept(metadata: Metadata, policy: MetadataPolicy) -> Kept:
    """What stays of it: `none`; `copyright`, an EXIF block with artist and copyright alone; or `all`.

    Even `all` is without what would be wrong about the result (its turn, its size, thumbnails) and without
    comments, text and IPTC, of which only artist and copyright live on in the EXIF block.
    """
    exif, xmp = None, None
    if policy != "none":
        exif = exif_block.credits_block(metadata.artist, metadata.copyright)
    if policy == "all":
        exif = _full_exif(metadata) or exif
        xmp = xmp_packet.without_outdated(metadata.xmp) if metadata.xmp else None
    kinds = (("exif", exif), ("xmp", xmp))
    return Kept(exif, xmp, tuple(kind for kind, content in kinds if content is not None))


def _full_exif(metadata: Metadata) -> bytes | None:
    if metadata.exif is None:
        return None
    # Pillow writes most of what it reads; where a broken block trips it, the credits alone are written.
    with suppress(Exception):
        return exif_block.full_block(metadata.exif, metadata.artist, metadata.copyright)
    return None


def _read_or(nothing: Found, read: Callable[[], Found]) -> Found:
    """What is read, or nothing: broken metadata ends in many kinds of exception, beside good pixels."""
    with suppress(Exception):
        return read()
    return nothing


def _exif(image: ImageFile.ImageFile) -> Image.Exif | None:
    exif = _read_or(None, image.getexif)
    return exif if exif is not None and _read_or(False, lambda: exif_block.is_telling(exif)) else None


def _credit(exif: Image.Exif | None, tag: int) -> str | None:
    return _read_or(None, lambda: exif_block.credit(exif, tag)) if exif is not None else None


def _xmp(image: ImageFile.ImageFile) -> bytes | None:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp")
    if isinstance(packet, str):
        return packet.encode("utf-8", "replace")
    return packet if isinstance(packet, bytes) and packet else None


def _iptc(image: ImageFile.ImageFile) -> IptcRecords:
    return _read_or(None, lambda: IptcImagePlugin.getiptcinfo(image)) or {}


def _record(iptc: IptcRecords, name: tuple[int, int]) -> bytes | None:
    value = iptc.get(name)
    return b"; ".join(value) if isinstance(value, list) else value


def _texts(image: ImageFile.ImageFile) -> dict[str, str]:
    """The text chunks of a PNG, up to its pixels or its first frame."""
    if not isinstance(image, PngImagePlugin.PngImageFile):
        return {}
    return {
        str(name): str(text)
        for name, text in image.info.items()
        if isinstance(text, str) and name not in _NO_TEXT and not str(name).startswith(_RAW_PROFILE)
    }


def _tells_place(exif: Image.Exif | None, xmp: bytes | None, iptc: IptcRecords) -> bool:
    return (
        (exif is not None and _read_or(False, lambda: exif_block.tells_place(exif)))
        or (xmp is not None and xmp_packet.tells_place(xmp))
        or any(iptc.get(name) for name in _PLACES)
    )
