"""How much memory there is left to use, for this machine and for the container that the process is in."""

from collections.abc import Iterator
from pathlib import Path

KIBIBYTE = 1024


def free_memory_bytes(root: Path = Path("/")) -> int:
    """Bytes that can be used without another process having to give way: the least that any limit leaves.

    The limits are those of the machine and of the control groups (version 2) that this process is in.
    """
    return max(0, min([_free_of_machine(root), *_free_of_groups(root)]))


def _free_of_machine(root: Path) -> int:
    """MemAvailable, see proc_meminfo(5)."""
    return _entries(root / "proc/meminfo")["MemAvailable:"] * KIBIBYTE


def _free_of_groups(root: Path) -> Iterator[int]:
    top = root / "sys/fs/cgroup"
    group = top / _group_of_this_process(root).lstrip("/")
    for folder in (group, *group.parents):
        yield from _free_of_group(folder)
        if folder == top:
            return


def _group_of_this_process(root: Path) -> str:
    """Its path, see cgroups(7); that of the topmost one if there is no version 2 here."""
    for line in _lines(root / "proc/self/cgroup"):
        if line.startswith("0::"):
            return line.removeprefix("0::")
    return ""


def _free_of_group(folder: Path) -> Iterator[int]:
    """What is left of the limit, if there is one. Files that are cached count as free: they give way."""
    limit, used = _lines(folder / "memory.max"), _lines(folder / "memory.current")
    if limit and used and limit[0] != "max":
        yield int(limit[0]) - int(used[0]) + _entries(folder / "memory.stat").get("inactive_file", 0)


def _entries(path: Path) -> dict[str, int]:
    """The first number of each line by the line's first word."""
    words = (line.split() for line in _lines(path))
    return {word: int(number) for word, number, *_ in words}


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
