"""Names that people give their files: one form to show, one form to store."""

import re
import unicodedata
from pathlib import PurePosixPath

from pipeline.image_formats import ImageFormat

SHOWN_CHARACTERS = 200
STEM_BYTES = 100
NAMELESS = "image"


def shown_name(raw: str | None) -> str:
    """The file name in what a client sent: no folders, no control characters, not endless. Never empty.

    It is text. It may still hold any printable character, `<` among them, and never names a file of ours.
    """
    base = (raw or "").replace("\\", "/").rsplit("/", 1)[-1]
    # Lone surrogates stand for bytes that were no UTF-8; they cannot be encoded again.
    base = base.encode("utf-8", "replace").decode("utf-8")
    # Categories C…: control and format characters, among them those that reverse the direction of text.
    printable = "".join(char for char in base if unicodedata.category(char)[0] != "C")
    return printable.strip()[:SHOWN_CHARACTERS] or NAMELESS


def stored_name(shown: str, image_format: ImageFormat) -> str:
    """A name for the file in the store: letters, digits, `.`, `_`, `-`, and the suffix of its content."""
    stem = re.sub(r"[^\w.-]+", "_", PurePosixPath(shown).stem).strip("._")
    return (_shortened(stem, STEM_BYTES) or NAMELESS) + image_format.suffix


def rendition_name(source_path: str, rendition: str, image_format: ImageFormat) -> str:
    """The file name of a rendition: `holiday_300x300.jpg` for `…/holiday.png` as a JPEG named `300x300`."""
    return f"{PurePosixPath(source_path).stem}_{rendition}{image_format.suffix}"


def _shortened(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore").strip("._")
