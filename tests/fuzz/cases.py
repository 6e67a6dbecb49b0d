"""The cases of a run: each is told by the seed of the run and its own number, and by nothing else."""

from dataclasses import dataclass
from random import Random
from typing import get_args

from pipeline.messages import COMPASS, Fit, MetadataPolicy, OutputFormat, Rendition
from tests.fuzz.mutations import mutated
from tests.fuzz.valid_files import valid_files

EDGES = (None, None, 1, 2, 17, 64, 64, 300, 900)


@dataclass(frozen=True)
class Case:
    """A damaged file and what is asked of it."""

    number: int
    description: str
    data: bytes
    renditions: tuple[Rendition, ...]


def case(seed: int, number: int) -> Case:
    """The case of this number: the same bytes and renditions each time."""
    dice = Random(f"{seed}/{number}")
    files = valid_files()
    name, other = dice.choices(sorted(files), k=2)
    data, damage = mutated(dice, files[name], files[other])
    renditions = tuple(_rendition(dice, f"r{index}") for index in range(dice.choice((1, 1, 2, 4))))
    return Case(number, f"{name}: {damage}", data, renditions)


def _rendition(dice: Random, name: str) -> Rendition:
    return Rendition(
        name=name,
        width=dice.choice(EDGES),
        height=dice.choice(EDGES),
        fit=dice.choice(get_args(Fit)),
        position=dice.choice(("centre", "attention", "0.3,0.9", *COMPASS)),
        background=dice.choice(("white", "transparent", "#1234", "#abcdef")),
        without_enlargement=dice.random() < 0.3,
        format=dice.choice(get_args(OutputFormat)),
        quality=dice.choice((None, 1, 80, 100)),
        progressive=dice.random() < 0.3,
        lossless=dice.random() < 0.2,
        metadata=dice.choice(get_args(MetadataPolicy)),
    )
