"""This kernel, or pyvips, as one of those who race: a line of JSON in is a task, one out how long it took.

python -m benchmarks.contestant kernel|pyvips
"""

import json
import os
import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ["VIPS_CONCURRENCY"] = "1"

Wish = dict[str, Any]
Make = Callable[[Path, list[Wish]], list[bytes]]

_SAVE_OPTIONS = {
    "jpeg": ".jpg[Q=80,optimize_coding=true,keep=none]",
    "png": ".png[compression=6,keep=none]",
    "webp": ".webp[Q=80,effort=4,keep=none]",
    "avif": ".avif[Q=50,effort=4,keep=none,subsample_mode=off]",
}
"""What sharp does when nothing is said."""


def kernel() -> Make:
    """What makes files with the kernel of this project."""
    from pipeline.messages import Rendition
    from worker.imaging import render

    def make(source: Path, wishes: list[Wish]) -> list[bytes]:
        files: list[bytes] = []
        renditions = [Rendition(name=str(number), **wish) for number, wish in enumerate(wishes)]
        render(source, renditions, on_ready=lambda image: files.append(image.data))
        return files

    return make


def pyvips() -> Make:
    """What makes files with libvips, the way its own documentation advises for thumbnails."""
    import pyvips as vips

    vips.cache_set_max(0)

    def make(source: Path, wishes: list[Wish]) -> list[bytes]:
        return [_thumbnail(vips, source, **wish) for wish in wishes]

    return make


def _thumbnail(vips: Any, source: Path, *, width: int, height: int, fit: str, format: str) -> bytes:
    crop = "centre" if fit == "cover" else "none"
    image = vips.Image.thumbnail(str(source), width, height=height, crop=crop)
    return bytes(image.write_to_buffer(_SAVE_OPTIONS[format]))


def _race(make: Make) -> None:
    """Do one task after the other until there are no more lines."""
    for line in sys.stdin:
        task = json.loads(line)
        cpu, begun = time.process_time(), time.perf_counter()
        files = make(Path(task["source"]), task["renditions"])
        ms, cpu_ms = (time.perf_counter() - begun) * 1000, (time.process_time() - cpu) * 1000
        for path, data in zip(task["results"], files, strict=True):
            Path(path).write_bytes(data)
        print(json.dumps({"ms": ms, "cpu_ms": cpu_ms}), flush=True)


if __name__ == "__main__":
    name = sys.argv[1]
    make = {"kernel": kernel, "pyvips": pyvips}[name]()
    packages = ("pillow", "cykooz-resizer") if name == "kernel" else ("pyvips",)
    print(json.dumps({"versions": {each: version(each) for each in packages}}), flush=True)
    _race(make)
