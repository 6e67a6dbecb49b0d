"""Names for renditions that were given none: `300x300`, `640w`, `480h`, `original`, `640w-webp`."""

from collections.abc import Iterator, Sequence
from itertools import chain, count

from frontend.option_values import Choice
from pipeline.messages import Rendition


def named(choices: Sequence[Choice]) -> tuple[Rendition, ...]:
    """The renditions of these options, each with a name of its own.

    A name that was given stays; one that is made gets `-2` and so on when it is taken.
    """
    taken = {choice["name"] for choice in choices if "name" in choice}
    return tuple(Rendition(**{"name": _new_name(choice, taken), **choice}) for choice in choices)


def _new_name(choice: Choice, taken: set[str]) -> str:
    if "name" in choice:
        return str(choice["name"])
    name = _name_of(choice)
    free = next(one for one in chain([name], _numbered(name)) if one not in taken)
    taken.add(free)
    return free


def _numbered(name: str) -> Iterator[str]:
    return (f"{name}-{number}" for number in count(2))


def _name_of(choice: Choice) -> str:
    output = choice.get("format", "auto")
    return _size_name(choice) + ("" if output == "auto" else f"-{output}")


def _size_name(choice: Choice) -> str:
    match choice.get("width"), choice.get("height"):
        case None, None:
            return "original"
        case width, None:
            return f"{width}w"
        case None, height:
            return f"{height}h"
        case width, height:
            return f"{width}x{height}"
