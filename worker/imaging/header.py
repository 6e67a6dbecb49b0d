"""What a file says of its image before any pixel is decoded."""

from dataclasses import dataclass
from typing import BinaryIO

from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from pipeline.image_formats import AVIF, GIF, HEIF, JPEG, PNG, WEBP, ImageFormat
from worker.imaging.geometry import Size, turned
from worker.imaging.orientation import UPRIGHT, is_sideways, is_turned_by_decoder, read_orientation
from worker.imaging.pixels import BITS_PER_SAMPLE
from worker.imaging.tiff_pages import count_pages

ANIMATIONS = (GIF, WEBP, PNG, AVIF)
"""In these several pictures are the frames of an animation; elsewhere they are pages."""

_DEPTHS = {"1": 1, "I": 32, "F": 32}
_SHORTEST_HEADERS = 64  # bytes; with its tables a JPEG has more before its first scan


@dataclass(frozen=True, kw_only=True)
class Header:
    """`size` is that of the pixels as they are decoded; `orientation` is what the file states, 1 to 8.

    `turn` is the part of it that the decoder leaves to us; `is_turned` says that the decoder did the turn.
    `depth` is in bits a channel.
    """

    image_format: ImageFormat
    size: Size
    mode: str
    depth: int
    frames: int
    orientation: int
    turn: int
    is_turned: bool
    is_progressive: bool
    has_alpha: bool

    @property
    def stored_size(self) -> Size:
        """Width and height as the file states them."""
        return turned(self.size) if self.is_turned and is_sideways(self.orientation) else self.size

    @property
    def shown_size(self) -> Size:
        """Width and height as people see them."""
        return turned(self.size) if is_sideways(self.turn) else self.size

    @property
    def is_animated(self) -> bool:
        """Whether the file has frames that follow one another in time."""
        return self.frames > 1 and self.image_format in ANIMATIONS


def read_header(
    image: ImageFile.ImageFile, image_format: ImageFormat, file: BinaryIO, *, depth: int, is_turned: bool
) -> Header:
    """The header of an opened image. A PNG has to be loaded before: its EXIF may follow the pixels."""
    orientation = read_orientation(image)
    if image_format is HEIF and not is_turned:
        orientation = UPRIGHT  # EXIF alone does not turn it (ISO/IEC 23008-12, A.2.2)
    return Header(
        image_format=image_format,
        size=image.size,
        mode=image.mode,
        depth=depth,
        frames=_count_frames(image, image_format, file),
        orientation=orientation,
        turn=UPRIGHT if is_turned_by_decoder(image_format, image) else orientation,
        is_turned=is_turned,
        is_progressive=bool(image.info.get("progressive") or image.info.get("interlace")),
        has_alpha=image.has_transparency_data,
    )


def coefficient_bytes(image: Image.Image) -> int:
    """What libjpeg holds besides the pixels: a JPEG of several scans is kept whole, in 2 bytes a sample."""
    if not isinstance(image, JpegImagePlugin.JpegImageFile):
        return 0
    if not image.info.get("progressive") and not _has_several_scans(image):
        return 0
    across = max(1, *(layer[1] for layer in image.layer))
    down = max(1, *(layer[2] for layer in image.layer))
    samples = sum(layer[1] * layer[2] for layer in image.layer) / (across * down)
    return int(2 * samples * image.width * image.height)


def _has_several_scans(image: JpegImagePlugin.JpegImageFile) -> bool:
    """Whether the first scan has not all components. Pillow stops behind its header (ITU-T T.81, B.2.3).

    Of several pictures in a file it has gone back to the beginning; cameras write those, in one scan each.
    """
    if image.fp is None or image.fp.tell() < _SHORTEST_HEADERS:
        return False
    place = image.fp.tell()
    for components in range(1, len(image.layer)):
        length = 6 + 2 * components
        image.fp.seek(place - length)
        if image.fp.read(3) == bytes((0, length, components)):
            break
    else:
        components = len(image.layer)
    image.fp.seek(place)
    return components < len(image.layer)


def _count_frames(image: ImageFile.ImageFile, image_format: ImageFormat, file: BinaryIO) -> int:
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return count_pages(file)
    if image_format is JPEG:
        return 1  # what may follow in the file are a gain map, a depth map or a thumbnail
    return int(getattr(image, "n_frames", 1)) - has_picture_apart(image)


def has_picture_apart(image: ImageFile.ImageFile) -> bool:
    """Whether what an animated PNG shows where animations are unknown is no frame of its animation."""
    return bool(getattr(image, "default_image", False))


def read_depth(image: ImageFile.ImageFile) -> int:
    """Bits a channel, as the file has them; to be read before the image is loaded."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return int(max(image.tag_v2.get(BITS_PER_SAMPLE, (1,))))
    if "bit_depth" in image.info:
        return int(image.info["bit_depth"])
    is_png = isinstance(image, PngImagePlugin.PngImageFile)
    if "16" in image.mode or (is_png and any("16" in str(tile.args) for tile in image.tile[:1])):
        return 16
    return _DEPTHS.get(image.mode, 8)
