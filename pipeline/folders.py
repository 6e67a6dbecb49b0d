"""Looking into folders that may not be there."""

from pathlib import Path


def names_in(folder: Path) -> set[str]:
    """The names of all that is in the folder; none if there is no such folder."""
    try:
        return {path.name for path in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return set()
