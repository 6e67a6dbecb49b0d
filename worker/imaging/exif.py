"""EXIF (CIPA DC-008): what of a camera's block is read, and the blocks that are written."""

from collections.abc import Iterable, Mapping
from typing import Any

from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

LONGEST_BLOCK = 65533 - 6
"""What fits in the one segment that a JPEG has for it."""

_LONGEST_CREDIT = 1000

# Of the first directory everything stays that tells of the picture; in a TIFF the rest is its own structure.
_DESCRIBING = (
    Base.ImageDescription,
    Base.Make,
    Base.Model,
    Base.Software,
    Base.DateTime,
    Base.HostComputer,
    Base.Artist,
    Base.Copyright,
    Base.Rating,
    Base.RatingPercent,
    Base.XPTitle,
    Base.XPComment,
    Base.XPAuthor,
    Base.XPKeywords,
    Base.XPSubject,
)
_SUBJECT_AREA = 0x9214  # which Pillow calls by another name
# What would not be true of the result, or points into the file that it came from.
_OUTDATED = (
    Base.MakerNote,
    Base.ExifImageWidth,
    Base.ExifImageHeight,
    Base.ExifInteroperabilityOffset,
    _SUBJECT_AREA,
    Base.SubjectLocation,
    Base.RelatedSoundFile,
    Base.FocalPlaneXResolution,
    Base.FocalPlaneYResolution,
    Base.FocalPlaneResolutionUnit,
)
_SRGB = 1


def is_telling(exif: Image.Exif) -> bool:
    """Whether the block says anything of the picture beyond how its pixels are stored."""
    return any(tag in exif for tag in (*_DESCRIBING, IFD.Exif, IFD.GPSInfo))


def tells_place(exif: Image.Exif) -> bool:
    """Whether the block says where the picture was taken. Many only name the version of that part."""
    return IFD.GPSInfo in exif and any(tag != GPS.GPSVersionID for tag in exif.get_ifd(IFD.GPSInfo))


def credit(exif: Image.Exif, tag: int) -> str | None:
    """The text of Artist or Copyright, on one line; None if it is not there or says nothing.

    A copyright may have two parts, of the photographer and of the editor.
    """
    value = exif.get(tag)
    if isinstance(value, str):
        value = value.encode("latin-1", "replace")  # what Pillow took it for; the bytes as they were
    if not isinstance(value, bytes):
        return None
    parts = (one_line(part) for part in value.split(b"\0"))
    return "; ".join(part for part in parts if part) or None


def one_line(text: bytes | str) -> str:
    """The text without what cannot be printed, cut to a sensible length; bytes are UTF-8, else Latin-1."""
    decoded = _decoded(text) if isinstance(text, bytes) else text
    shown = "".join(character if character.isprintable() else " " for character in decoded[:_LONGEST_CREDIT])
    return " ".join(shown.split())


def _decoded(text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")


def credits_block(artist: str | None, copyright_: str | None) -> bytes | None:
    """A block that says only this; None for nothing."""
    return _written({}, artist, copyright_) if artist or copyright_ else None


def full_block(exif: Image.Exif, artist: str | None, copyright_: str | None) -> bytes | None:
    """All of a block that is still true of a picture that is upright, in sRGB and of another size.

    The orientation, the sizes, the thumbnail and what points at places in the picture or in the file are
    gone; the maker's note, which is full of such pointers, is gone too. None if it cannot be written or is
    longer than LONGEST_BLOCK.
    """
    tags = _chosen(exif, _DESCRIBING)
    details = exif.get_ifd(IFD.Exif) if IFD.Exif in exif else {}
    if details:
        true_ones = _chosen(details, (tag for tag in details if tag not in _OUTDATED))
        tags[IFD.Exif] = true_ones | {int(Base.ColorSpace): _SRGB}
    if IFD.GPSInfo in exif:
        tags[IFD.GPSInfo] = _chosen(exif.get_ifd(IFD.GPSInfo))
    block = _written(tags, artist, copyright_)
    return block if len(block) <= LONGEST_BLOCK else None


def _chosen(tags: Mapping[int, Any] | Image.Exif, names: Iterable[int] | None = None) -> dict[int, Any]:
    names = list(tags) if names is None else names
    return {int(name): _as_stored(tags[name]) for name in names if name in tags}


def _as_stored(value: object) -> object:
    """Text outside of ASCII as the bytes that it was read from; Pillow would write question marks."""
    return value.encode("latin-1") if isinstance(value, str) and not value.isascii() else value


def _written(tags: Mapping[int, Any], artist: str | None, copyright_: str | None) -> bytes:
    block = Image.Exif()
    for tag, value in tags.items():
        block[tag] = value
    # Readers take it for UTF-8 where it is not ASCII, as the third edition allows.
    if artist:
        block[Base.Artist] = artist.encode()
    if copyright_:
        block[Base.Copyright] = copyright_.encode()
    return block.tobytes()
