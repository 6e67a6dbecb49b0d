"""The names under which people keep files: their own name for the image, and what the file really is.

Names come from senders, and from events that anybody may type. What is made of them is one safe file name on
every system: no folder, no character that is not printed, none that Windows forbids, no dot in front, and at
most 255 bytes. The suffix always tells what is in the file, whatever the sender has called it.
"""

import re
import unicodedata
from pathlib import PurePosixPath

from pipeline.file_names import NAMELESS, shown_name
from pipeline.image_formats import ImageFormat

LONGEST_STEM_BYTES = 120
LONGEST_PART_BYTES = 64
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')
# Windows keeps these for devices, with any suffix: https://learn.microsoft.com/windows/win32/fileio/naming-a-file
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)


def source_file_name(name: str, image_format: ImageFormat) -> str:
    """For an image as it was sent: `holiday.jpg` for the JPEG that was called `holiday.html`."""
    return _stem(name) + image_format.suffix


def rendition_file_name(name: str, rendition: str, image_format: ImageFormat) -> str:
    """For a result: `holiday_300x300.webp`."""
    return f"{_stem(name)}_{_cut(_safe(shown_name(rendition)), LONGEST_PART_BYTES)}{image_format.suffix}"


def _stem(name: str) -> str:
    stem = _cut(_safe(PurePosixPath(shown_name(name)).stem).strip(" ."), LONGEST_STEM_BYTES).strip(" .")
    if _DEVICE.fullmatch(stem):
        return f"_{stem}"
    return stem or NAMELESS


def _safe(text: str) -> str:
    # Separators of lines and paragraphs, and the spaces of all scripts, are one kind of space.
    spaced = "".join(" " if unicodedata.category(char)[0] == "Z" else char for char in text)
    return _FORBIDDEN.sub("_", spaced)


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")
