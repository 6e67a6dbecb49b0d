"""Which way up a picture is meant to be seen: the EXIF tag, and the turn that it asks for."""

from PIL import ExifTags, Image

UPRIGHT = 1

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
    """The EXIF orientation, 1 to 8; 1 if there is none that makes sense."""
    try:
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    # A broken EXIF block ends in many kinds of exception; the photograph beside it is still good.
    except Exception:
        return UPRIGHT
    return orientation if orientation in _TURNS else UPRIGHT


def is_sideways(orientation: int) -> bool:
    """Whether width and height change places when the picture is set upright."""
    return orientation >= 5


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as it is meant to be seen."""
    return image.transpose(_TURNS[orientation]) if orientation in _TURNS else image
