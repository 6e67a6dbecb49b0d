"""The recipe: what is done to an image, step by step, and what comes out."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from PIL import Image

from pipeline.image_formats import GIF, PNG, ImageFormat, format_named
from pipeline.messages import Rendition
from worker.imaging.colour import to_srgb
from worker.imaging.decode import Picture, decode
from worker.imaging.encode import encode
from worker.imaging.errors import ImageTooLarge
from worker.imaging.geometry import Size, cover_box, turned
from worker.imaging.orientation import is_sideways, upright
from worker.imaging.resample import premultiplied, resample, unmultiplied

MAX_PIXELS = 100_000_000


@dataclass(frozen=True)
class RenderedImage:
    """One rendition: the bytes of its file, its size in pixels, its format as in pipeline.image_formats."""

    name: str
    image_format: str
    width: int
    height: int
    data: bytes


@dataclass(frozen=True)
class Rendered:
    """What was found and what was made of it.

    `width` and `height` are those of the source as people see it, in pixels. `timings_ms` says how long
    `decode`, `resample` (with colour and orientation) and `encode` took, over all renditions.
    """

    media_type: str
    width: int
    height: int
    renditions: tuple[RenderedImage, ...]
    timings_ms: dict[str, float]


def render(path: Path, renditions: Sequence[Rendition], *, max_pixels: int = MAX_PIXELS) -> Rendered:
    """Make the renditions of the image in a file; there must be at least one.

    Each has exactly the width and height asked for: the centre of the image that has this shape, never
    distorted, enlarged if the image is smaller. Its colours are sRGB and it carries no metadata.
    The format `auto` is the source's own, so that alpha lives on, except that a GIF becomes a PNG: what is
    made is a still image, which 256 colours would only make worse. Of an animation the first frame counts.

    Raises ImageError for what is wrong with the image (`max_pixels` holds for it and for each rendition),
    and OSError if the file cannot be read. Not for several threads at once.
    """
    _refuse_too_large(renditions, max_pixels)
    try:
        return _render(path, renditions, max_pixels)
    except MemoryError as error:
        raise ImageTooLarge("The image needs more memory than there is.") from error


def _render(path: Path, renditions: Sequence[Rendition], max_pixels: int) -> Rendered:
    stopwatch = _Stopwatch()
    with stopwatch.timing("decode"):
        targets = [(rendition.width, rendition.height) for rendition in renditions]
        picture = decode(path, targets, max_pixels=max_pixels)
    with stopwatch.timing("resample"):
        picture = replace(picture, pixels=premultiplied(picture.pixels))
    made = tuple(_rendered(picture, rendition, stopwatch) for rendition in renditions)
    width, height = picture.shown_size
    return Rendered(picture.image_format.media_type, width, height, made, stopwatch.read())


def _refuse_too_large(renditions: Sequence[Rendition], max_pixels: int) -> None:
    for rendition in renditions:
        if rendition.width * rendition.height > max_pixels:
            raise ImageTooLarge(f"The rendition {rendition.name} would have more than {max_pixels:,} pixels.")


def _rendered(picture: Picture, rendition: Rendition, stopwatch: "_Stopwatch") -> RenderedImage:
    image_format = _output_format(picture.image_format, rendition.format)
    with stopwatch.timing("resample"):
        image = _finished(picture, (rendition.width, rendition.height))
    with stopwatch.timing("encode"):
        data = encode(image, image_format, rendition.quality)
    return RenderedImage(rendition.name, image_format.name, image.width, image.height, data)


def _finished(picture: Picture, size: Size) -> Image.Image:
    """The picture at this size, upright and in sRGB.

    It is turned and its colours are converted last, when there are few pixels left to do so.
    """
    stored_size = turned(size) if is_sideways(picture.orientation) else size
    image = resample(picture.pixels, cover_box(picture.extent, stored_size), stored_size)
    image = unmultiplied(image)
    image = upright(image, picture.orientation)
    return to_srgb(image, picture.profile)


def _output_format(source: ImageFormat, asked: str) -> ImageFormat:
    if asked != "auto":
        return format_named(asked)
    return PNG if source is GIF else source


class _Stopwatch:
    """Adds up how long each kind of work takes."""

    def __init__(self) -> None:
        self._seconds: defaultdict[str, float] = defaultdict(float)

    @contextmanager
    def timing(self, work: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self._seconds[work] += time.perf_counter() - begun

    def read(self) -> dict[str, float]:
        """Milliseconds by kind of work."""
        return {work: round(seconds * 1000, 2) for work, seconds in self._seconds.items()}
