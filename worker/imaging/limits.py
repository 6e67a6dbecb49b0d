"""How much an image may cost, told from its header: nothing is decoded that would not fit.

One number of pixels would be blunt: a baseline JPEG of 200 megapixels that is decoded to an eighth takes
12 MB, a PNG of the same size 800 MB.
"""

from dataclasses import dataclass

from pipeline.image_formats import AVIF, BMP, GIF, HEIF, JPEG, JXL, PNG, TIFF, WEBP, ImageFormat
from worker.imaging.errors import ImageTooLarge
from worker.imaging.geometry import Placement, Size

MEBIBYTE = 1024**2

_DECODER_BYTES = {JPEG: 0, PNG: 0, BMP: 0, TIFF: 8, GIF: 8, AVIF: 11, HEIF: 13, WEBP: 14, JXL: 32}
"""What a decoder holds for each pixel besides the picture, copies included: measured, rounded up."""
_PICTURE_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2}
"""What Pillow holds for each pixel; in all other modes 4, whether they are used or not."""
_CONVERTED_BYTES = 5
"""A picture in a mode that has to be left (palette, 16 bits) is there twice for a moment."""
_PREMULTIPLIED_BYTES = 4
"""So is one with alpha, while it is resampled."""
_PLAIN_MODES = ("L", "LA", "RGB", "RGBA", "CMYK")


@dataclass(frozen=True)
class Limits:
    """What one job may cost: bytes of memory to decode, pixels of each rendition, pixels of an animation.

    The pixels of an animation are those of all its frames.
    """

    memory_bytes: int = 1024 * MEBIBYTE
    output_pixels: int = 100_000_000
    animation_pixels: int = 200_000_000

    def check_memory(self, size: Size, needed_bytes: int) -> None:
        """Raise ImageTooLarge if decoding an image of this size would need more memory than there is."""
        if needed_bytes > self.memory_bytes:
            needed, allowed = needed_bytes // MEBIBYTE, self.memory_bytes // MEBIBYTE
            raise ImageTooLarge(
                f"Decoding {size[0]:,} × {size[1]:,} pixels of this kind would take about {needed:,} MB of"
                f" memory; the limit is {allowed:,} MB."
            )

    def check_animation(self, size: Size, frames: int) -> None:
        """Raise ImageTooLarge for too many frames of this size."""
        if size[0] * size[1] * frames > self.animation_pixels:
            raise ImageTooLarge(
                f"{frames:,} frames of {size[0]:,} × {size[1]:,} pixels are more than the"
                f" {self.animation_pixels:,} pixels that an animation may have."
            )

    def check_reels(self, pixels: int) -> None:
        """Raise ImageTooLarge if the moving renditions, which are made side by side, would have so many."""
        if pixels > self.animation_pixels:
            raise ImageTooLarge(
                f"The moving renditions would have {pixels:,} pixels together, which is more than the"
                f" {self.animation_pixels:,} that an animation may have. Ask for fewer or smaller ones."
            )

    def check_output(self, name: str, placement: Placement, frames: int) -> None:
        """Raise ImageTooLarge if a rendition would have too many pixels, its frames counted."""
        # Both are made: before it is put on its canvas, a picture may be larger than that.
        pixels = frames * max(size[0] * size[1] for size in (placement.size, placement.canvas))
        if pixels > self.output_pixels:
            raise ImageTooLarge(f"The rendition {name} would have more than {self.output_pixels:,} pixels.")


def predicted_bytes(image_format: ImageFormat, mode: str, decoded: Size) -> int:
    """How many bytes of memory it takes to decode so many pixels of such a file."""
    picture = _PICTURE_BYTES.get(mode, 4) + (0 if mode in _PLAIN_MODES else _CONVERTED_BYTES)
    picture += _PREMULTIPLIED_BYTES if mode.endswith("A") else 0
    return decoded[0] * decoded[1] * (picture + _DECODER_BYTES[image_format])
