"""What is raced: pictures as cameras make them, and what people want of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image

from benchmarks.photographs import make_photograph

SIZES = {"6 MP": (3000, 2000), "12 MP": (4032, 3024)}
"""The photographs that the benchmark makes for itself; most of the sizes asked for divide them evenly."""

SEED = 3


@dataclass(frozen=True)
class Task:
    """A picture and the one rendition to be made of it: a square to cover, or one to fit inside of."""

    source: Path
    picture: str
    source_format: str
    format: str
    edge: int
    fit: str

    @property
    def name(self) -> str:
        """The task in a few words."""
        formats = f"{self.source_format.upper()} → {self.format.upper()}"
        return f"{self.picture}, {formats} {self.edge} {self.fit}"


def tasks(pictures: dict[str, Path], folder: Path) -> Iterator[Task]:
    """The tasks with each of the named JPEG files; its PNG version is written into the folder."""
    for name, jpeg in pictures.items():
        for edge, fit in ((300, "cover"), (720, "inside"), (1280, "inside")):
            yield Task(jpeg, name, "jpeg", "jpeg", edge, fit)
        yield Task(_as_png(jpeg, folder), name, "png", "png", 720, "inside")
        yield Task(jpeg, name, "jpeg", "webp", 720, "inside")
        yield Task(jpeg, name, "jpeg", "avif", 720, "inside")


def made_pictures(folder: Path) -> dict[str, Path]:
    """Photographs of SIZES by name, written into the folder as JPEG files of quality 90, 4:2:0."""
    pictures = {}
    for name, (width, height) in SIZES.items():
        pictures[name] = folder / f"{width}x{height}.jpg"
        pictures[name].write_bytes(make_photograph(width, height, seed=SEED))
    return pictures


def own_pictures(folder: Path) -> dict[str, Path]:
    """The JPEG files in a folder of one's own, by name."""
    return {path.stem: path for path in sorted(folder.iterdir()) if path.suffix.lower() in (".jpg", ".jpeg")}


def small_picture(folder: Path) -> Path:
    """A little JPEG file, to have everything loaded before anything is measured."""
    path = folder / "small.jpg"
    path.write_bytes(make_photograph(320, 240, seed=SEED))
    return path


def _as_png(jpeg: Path, folder: Path) -> Path:
    path = folder / f"{jpeg.stem}.png"
    with Image.open(BytesIO(jpeg.read_bytes())) as image:
        image.convert("RGB").save(path, compress_level=6)
    return path
