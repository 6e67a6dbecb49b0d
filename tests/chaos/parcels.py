"""What is uploaded: images that take no time, most of them different, and now and then a special one."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

from benchmarks.photographs import make_photograph
from tests.webhook_receiver import HOST

Size = tuple[int, int]

PICTURE_SIZE = (800, 600)
PICTURES = 8
START_OF_IMAGE, COMMENT = b"\xff\xd8", b"\xff\xfe"

DEFAULT_SIZES = {"300x300": (300, 300)}
TWO = ({"name": "wide", "width": 320}, {"name": "icon", "width": 64, "height": 64})
# They take a sixth of a second, so that there is something to interrupt.
THREE = (
    {"name": "webp", "width": 720, "format": "webp"},
    {"name": "avif", "width": 720, "format": "avif"},
    {"name": "icon", "width": 64, "height": 64},
)
WISHES: Sequence[tuple[Mapping[str, str], Mapping[str, Size]]] = (
    ({}, DEFAULT_SIZES),
    ({"renditions": json.dumps(TWO)}, {"wide": (320, 240), "icon": (64, 64)}),
    ({"renditions": json.dumps(THREE)}, {"webp": (720, 540), "avif": (720, 540), "icon": (64, 64)}),
)
WEIGHTS = (3, 3, 4)
TWIN_SHARE, TWINS = 0.2, 4
"""So many are one of a few that come again and again, so that results are reused."""
CALLED_BACK_SHARE = 0.4
CALLBACK = {"callback_url": f"http://{HOST}/"}
"""So many want to be told of their end."""


@dataclass(frozen=True)
class Parcel:
    """One upload: an image, what is asked of it, and what has to come of it.

    `sizes` are the renditions of a job that is done. A parcel with `poison`, the name of its kind, may also
    be refused, or its job may fail with one of the codes in `fails_with` (none: with any); all others have
    to be done.
    """

    number: int
    name: str
    data: bytes
    key: str
    fields: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, Size] = field(default_factory=lambda: DEFAULT_SIZES)
    poison: str | None = None
    fails_with: frozenset[str] = frozenset()

    @property
    def is_called_back(self) -> bool:
        """Whether somebody wants to be told of its end."""
        return "callback_url" in self.fields

    def may_end_with(self, code: str) -> bool:
        """Whether its job may fail with this code."""
        return self.poison is not None and (not self.fails_with or code in self.fails_with)


def good_parcel(number: int, dice: Random) -> Parcel:
    """A photograph, mostly like no other, wanted in one size, two or three."""
    data = _marked(_photograph(number % PICTURES), f"{number} {dice.random()}")
    if dice.random() < TWIN_SHARE:
        data = _marked(_photograph(0), f"twin {dice.randrange(TWINS)}")
    [(fields, sizes)] = dice.choices(WISHES, WEIGHTS)
    if dice.random() < CALLED_BACK_SHARE:
        fields = {**fields, **CALLBACK}
    return Parcel(number, f"photo-{number}.jpg", data, f"{dice.getrandbits(64):016x}", fields, sizes)


@cache
def _photograph(seed: int) -> bytes:
    return make_photograph(*PICTURE_SIZE, seed=seed, quality=70)


def _marked(jpeg: bytes, text: str) -> bytes:
    """The same picture as other bytes: with a comment (ITU-T T.81, B.2.4.5)."""
    comment = text.encode()
    segment = COMMENT + (len(comment) + 2).to_bytes(2, "big") + comment
    return START_OF_IMAGE + segment + jpeg.removeprefix(START_OF_IMAGE)
