"""The images that a load test sends."""

import argparse
import asyncio
from pathlib import Path

from benchmarks.load.batch import Note
from benchmarks.load.errors import Unusable
from benchmarks.photographs import make_photograph

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif"}


async def images(options: argparse.Namespace, folder: str, note: Note) -> list[Path]:
    """The files to upload: those of --dir in turn, or new photographs in `folder`. Raises Unusable."""

    def make(number: int) -> Path:
        path = Path(folder, f"photograph-{number:05}.jpg")
        path.write_bytes(make_photograph(*options.size, seed=number))
        note("made")
        return path

    if not options.dir:
        return await asyncio.gather(*(asyncio.to_thread(make, n) for n in range(options.count)))
    found = sorted(path for path in options.dir.glob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise Unusable(f"There is no image in {options.dir}.")
    return [found[number % len(found)] for number in range(options.count)]
