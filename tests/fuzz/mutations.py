"""Ways to damage a file. Each takes dice, the file and another valid one, and gives the damaged bytes."""

import re
import struct
import zlib
from collections.abc import Callable
from random import Random

from tests.fuzz.valid_files import HEIGHT, WIDTH

Mutation = Callable[[Random, bytes, bytes], bytes]

HEAD_BYTES = 200
"""Where most formats have their header: half of all damage is done there."""

NUMBERS = (0, 1, 2, 7, 255, 256, 1000, 16_384, 65_535, 100_000, 2**31 - 1, 2**31, 2**32 - 1)
_TAG = re.compile(rb"[A-Za-z][A-Za-z0-9]{2}[A-Za-z0-9 ]")  # PNG, RIFF and ISO name their chunks so
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def mutated(dice: Random, data: bytes, other: bytes) -> tuple[bytes, str]:
    """The file with one to three kinds of damage, and what they are."""
    kinds = dice.choices(MUTATIONS, k=dice.choice((1, 1, 2, 3)))
    for kind in kinds:
        data = kind(dice, data, other)
    if dice.random() < 0.7:
        data = with_right_checksums(data)
    return data, " + ".join(kind.__name__ for kind in kinds)


def flip_bits(dice: Random, data: bytes, other: bytes) -> bytes:
    """A few bits are the other way round."""
    damaged = bytearray(data)
    for _ in range(dice.choice((1, 2, 8, 32))):
        if damaged:
            damaged[_place(dice, data)] ^= 1 << dice.randrange(8)
    return bytes(damaged)


def set_range(dice: Random, data: bytes, other: bytes) -> bytes:
    """A run of bytes is all zeros, all ones or anything."""
    start, end = _range(dice, data)
    length = end - start
    filling = dice.choice((bytes(length), b"\xff" * length, dice.randbytes(length)))
    return data[:start] + filling + data[end:]


def remove_range(dice: Random, data: bytes, other: bytes) -> bytes:
    """A run of bytes is missing."""
    start, end = _range(dice, data)
    return data[:start] + data[end:]


def duplicate_range(dice: Random, data: bytes, other: bytes) -> bytes:
    """A run of bytes is there several times."""
    start, end = _range(dice, data)
    return data[:start] + data[start:end] * dice.choice((2, 3, 50)) + data[end:]


def truncate(dice: Random, data: bytes, other: bytes) -> bytes:
    """The end is missing."""
    return data[: dice.randrange(len(data) + 1)]


def splice(dice: Random, data: bytes, other: bytes) -> bytes:
    """It begins as one file and goes on as another."""
    return data[: dice.randrange(len(data) + 1)] + other[dice.randrange(len(other) + 1) :]


def lie_about_a_length(dice: Random, data: bytes, other: bytes) -> bytes:
    """The number before or after the name of a chunk is another."""
    tags = list(_TAG.finditer(data))
    if not tags:
        return flip_bits(dice, data, other)
    tag = dice.choice(tags)
    start = dice.choice((tag.start() - 4, tag.end()))
    return data if start < 0 else _overwritten(data, start, _number(dice, 4))


def lie_about_the_size(dice: Random, data: bytes, other: bytes) -> bytes:
    """Width or height, wherever they are written, are others."""
    places = [
        (match.start(), len(form))
        for form in _spellings(WIDTH) + _spellings(HEIGHT)
        for match in re.finditer(re.escape(form), data[: 4 * HEAD_BYTES])
    ]
    if not places:
        return set_range(dice, data, other)
    start, length = dice.choice(places)
    return _overwritten(data, start, _number(dice, length))


MUTATIONS: tuple[Mutation, ...] = (
    flip_bits,
    set_range,
    remove_range,
    duplicate_range,
    truncate,
    splice,
    lie_about_a_length,
    lie_about_the_size,
)


def with_right_checksums(data: bytes) -> bytes:
    """The same, but with the right checksums if it is a PNG: damage is not to end with them."""
    if not data.startswith(_PNG_SIGNATURE):
        return data
    whole, place = bytearray(data), len(_PNG_SIGNATURE)
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            break
        whole[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(whole)


def _place(dice: Random, data: bytes) -> int:
    return dice.randrange(min(len(data), HEAD_BYTES) if dice.random() < 0.5 else len(data))


def _range(dice: Random, data: bytes) -> tuple[int, int]:
    if not data:
        return 0, 0
    start = _place(dice, data)
    return start, min(len(data), start + dice.choice((1, 2, 4, 16, 64, 500)))


def _spellings(number: int) -> list[bytes]:
    return [struct.pack(form, number) for form in (">I", "<I", ">H", "<H")]


def _number(dice: Random, length: int) -> bytes:
    number = dice.choice((*NUMBERS, dice.randrange(2**32))) % (1 << 8 * length)
    return number.to_bytes(length, dice.choice(("big", "little")))


def _overwritten(data: bytes, start: int, new: bytes) -> bytes:
    return data[:start] + new + data[start + len(new) :]
