"""File names of which no two are the same, on any system."""

import unicodedata
from collections import Counter
from pathlib import PurePosixPath


class UniqueNames:
    """Numbers the names that are taken: `a.jpg`, `a (2).jpg`.

    Names that differ in case, or in how accents are written, are one name on some systems, so they are here.
    """

    def __init__(self) -> None:
        self._times: Counter[str] = Counter()

    def unique(self, name: str) -> str:
        """The name, or the first number of it that is free. From now on it is taken."""
        path, unique = PurePosixPath(name), name
        while self._times[_key(unique)]:
            self._times[_key(name)] += 1
            unique = f"{path.stem} ({self._times[_key(name)]}){path.suffix}"
        self._times[_key(unique)] = 1
        return unique


def _key(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
