"""From untrusted bytes to a picture. Whatever is wrong with the bytes becomes an ImageError here.

The format is told by the first bytes and no other decoder gets to see the file. The size is read from the
header, and checked, before any pixel.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

# The plug-ins are loaded here, once and in the fork server: else the first image of every child would do it.
from PIL import GifImagePlugin, Image, ImageFile, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

from pipeline.image_formats import JPEG, SIGNATURE_BYTES, WEBP, ImageFormat, detect_format
from worker.imaging.errors import (
    ImageError,
    ImageTooLarge,
    ImageTruncated,
    ImageUnreadable,
    UnsupportedFormat,
)
from worker.imaging.geometry import Extent, Size, smallest_useful, turned
from worker.imaging.orientation import is_sideways, read_orientation
from worker.imaging.pixels import match_transparent_colour, plain


@dataclass(frozen=True)
class Picture:
    """A decoded image, as it is stored: not yet upright, not yet in sRGB.

    `pixels` are of one of PLAIN_MODES and may be fewer than the file has; `extent` says how far the picture
    goes in them. `size` is that of the file, in pixels as stored.
    """

    image_format: ImageFormat
    size: Size
    pixels: Image.Image
    extent: Extent
    orientation: int
    profile: bytes | None

    @property
    def shown_size(self) -> Size:
        """Width and height as people see them."""
        return turned(self.size) if is_sideways(self.orientation) else self.size


def decode(path: Path, targets: Sequence[Size], *, max_pixels: int) -> Picture:
    """The picture in a file (of several the first), with enough pixels for each of the sizes in `targets`.

    Raises ImageError, MemoryError, and OSError if the file itself cannot be read.
    Pillow's limit and the filters of warnings belong to the process: one call at a time in each.
    """
    with path.open("rb") as file:
        image_format = _identified(file)
        with _complaints_named(file, image_format), _limited(max_pixels):
            image = Image.open(file, formats=(image_format.name.upper(),))
            return _loaded(image, image_format, targets)


def _identified(file: BinaryIO) -> ImageFormat:
    head = file.read(SIGNATURE_BYTES)
    file.seek(0)
    if not head:
        raise ImageUnreadable("The file is empty.")
    image_format = detect_format(head)
    if image_format is None:
        raise UnsupportedFormat
    return image_format


def _loaded(image: ImageFile.ImageFile, image_format: ImageFormat, targets: Sequence[Size]) -> Picture:
    size = image.size
    match_transparent_colour(image)
    if image_format is not JPEG:
        # To read the EXIF of a PNG Pillow has to load it, and what is wrong with it would be lost there.
        image.load()
    orientation = read_orientation(image)
    stored_targets = [turned(target) for target in targets] if is_sideways(orientation) else targets
    extent = _scaled_decoding(image, smallest_useful(size, stored_targets))
    profile = image.info.get("icc_profile")
    image.load()
    return Picture(image_format, size, plain(image), extent, orientation, profile or None)


def _scaled_decoding(image: Image.Image, wanted: Size) -> Extent:
    """Have a JPEG decoded to a half, quarter or eighth if that is no smaller than `wanted`."""
    drafted = image.draft(None, wanted)
    if drafted is None:
        return image.size
    _, (_, _, width, height) = drafted
    return width, height


@contextmanager
def _limited(max_pixels: int) -> Iterator[None]:
    """Have Pillow refuse, by the header, what has more pixels."""
    limit_before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels
    try:
        with warnings.catch_warnings():
            # Odd EXIF and the like is worth a warning to Pillow, and no reason to refuse a photograph.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as error:
        raise ImageTooLarge(f"The image has more than {max_pixels:,} pixels.") from error
    finally:
        Image.MAX_IMAGE_PIXELS = limit_before


@contextmanager
def _complaints_named(file: BinaryIO, image_format: ImageFormat) -> Iterator[None]:
    """Turn all that Pillow raises for bad bytes into an ImageError."""
    try:
        yield
    except (ImageError, MemoryError):
        raise
    # SyntaxError, struct.error, ValueError, EOFError, zlib.error …: the plug-ins let through what they meet.
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            # The disk complains, not the decoder; the next attempt may do better.
            raise
        raise ImageTruncated if _is_cut_short(file, image_format, error) else ImageUnreadable from error


def _is_cut_short(file: BinaryIO, image_format: ImageFormat, error: Exception) -> bool:
    """Whether a file that could not be decoded ends before its time."""
    if image_format is WEBP:
        # The decoder only says no. The container begins with its length (RFC 9649, 2.4).
        file.seek(0)
        head = file.read(8)
        return file.seek(0, 2) < int.from_bytes(head[4:], "little") + 8
    return "truncated" in str(error).lower()
