"""From pictures to the bytes of a file. Only the pixels and the metadata that were chosen go in."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import Any, Literal

from PIL import Image, ImageFile, PngImagePlugin

from pipeline.image_formats import AVIF, GIF, JPEG, PNG, WEBP, ImageFormat
from pipeline.messages import Rendition
from worker.imaging.animation import loop_options
from worker.imaging.canvas import colour_of, flattened
from worker.imaging.metadata import Kept
from worker.imaging.palette import paletted

Alpha = Literal["none", "kept", "flattened"]

DEFAULT_QUALITIES = {JPEG: 80, WEBP: 80, AVIF: 50}

OPTIMIZED_PIXELS = 10_000_000
"""Up to here the best Huffman tables are looked for, which saves 3 %; the whole file is kept for that."""

NARROW = 64

_WITHOUT_GREY_ALPHA = (AVIF, WEBP)
_WITHOUT_METADATA = (GIF,)
_XMP_SEGMENT_BYTES = 65533 - 29
"""What fits beside the name of the segment (Adobe, XMP specification part 3, 1.1.3)."""


@dataclass(frozen=True)
class Timing:
    """When the frames of an animation are shown: milliseconds for each, and how often the whole is played."""

    durations_ms: Sequence[int]
    plays: int


@dataclass(frozen=True)
class Encoded:
    """The bytes of a file, what became of transparency, which kinds of metadata are in it, its frames."""

    data: bytes
    alpha: Alpha
    metadata: tuple[str, ...]
    frames: int


def encode(
    frames: Sequence[Image.Image],
    image_format: ImageFormat,
    rendition: Rendition,
    kept: Kept,
    timing: Timing | None,
) -> Encoded:
    """The file for pictures in sRGB (L, LA, RGB or RGBA) of one size; several, if there is a timing.

    A JPEG has no alpha: the picture is laid on the rendition's background.
    """
    has_alpha = any(frame.mode.endswith("A") for frame in frames)
    prepared = [_prepared(frame, image_format, rendition, has_alpha) for frame in frames]
    metadata, kinds = _metadata_options(image_format, kept)
    options = {**_quality_options(prepared[0], image_format, rendition), **metadata}
    if timing is not None:
        options |= _animation_options(prepared, image_format, timing, has_alpha)
    file = BytesIO()
    with _room_for(prepared[0], image_format), _memory_errors():
        prepared[0].save(file, image_format.name.upper(), **options)
    alpha: Alpha = "none" if not has_alpha else "flattened" if image_format is JPEG else "kept"
    return Encoded(file.getvalue(), alpha, kinds, 1 if timing is None else _count_frames(file, image_format))


_WITHOUT_MEMORY = ("Out of memory", "planes failed")


@contextmanager
def _memory_errors() -> Iterator[None]:
    """Raise MemoryError for what libavif says when its encoder gets no memory."""
    try:
        yield
    except RuntimeError as error:
        if str(error).endswith(_WITHOUT_MEMORY):
            raise MemoryError(str(error)) from error
        raise


@contextmanager
def _room_for(picture: Image.Image, image_format: ImageFormat) -> Iterator[None]:
    """Room for a narrow JPEG: Pillow reckons by its pixels, but it is made of blocks of 16."""
    before = ImageFile.MAXBLOCK
    if image_format is JPEG and min(picture.size) < NARROW:
        width, height = (-(-side // 16) * 16 for side in picture.size)
        ImageFile.MAXBLOCK = max(before, 4 * width * height)
    try:
        yield
    finally:
        ImageFile.MAXBLOCK = before


def _prepared(
    frame: Image.Image, image_format: ImageFormat, rendition: Rendition, has_alpha: bool
) -> Image.Image:
    if image_format is JPEG:
        picture = flattened(frame, colour_of(rendition.background))
    elif image_format is GIF:
        picture = paletted(frame, has_alpha=has_alpha)
    elif has_alpha and (image_format in _WITHOUT_GREY_ALPHA or not frame.mode.endswith("A")):
        picture = frame.convert("RGBA")
    else:
        picture = frame
    # Pillow writes some of what it has read (comment, profile, transparent colour) unless it is taken away.
    transparent = picture.info.get("transparency") if image_format is GIF else None
    picture.info = {} if transparent is None else {"transparency": transparent}
    return picture


def _quality_options(picture: Image.Image, image_format: ImageFormat, rendition: Rendition) -> dict[str, Any]:
    """The arguments of Pillow's `save` for how well and how small."""
    quality = rendition.quality or DEFAULT_QUALITIES.get(image_format)
    if image_format is JPEG:
        is_optimized = picture.width * picture.height <= OPTIMIZED_PIXELS
        return {"quality": quality, "optimize": is_optimized, "progressive": rendition.progressive}
    if image_format is PNG:
        # Pillow chooses a filter for each row, so that little is left to gain: 6 takes four times as long for
        # 6 % of a photograph.
        return {"compress_level": 2}
    if image_format is WEBP:
        # Without loss, quality is how hard it is tried.
        return {"quality": quality, "lossless": rendition.lossless, "method": 4}
    if image_format is AVIF:
        # Speeds above 6 lose more at the same number of bytes.
        return {"quality": quality, "speed": 6, "subsampling": "4:4:4", "autotiling": False}
    return {}


def _metadata_options(image_format: ImageFormat, kept: Kept) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The arguments of Pillow's `save` for metadata, and the kinds that the format has room for."""
    if image_format in _WITHOUT_METADATA or not kept.kinds:
        return {}, ()
    options: dict[str, Any] = {}
    kinds = list(kept.kinds)
    if kept.exif is not None:
        options["exif"] = kept.exif
    if kept.xmp is not None:
        if image_format is JPEG and len(kept.xmp) > _XMP_SEGMENT_BYTES:
            kinds.remove("xmp")
        elif image_format is PNG:
            chunks = PngImagePlugin.PngInfo()
            chunks.add_itxt("XML:com.adobe.xmp", kept.xmp.decode("utf-8", "replace"))
            options["pnginfo"] = chunks
        else:
            options["xmp"] = kept.xmp
    return options, tuple(kinds)


def _animation_options(
    frames: Sequence[Image.Image], image_format: ImageFormat, timing: Timing, has_alpha: bool
) -> dict[str, Any]:
    options = {
        "save_all": True,
        "append_images": list(frames[1:]),
        "duration": list(timing.durations_ms),
        **loop_options(timing.plays, image_format),
    }
    if image_format is GIF and has_alpha:
        options["disposal"] = 2  # back to nothing: what a frame leaves open must not show the one before
    return options


def _count_frames(file: BytesIO, image_format: ImageFormat) -> int:
    """How many frames were written: the same picture twice in a row becomes one that is shown longer."""
    file.seek(0)
    with Image.open(file, formats=(image_format.name.upper(),)) as image:
        return int(getattr(image, "n_frames", 1))
