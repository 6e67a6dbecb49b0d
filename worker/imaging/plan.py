"""What each rendition of a job will be, decided from the header: its format, its place, still or moving."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.image_formats import AVIF, GIF, JPEG, PNG, WEBP, ImageFormat, format_named
from pipeline.messages import Rendition
from worker.imaging.canvas import OPAQUE, colour_of
from worker.imaging.errors import ImageTooLarge, UnsupportedFormat
from worker.imaging.geometry import Placement, Size, place
from worker.imaging.header import Header
from worker.imaging.limits import Limits

MOVING = (GIF, WEBP, PNG)
"""The formats in which animations are made."""

LONGEST_EDGES = {JPEG: 65500, WEBP: 16383, AVIF: 32768, GIF: 65535}
"""What the formats, their encoders or the decoders of browsers have room for, in pixels."""

MOST_PIXELS = {AVIF: 25_000_000}
"""Beyond that the encoder needs more than the memory of a job: 60 bytes and more for each pixel."""

Focus = tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """One rendition as it will be made."""

    rendition: Rendition
    image_format: ImageFormat
    is_animated: bool

    @property
    def is_lossless(self) -> bool:
        """Whether every pixel will be in the file as it was made."""
        return self.image_format is PNG or (self.image_format is WEBP and self.rendition.lossless)

    def placement(self, header: Header, focus: Focus | None = None) -> Placement:
        """Where the picture goes; `focus` is what draws the eye, if that was asked for."""
        return place(header.shown_size, self.rendition, focus)


def plan(header: Header, renditions: Sequence[Rendition], limits: Limits) -> list[Plan]:
    """The plan for each rendition.

    Raises ImageTooLarge for what would be more than allowed, UnsupportedFormat for a size that a format
    cannot hold.
    """
    plans = [_plan(header, rendition) for rendition in renditions]
    reels = 0
    for each in plans:
        frames = header.frames if each.is_animated else 1
        placement = each.placement(header)
        limits.check_output(each.rendition.name, placement, frames)
        _check_size(each.rendition.name, each.image_format, placement.canvas)
        reels += placement.canvas[0] * placement.canvas[1] * frames if each.is_animated else 0
    limits.check_reels(reels)
    return plans


def _check_size(name: str, image_format: ImageFormat, size: Size) -> None:
    title, pixels = image_format.title, f"{size[0]} × {size[1]} pixels"
    longest = LONGEST_EDGES.get(image_format)
    if longest is not None and max(size) > longest:
        raise UnsupportedFormat(
            f"The rendition {name} would have {pixels}: {title} goes up to {longest} across and down."
        )
    most = MOST_PIXELS.get(image_format)
    if most is not None and size[0] * size[1] > most:
        raise ImageTooLarge(f"The rendition {name} would have {pixels}: {title} is made of up to {most:,}.")


def _plan(header: Header, rendition: Rendition) -> Plan:
    image_format = _output_format(header, rendition)
    if rendition.format == "auto" and image_format is JPEG and _has_clear_space(header, rendition):
        image_format = WEBP
    return Plan(rendition, image_format, header.is_animated and image_format in MOVING)


def _output_format(header: Header, rendition: Rendition) -> ImageFormat:
    """The format asked for; `auto` is the source's own if browsers show it, else what holds its alpha."""
    if rendition.format != "auto":
        return format_named(rendition.format)
    if header.image_format.is_made:
        return header.image_format
    return WEBP if header.has_alpha else JPEG


def _has_clear_space(header: Header, rendition: Rendition) -> bool:
    """Whether space is added that is to be seen through."""
    placement = place(header.shown_size, rendition)
    return placement.canvas != placement.size and colour_of(rendition.background)[3] < OPAQUE
