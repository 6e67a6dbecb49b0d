"""What was found in an image, as the receipt tells it, and what there is to say about the result."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.image_formats import JPEG
from pipeline.records import ImageReport
from worker.imaging.cicp import profile_in
from worker.imaging.colour import ColourTreatment, profile_name
from worker.imaging.decode import Source
from worker.imaging.header import Header
from worker.imaging.metadata import Metadata, read_metadata
from worker.imaging.plan import Plan
from worker.imaging.plugins import libraries


@dataclass(frozen=True)
class Found:
    """What a decoded file carried besides its pixels."""

    metadata: Metadata
    profile: bytes | None


def find(source: Source) -> Found:
    """What the file carries; its first picture has to be loaded."""
    return Found(read_metadata(source.image), profile_in(source.image, source.file))


def report_on(header: Header, found: Found, colour: ColourTreatment) -> ImageReport:
    """The part of the receipt that tells of the source."""
    width, height = header.stored_size
    return ImageReport(
        format=header.image_format.name,
        width=width,
        height=height,
        mode=header.mode,
        depth=header.depth,
        frames=header.frames,
        orientation=header.orientation,
        is_progressive=header.is_progressive,
        has_alpha=header.has_alpha,
        profile=profile_name(found.profile),
        colour=colour,
        metadata=found.metadata.kinds,
        has_place=found.metadata.has_place,
        libraries=libraries(),
    )


def notes_on(header: Header, plans: Sequence[Plan], colour: ColourTreatment) -> tuple[str, ...]:
    """Sentences about what could not be kept, or was done otherwise than one might expect."""
    notes = []
    if header.frames > 1 and not header.is_animated:
        notes.append(f"Only the first of {header.frames} pages was taken.")
    stills = [each.rendition.name for each in plans if not each.is_animated]
    if header.is_animated and stills:
        notes.append(f"Only the first of {header.frames} frames was taken for {', '.join(stills)}.")
    if colour == "profile_broken":
        notes.append("The colour profile in the file cannot be used and was skipped.")
    if header.depth > 8:
        notes.append(f"The image has {header.depth} bits a channel; what is made of it has 8.")
    flattened = [each.rendition.name for each in plans if header.has_alpha and each.image_format is JPEG]
    if flattened:
        notes.append(f"Transparency was laid on the background for {', '.join(flattened)}.")
    lossy = [each.rendition.name for each in plans if each.rendition.lossless and not each.is_lossless]
    if lossy:
        notes.append(f"Only WebP and PNG lose nothing; in another format: {', '.join(lossy)}.")
    return tuple(notes)
