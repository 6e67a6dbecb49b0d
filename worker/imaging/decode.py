"""From untrusted bytes to pictures. Whatever is wrong with the bytes becomes an ImageError here.

The format is told by the first bytes and no other decoder gets to see the file. What it will cost is told
from the header, and checked, before any pixel.
"""

import errno
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile
from PIL.PngImagePlugin import PngImageFile

import worker.imaging.plugins  # noqa: F401  # registers the formats
from pipeline.image_formats import (
    AVIF,
    HEIF,
    JPEG,
    JXL,
    PNG,
    SIGNATURE_BYTES,
    WEBP,
    ImageFormat,
    detect_format,
)
from worker.imaging.apng import composed_frames
from worker.imaging.errors import ImageError, ImageTruncated, ImageUnreadable, UnsupportedFormat
from worker.imaging.geometry import Extent, Size, decode_divisor
from worker.imaging.header import Header, coefficient_bytes, has_picture_apart, read_depth, read_header
from worker.imaging.jxl_header import HEAD_BYTES, read_jxl_size
from worker.imaging.limits import Limits, predicted_bytes
from worker.imaging.orientation import is_turned_while_read
from worker.imaging.pixels import match_transparent_colour, plain
from worker.imaging.source_file import SourceFile

_NO_FAULT_OF_THE_DISK = (None, errno.EINVAL)
"""A decoder that was led astray seeks to where no file can have anything."""


@dataclass(frozen=True)
class Frame:
    """One decoded picture, as it is stored: not yet upright, not yet in sRGB.

    `pixels` are of one of PLAIN_MODES and may be fewer than the file has; `extent` says how far the picture
    goes in them. It is shown for `duration_ms`, as the file states it.
    """

    pixels: Image.Image
    extent: Extent
    duration_ms: float


class Source:
    """An opened image: its header, and its frames once they are asked for."""

    def __init__(
        self, image: ImageFile.ImageFile, image_format: ImageFormat, file: BinaryIO, limits: Limits
    ) -> None:
        self.image = image
        self.file = file
        self._limits = limits
        depth = read_depth(image)
        self._image_format = image_format
        if image_format is not JPEG:
            self._check_memory()
        # Pillow has no mode for grey of 16 bits with alpha, and gives RGBA for it.
        self._is_grey = bool(image.tile) and image.tile[0].args == "LA;16B"
        if image_format is PNG:
            # Its EXIF may follow the pixels: Pillow would load it to see, and hide what is wrong with it.
            match_transparent_colour(image)
            image.load()
        self.header: Header = read_header(
            image, image_format, file, depth=depth, is_turned=is_turned_while_read(image_format, file)
        )

    def frames(self, wanted: Size, *, count: int) -> Iterator[Frame]:
        """The first `count` frames, with at least the pixels of the size `wanted`, in the file's own turn.

        They share their memory: a frame is good until the next one is taken.
        """
        if count > 1:
            self._limits.check_animation(self.header.size, count)
        extent = self._scaled_decoding(wanted)
        pictures = self._pictures(count)
        while True:
            with _complaints_named(self.file, self.header.image_format):
                picture = next(pictures, None)
                if picture is None:
                    return
                pixels = plain(picture)
            yield Frame(
                pixels.convert("LA") if self._is_grey else pixels,
                extent,
                float(self.image.info.get("duration") or 0),
            )

    def _check_memory(self) -> None:
        needed = predicted_bytes(self._image_format, self.image.mode, self.image.size)
        self._limits.check_memory(self.image.size, needed)

    def _pictures(self, count: int) -> Iterator[Image.Image]:
        if count == 1 and not has_picture_apart(self.image):
            self.image.load()
            yield self.image
        elif isinstance(self.image, PngImageFile):
            first = int(has_picture_apart(self.image))
            yield from composed_frames(self.image, range(first, first + count))
        else:
            for number in range(count):
                self.image.seek(number)
                self._check_memory()  # a frame may be larger than the header says
                self.image.load()
                yield self.image

    def _scaled_decoding(self, wanted: Size) -> Extent:
        """Have a JPEG decoded to a half, quarter or eighth if that is no smaller than `wanted`."""
        if self.header.image_format is not JPEG:
            return self.image.size
        coefficients = coefficient_bytes(self.image)
        divisor = decode_divisor(self.image.size, wanted)
        width, height = self.image.size
        drafted = self.image.draft(None, (max(1, width // divisor), max(1, height // divisor)))
        needed = predicted_bytes(JPEG, self.image.mode, self.image.size) + coefficients
        self._limits.check_memory(self.header.size, needed)
        if drafted is None:
            return self.image.size
        _, (_, _, right, bottom) = drafted
        return right, bottom


@contextmanager
def opened(path: Path, limits: Limits) -> Iterator[Source]:
    """The image in a file, for as long as it is open.

    Raises ImageError, MemoryError, and OSError if the file itself cannot be read.
    The filters of warnings belong to the process: one image at a time in each.
    """
    with SourceFile(path) as file, warnings.catch_warnings():
        # Odd EXIF and the like is worth a warning to Pillow, and no reason to refuse a photograph.
        warnings.simplefilter("ignore")
        image_format = _identified(file)
        with _complaints_named(file, image_format):
            if image_format is JXL:
                _check_jxl(file, limits)
            image = Image.open(file, formats=(image_format.name.upper(),))
            source = Source(image, image_format, file, limits)
        with image:
            yield source


def _identified(file: BinaryIO) -> ImageFormat:
    head = file.read(SIGNATURE_BYTES)
    file.seek(0)
    if not head:
        raise ImageUnreadable("The file is empty.")
    image_format = detect_format(head)
    if image_format is None:
        raise UnsupportedFormat
    return image_format


def _check_jxl(file: BinaryIO, limits: Limits) -> None:
    size = read_jxl_size(file.read(HEAD_BYTES))
    file.seek(0)
    limits.check_memory(size, predicted_bytes(JXL, "RGB", size))


@contextmanager
def _complaints_named(file: BinaryIO, image_format: ImageFormat) -> Iterator[None]:
    """Turn all that decoders raise for bad bytes into an ImageError."""
    try:
        yield
    except (ImageError, MemoryError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    # SyntaxError, struct.error, ValueError, EOFError, zlib.error …: the plug-ins let through what they meet.
    # Those written in Rust panic, which is no Exception.
    except BaseException as error:
        if isinstance(error, OSError) and error.errno not in _NO_FAULT_OF_THE_DISK:
            # The disk complains, not the decoder; the next attempt may do better.
            raise
        raise ImageTruncated if _is_cut_short(file, image_format, error) else ImageUnreadable from error


def _is_cut_short(file: BinaryIO, image_format: ImageFormat, error: BaseException) -> bool:
    """Whether a file that could not be decoded ends before its time."""
    if image_format is WEBP:
        # The decoder only says no. The container begins with its length (RFC 9649, 2.4).
        file.seek(0)
        head = file.read(8)
        return file.seek(0, 2) < int.from_bytes(head[4:], "little") + 8
    if image_format in (AVIF, HEIF):
        return _ends_inside_box(file)
    return "truncated" in str(error).lower()


def _ends_inside_box(file: BinaryIO) -> bool:
    """Whether the last box of an ISO base media file is longer than the file (ISO/IEC 14496-12, 4.2)."""
    end, place = file.seek(0, 2), 0
    while place + 8 <= end:
        file.seek(place)
        length = int.from_bytes(file.read(4), "big")
        if length < 8:
            return False  # up to the end of the file, or a length of 64 bits: nothing to tell by
        place += length
    return place > end
