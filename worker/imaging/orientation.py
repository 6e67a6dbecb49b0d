"""Which way up a picture is meant to be seen, and the turn that it asks for.

A file may say it in EXIF or in its container, and some decoders turn the picture by themselves: it has to be
turned once. What is read here is what is still to be done.
"""

from typing import BinaryIO

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from pipeline.image_formats import HEIF, JXL, TIFF, ImageFormat

UPRIGHT = 1

_LONGEST_HEAD = 256 * 1024

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_orientation(image: Image.Image) -> int:
    """The orientation that the file states, 1 to 8 as in EXIF; 1 if there is none that makes sense."""
    if "original_orientation" in image.info:  # the HEIF plug-in has turned the picture and removed the tag
        return _sensible(image.info["original_orientation"])
    try:
        return _sensible(_exif_of(image).get(ExifTags.Base.Orientation))
    # A broken EXIF block ends in many kinds of exception; the photograph beside it is still good.
    except Exception:
        return UPRIGHT


def _exif_of(image: Image.Image) -> Image.Exif:
    """The EXIF alone: Pillow would look into XMP as well, where editors leave turns that they have done."""
    block = image.info.get("exif")
    if block is None:
        is_elsewhere = isinstance(image, TiffImageFile) or "Raw profile type exif" in image.info
        return image.getexif() if is_elsewhere else Image.Exif()
    exif = Image.Exif()
    exif.load(block)
    return exif


def is_turned_by_decoder(image_format: ImageFormat, image: Image.Image) -> bool:
    """Whether the pixels and the size that Pillow gives are those of the upright picture already.

    The size and the turn of a JPEG XL are in its codestream, whatever its EXIF says, unless it is a JPEG in
    disguise.
    """
    return image_format in (TIFF, HEIF) or (image_format is JXL and not getattr(image, "jpeg", False))


def is_turned_while_read(image_format: ImageFormat, file: BinaryIO) -> bool:
    """Whether the decoder turns the picture because the file states an orientation.

    A HEIF picture is turned by its container; EXIF that says the same does nothing.
    """
    if image_format is not HEIF:
        return image_format is TIFF
    place = file.tell()
    file.seek(0)
    head = file.read(_LONGEST_HEAD)
    has_turn = b"irot" in head or b"imir" in head
    file.seek(place)
    return has_turn


def is_sideways(orientation: int) -> bool:
    """Whether width and height change places when the picture is set upright."""
    return orientation >= 5


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as it is meant to be seen."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image


def _sensible(orientation: object) -> int:
    return orientation if isinstance(orientation, int) and orientation in _TURNS else UPRIGHT
