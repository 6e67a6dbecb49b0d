"""The recipe: what is done to an image, step by step, and what comes out."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from pipeline.messages import Rendition
from pipeline.records import ImageReport
from worker.imaging.animation import durations_for, plays_of
from worker.imaging.attention import focus
from worker.imaging.canvas import colour_of, on_canvas
from worker.imaging.colour import ColourTreatment, to_srgb
from worker.imaging.decode import Frame, Source, opened
from worker.imaging.encode import Alpha, Timing, encode
from worker.imaging.geometry import Box, Size, scaled, stored_box, turned, wanted_size
from worker.imaging.limits import Limits
from worker.imaging.metadata import kept
from worker.imaging.orientation import is_sideways, upright
from worker.imaging.plan import Focus, Plan, plan
from worker.imaging.report import Found, find, notes_on, report_on
from worker.imaging.resample import resample
from worker.imaging.stopwatch import Stopwatch
from worker.imaging.thumbhash import thumbhash

ATTENTION_EDGE = 96
"""What draws the eye is looked for in a picture whose longer side has so many pixels."""


@dataclass(frozen=True)
class RenderedImage:
    """One rendition: the bytes of its file, its size in pixels, its format as in pipeline.image_formats.

    `alpha` says what became of transparency, `metadata` which kinds of it are in the file.
    """

    name: str
    image_format: str
    width: int
    height: int
    frames: int
    alpha: Alpha
    metadata: tuple[str, ...]
    data: bytes


@dataclass(frozen=True)
class Rendered:
    """What was found and what was done.

    `width` and `height` are those of the source as people see it, in pixels. `notes` are sentences about what
    could not be kept. `placeholder` is the ThumbHash of the first rendition, in Base64. `timings_ms` says how
    long each kind of work took, over all renditions.
    """

    media_type: str
    width: int
    height: int
    report: ImageReport
    notes: tuple[str, ...]
    placeholder: str
    timings_ms: dict[str, float]


OnReady = Callable[[RenderedImage], None]


def render(
    path: Path, renditions: Sequence[Rendition], *, on_ready: OnReady, limits: Limits | None = None
) -> Rendered:
    """Make the renditions of the image in a file, of which there must be at least one, in one decode.

    `on_ready` gets each of them as soon as it is encoded: first those that are still pictures, then those
    that move. Every rendition is upright and in sRGB, and carries the metadata that it was asked to keep.

    Raises ImageError for what is wrong with the image or is more than `limits` allow, MemoryError, and
    OSError if the file cannot be read. What `on_ready` raises goes through. Not for several threads at once.
    """
    limits = limits or Limits()
    stopwatch = Stopwatch()
    with ExitStack() as stack:
        with stopwatch.timing("decode"):
            source = stack.enter_context(opened(path, limits))
        plans = plan(source.header, renditions, limits)
        recipe = _Recipe(source, plans, stopwatch, on_ready)
        recipe.follow()
        return recipe.result()


class _Recipe:
    """One image on its way: decoded once, each frame made into a frame of every rendition."""

    def __init__(
        self, source: Source, plans: Sequence[Plan], stopwatch: Stopwatch, on_ready: OnReady
    ) -> None:
        self._source = source
        self._header = source.header
        self._plans = plans
        self._stopwatch = stopwatch
        self._on_ready = on_ready
        self._found: Found | None = None
        self._colour: ColourTreatment = "srgb"
        self._focus: dict[Plan, Focus] = {}
        self._without_metadata: list[str] = []
        self._placeholder = ""

    def follow(self) -> None:
        """Make all renditions: the stills from the first frame, then those that need every frame."""
        movies = [each for each in self._plans if each.is_animated]
        reels: dict[Plan, list[Image.Image]] = {movie: [] for movie in movies}
        durations_ms: list[float] = []
        for frame in self._frames(self._header.frames if movies else 1):
            if not durations_ms:
                self._begin(frame)
            for movie in movies:
                reels[movie].append(self._made(frame, movie))
            durations_ms.append(frame.duration_ms)
        for movie, reel in reels.items():
            self._serve(movie, reel, self._timing(movie, durations_ms))

    def result(self) -> Rendered:
        """What is to be told when all is done."""
        assert self._found is not None, "follow() comes first"
        width, height = self._header.shown_size
        return Rendered(
            media_type=self._header.image_format.media_type,
            width=width,
            height=height,
            report=report_on(self._header, self._found, self._colour),
            notes=(*notes_on(self._header, self._plans, self._colour), *self._lost_metadata_notes()),
            placeholder=self._placeholder,
            timings_ms=self._stopwatch.read(),
        )

    def _lost_metadata_notes(self) -> list[str]:
        names = ", ".join(self._without_metadata)
        return [f"The format has no room for all the metadata that was to stay: {names}."] if names else []

    def _frames(self, count: int) -> Iterator[Frame]:
        placements = [each.placement(self._header) for each in self._plans]
        wanted = wanted_size(self._header.shown_size, placements)
        stored = turned(wanted) if is_sideways(self._header.turn) else wanted
        yield from self._stopwatch.timing_each("decode", self._source.frames(stored, count=count))

    def _begin(self, frame: Frame) -> None:
        """See what the file carries and what draws the eye; make the stills."""
        self._found = find(self._source)
        for each in self._plans:
            if each.rendition.position == "attention":
                with self._stopwatch.timing("attention"):
                    self._focus[each] = self._focus_of(frame, each)
        for each in self._plans:
            if not each.is_animated:
                self._serve(each, [self._made(frame, each)], None)

    def _made(self, frame: Frame, each: Plan) -> Image.Image:
        """The frame as it will be in this rendition: its size, upright, in sRGB, on its canvas.

        It is turned and its colours are converted when there are few pixels left to do so.
        """
        placement = each.placement(self._header, self._focus.get(each))
        with self._stopwatch.timing("resample"):
            image = self._part(frame, placement.box, placement.size)
        with self._stopwatch.timing("colour"):
            image = self._in_srgb(image)
        return on_canvas(image, placement, colour_of(each.rendition.background))

    def _part(self, frame: Frame, box: Box, size: Size) -> Image.Image:
        """The part of the upright picture inside `box`, upright and at this size."""
        header = self._header
        stored = stored_box(box, header.shown_size, header.turn)
        width, height = frame.extent
        inside = scaled(stored, (width / header.size[0], height / header.size[1]))
        # Nothing is resampled in Lab, which is rare.
        pixels = self._in_srgb(frame.pixels) if frame.pixels.mode == "LAB" else frame.pixels
        image = resample(pixels, inside, turned(size) if is_sideways(header.turn) else size)
        return upright(image, header.turn)

    def _in_srgb(self, image: Image.Image) -> Image.Image:
        assert self._found is not None, "_begin() comes first"
        if self._header.mode == "LAB" and image.mode != "LAB":
            return image  # converted before it was resampled
        image, self._colour = to_srgb(image, self._found.profile)
        return image

    def _focus_of(self, frame: Frame, each: Plan) -> Focus:
        width, height = self._header.shown_size
        scale = min(1.0, ATTENTION_EDGE / max(width, height))
        size = max(1, round(width * scale)), max(1, round(height * scale))
        small = self._in_srgb(self._part(frame, (0.0, 0.0, float(width), float(height)), size))
        return focus(small, each.placement(self._header).canvas)

    def _timing(self, movie: Plan, durations_ms: Sequence[float]) -> Timing:
        source_format = self._header.image_format
        plays = plays_of(self._source.image, source_format)
        return Timing(durations_for(durations_ms, source_format, movie.image_format), plays)

    def _serve(self, each: Plan, frames: Sequence[Image.Image], timing: Timing | None) -> None:
        """Encode a rendition and hand it over."""
        assert self._found is not None
        with self._stopwatch.timing("encode"):
            metadata = kept(self._found.metadata, each.rendition.metadata)
            encoded = encode(frames, each.image_format, each.rendition, metadata, timing)
            if each is self._plans[0]:
                self._placeholder = b64encode(thumbhash(frames[0])).decode()
        if len(encoded.metadata) < len(metadata.kinds):
            self._without_metadata.append(each.rendition.name)
        width, height = frames[0].size
        self._on_ready(
            RenderedImage(
                name=each.rendition.name,
                image_format=each.image_format.name,
                width=width,
                height=height,
                frames=encoded.frames,
                alpha=encoded.alpha,
                metadata=encoded.metadata,
                data=encoded.data,
            )
        )
