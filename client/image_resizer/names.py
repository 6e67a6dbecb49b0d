"""Under which names results are kept here: those of their images, and no two the same."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path, PurePath

from image_resizer.answers import Rendition

SUFFIXES = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/gif": ".gif",
}
UNKNOWN_SUFFIX = ".bin"
LONGEST_STEM_BYTES = 150
_FORBIDDEN = re.compile(r'[<>:"/\\|?*]')


class ResultNames:
    """Names files in one folder. What is `reserved`, such as the images that are sent, is never named."""

    def __init__(self, folder: Path, *, reserved: Iterable[Path] = ()) -> None:
        self._folder = folder
        here = folder.resolve()
        # A link and what it leads to are both the image.
        places = [place for path in reserved for place in (path.parent.resolve() / path.name, path.resolve())]
        self._taken = {_key(place.name) for place in places if place.parent == here}

    def path_of(self, stem: str, rendition: Rendition) -> Path:
        """Where this result goes: `holiday_300x300.jpg`, or with the first number that is free."""
        suffix = SUFFIXES.get(rendition.media_type, UNKNOWN_SUFFIX)
        base = f"{stem}_{_safe(rendition.name)}"
        for number in count(1):
            name = base + (f" ({number})" if number > 1 else "") + suffix
            if _key(name) not in self._taken:
                break
        self._taken.add(_key(name))
        return self._folder / name


def distinct_stems(names: Sequence[str]) -> list[str]:
    """A stem for each of these file names, in their order: `holiday`, and `holiday-2` for the next one of
    this name.

    They depend on the names alone, so the same images have the same ones again. What differs in case, or in
    how accents are written, is the same on some systems, so it is here.
    """
    stems = [_safe(PurePath(name).stem)[:LONGEST_STEM_BYTES].strip(" .") or "image" for name in names]
    wanted = {_key(stem) for stem in stems}
    taken: set[str] = set()
    distinct = []
    for stem in stems:
        found = stem
        for number in count(2):
            if _key(found) not in taken and (found == stem or _key(found) not in wanted):
                break
            found = f"{stem}-{number}"
        taken.add(_key(found))
        distinct.append(found)
    return distinct


def _safe(text: str) -> str:
    """The text without what a file name may not have on some system."""
    printable = "".join(char for char in text if unicodedata.category(char)[0] != "C")
    cut = _FORBIDDEN.sub("_", printable).encode("utf-8", "replace")[:LONGEST_STEM_BYTES]
    return cut.decode("utf-8", "ignore")


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
