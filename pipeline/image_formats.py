"""What a file is, by its first bytes. Knows names and signatures only; no pixels are read here."""

from collections.abc import Callable
from dataclasses import dataclass

SIGNATURE_BYTES = 64
"""So many bytes from the start of a file are enough for `detect_format`."""

_BMP_HEADER_BYTES = (12, 16, 40, 52, 56, 64, 108, 124)

Matches = Callable[[bytes], bool]


@dataclass(frozen=True)
class ImageFormat:
    """A kind of image file.

    Its name in this project, what people call it, its media type, and the suffix that files of it get.
    """

    name: str
    title: str
    media_type: str
    suffix: str
    matches: Matches
    is_made: bool = False
    """Whether renditions are made in it. Those are the formats that every present browser shows."""


def _starts_with(*signatures: bytes) -> Matches:
    return lambda head: head.startswith(signatures)


def _has_brand(*brands: bytes) -> Matches:
    """An ISO base media file (ISO/IEC 14496-12) whose `ftyp` box names one of the brands."""
    return lambda head: head[4:8] == b"ftyp" and any(brand in brands for brand in _brands(head))


def _brands(head: bytes) -> list[bytes]:
    """The major brand, then the compatible ones."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    return [head[8:12], *(head[place : place + 4] for place in range(16, end - 3, 4))]


def _is_bmp(head: bytes) -> bool:
    """Two letters are too few to tell by; the size of the second header has to be one of those in use."""
    return head.startswith(b"BM") and int.from_bytes(head[14:18], "little") in _BMP_HEADER_BYTES


JPEG = ImageFormat("jpeg", "JPEG", "image/jpeg", ".jpg", _starts_with(b"\xff\xd8\xff"), is_made=True)
PNG = ImageFormat("png", "PNG", "image/png", ".png", _starts_with(b"\x89PNG\r\n\x1a\n"), is_made=True)
WEBP = ImageFormat(
    "webp",
    "WebP",
    "image/webp",
    ".webp",
    lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP",
    is_made=True,
)
AVIF = ImageFormat("avif", "AVIF", "image/avif", ".avif", _has_brand(b"avif", b"avis"), is_made=True)
GIF = ImageFormat("gif", "GIF", "image/gif", ".gif", _starts_with(b"GIF87a", b"GIF89a"), is_made=True)
TIFF = ImageFormat("tiff", "TIFF", "image/tiff", ".tif", _starts_with(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"))
BMP = ImageFormat("bmp", "BMP", "image/bmp", ".bmp", _is_bmp)
HEIF = ImageFormat(
    "heif",
    "HEIC",
    "image/heic",
    ".heic",
    _has_brand(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
)
JXL = ImageFormat(
    "jxl", "JPEG XL", "image/jxl", ".jxl", _starts_with(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")
)

# AVIF comes before HEIF: both may call themselves mif1.
FORMATS = (JPEG, PNG, WEBP, AVIF, GIF, TIFF, BMP, HEIF, JXL)
_BY_NAME = {image_format.name: image_format for image_format in FORMATS}
_BY_TYPE = {image_format.media_type: image_format for image_format in FORMATS}

UNKNOWN = ImageFormat("unknown", "file", "application/octet-stream", ".bin", lambda _: False)
"""What stands for all that is not in FORMATS: bytes, which no program is to show."""


def detect_format(head: bytes) -> ImageFormat | None:
    """The format of a file that starts with `head` (at least SIGNATURE_BYTES of it), or None."""
    return next((image_format for image_format in FORMATS if image_format.matches(head)), None)


def format_named(name: str) -> ImageFormat:
    """The format called `name`; raises KeyError for a name that is not in FORMATS."""
    return _BY_NAME[name]


def format_of_type(media_type: str) -> ImageFormat:
    """The format of this media type; UNKNOWN for a type that is none of FORMATS."""
    return _BY_TYPE.get(media_type, UNKNOWN)
