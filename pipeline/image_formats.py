"""What a file is, by its first bytes. Knows names and signatures only; no pixels are read here."""

from collections.abc import Callable
from dataclasses import dataclass

SIGNATURE_BYTES = 16
"""So many bytes from the start of a file are enough for `detect_format`."""


@dataclass(frozen=True)
class ImageFormat:
    """A kind of image file: its name in this project, its media type and the suffix files of it get."""

    name: str
    media_type: str
    suffix: str
    matches: Callable[[bytes], bool]


JPEG = ImageFormat("jpeg", "image/jpeg", ".jpg", lambda head: head.startswith(b"\xff\xd8\xff"))
PNG = ImageFormat("png", "image/png", ".png", lambda head: head.startswith(b"\x89PNG\r\n\x1a\n"))
WEBP = ImageFormat("webp", "image/webp", ".webp", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WEBP")
GIF = ImageFormat("gif", "image/gif", ".gif", lambda head: head[:6] in (b"GIF87a", b"GIF89a"))

FORMATS = (JPEG, PNG, WEBP, GIF)
_BY_NAME = {image_format.name: image_format for image_format in FORMATS}


def detect_format(head: bytes) -> ImageFormat | None:
    """The format of a file that starts with `head` (at least SIGNATURE_BYTES of it), or None."""
    return next((image_format for image_format in FORMATS if image_format.matches(head)), None)


def format_named(name: str) -> ImageFormat:
    """The format called `name`; raises KeyError for a name that is not in FORMATS."""
    return _BY_NAME[name]
