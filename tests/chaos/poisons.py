"""Uploads that are made to do harm. What each of them may come to is told with it."""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random

from tests.chaos.parcels import Parcel
from tests.e2e.images import slow_image, small_photograph
from tests.fuzz.cases import case
from tests.unit.imaging.bombs import BOMBS

# The names of files at whose decoders a fault aims; each of them takes a good part of a second.
CRASHING, HANGING, DEADLY = "crashing-", "hanging-", "deadly-"

TOO_LONG = frozenset({"image_took_too_long"})
CRASHED = frozenset({"decoder_crashed"})
NO_MEMORY = frozenset({"out_of_memory", "image_too_large", *TOO_LONG})
TOO_LARGE = frozenset({"image_too_large", "image_unreadable", "image_truncated", "out_of_memory"})

MANY_AVIFS = [{"name": f"avif-{edge}", "width": edge, "format": "avif"} for edge in range(2000, 2012)]
ENDLESS_WORK = {"renditions": json.dumps(MANY_AVIFS)}
MUCH_MEMORY = {"width": "4900", "height": "4900", "format": "avif", "quality": "90"}


def poisoned_parcel(turn: int, dice: Random, number: int) -> Parcel:
    """The parcel of this number, of the kind whose turn it is."""
    return _KINDS[turn % len(_KINDS)](number, dice)


def _endless(number: int, dice: Random) -> Parcel:
    """A small picture of which something is wanted that takes longer than a job may."""
    return _parcel(number, dice, "endless-", small_photograph(number % 4), TOO_LONG, ENDLESS_WORK)


def _swelling(number: int, dice: Random) -> Parcel:
    """A small picture whose encoder wants more memory than a job may have."""
    return _parcel(number, dice, "swelling-", small_photograph(number % 4), NO_MEMORY, MUCH_MEMORY)


def _bomb(number: int, dice: Random) -> Parcel:
    """A few bytes that promise an enormous picture."""
    return _parcel(number, dice, "ballooning-", BOMBS[dice.choice(sorted(BOMBS))], TOO_LARGE)


def _damaged(number: int, dice: Random) -> Parcel:
    """A file that fuzzing has damaged."""
    return _parcel(number, dice, "damaged-", case(number, dice.randrange(1000)).data, frozenset())


def _aimed_at(name_start: str, fails_with: frozenset[str]) -> Callable[[int, Random], Parcel]:
    def parcel(number: int, dice: Random) -> Parcel:
        return _parcel(number, dice, name_start, _slow_picture(), fails_with)

    return parcel


_KINDS: Sequence[Callable[[int, Random], Parcel]] = (
    _aimed_at(CRASHING, CRASHED),
    _bomb,
    _aimed_at(HANGING, TOO_LONG),
    _damaged,
    _endless,
    _swelling,
    _aimed_at(DEADLY, CRASHED),
)


def _parcel(
    number: int,
    dice: Random,
    name_start: str,
    data: bytes,
    fails_with: frozenset[str],
    fields: Mapping[str, str] | None = None,
) -> Parcel:
    key = f"{dice.getrandbits(64):016x}"
    name = f"{name_start}{number}.png"
    return Parcel(number, name, data, key, fields or {}, poison=name_start.strip("-"), fails_with=fails_with)


@cache
def _slow_picture() -> bytes:
    return slow_image()
