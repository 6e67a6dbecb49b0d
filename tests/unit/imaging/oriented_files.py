"""One picture, stored in each of the eight turns, in each format that can say how it was turned."""

import struct

from PIL import ExifTags, Image

from tests.unit.imaging.samples import file_of, four_corners

# The turn that undoes another is itself, except for the two quarter turns.
_UNDOING = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
_STAND_IN = ExifTags.Base.YCbCrPositioning
"""A tag that writers leave alone, until it is renamed in the finished file."""


def exif(orientation: int) -> bytes:
    """An EXIF block with nothing but an orientation."""
    tags = Image.Exif()
    tags[ExifTags.Base.Orientation] = orientation
    return tags.tobytes()


def turned_away(image: Image.Image, orientation: int) -> Image.Image:
    """The picture as it has to be stored to be shown upright with this orientation."""
    return image.transpose(_UNDOING[orientation]) if orientation in _UNDOING else image


def oriented(orientation: int, kind: str) -> bytes:
    """A file that shows `four_corners(160, 80)` once its orientation is applied."""
    image = turned_away(four_corners(160, 80), orientation)
    if kind == "TIFF":
        return file_of(image, kind, tiffinfo={int(ExifTags.Base.Orientation): orientation})
    if kind == "JXL":
        return turned_jxl(file_of(image, kind, quality=95), orientation)
    return file_of(image, kind, exif=exif(orientation))


def with_lying_exif(image: Image.Image, kind: str, orientation: int, **options: object) -> bytes:
    """An AVIF or HEIF file whose EXIF names an orientation that its container does not have."""
    tags = Image.Exif()
    tags[_STAND_IN] = orientation
    data = file_of(image, kind, exif=tags.tobytes(), **options)
    entry = struct.pack(">HHI", _STAND_IN, 3, 1)
    assert data.count(entry) == 1
    return data.replace(entry, struct.pack(">HHI", ExifTags.Base.Orientation, 3, 1))


def turned_jxl(codestream: bytes, orientation: int) -> bytes:
    """The JPEG XL picture with this orientation in its own header (ISO/IEC 18181-1, annex D).

    It must be as Pillow writes colour pictures with loss: all of its header at its defaults.
    """
    bits = "".join(f"{byte:08b}"[::-1] for byte in codestream[2:24])
    size = bits[: _size_bits(bits)]
    assert bits[len(size) : len(size) + 2] == "11", "not the header of a plain picture"
    end = 2 + (len(size) + 2 + 7) // 8
    # Not all default; extra fields: orientation, no intrinsic size, no preview, no animation; eight bits,
    # small buffers, no extra channels, XYB, sRGB, tones as they are, no extensions; default transform.
    turn = f"{orientation - 1:03b}"[::-1]
    header = size + "0" + "1" + turn + "000" + "000" + "1" + "00" + "1" + "1" + "1" + "00" + "1"
    header += "0" * (-len(header) % 8)
    written = bytes(int(header[place : place + 8][::-1], 2) for place in range(0, len(header), 8))
    return codestream[:2] + written + codestream[end:]


def boxed_jxl(codestream: bytes, exif_block: bytes) -> bytes:
    """The JPEG XL picture in a container, together with EXIF (ISO/IEC 18181-2)."""
    tiff = exif_block.removeprefix(b"Exif\0\0")
    return b"".join(
        (
            _box(b"JXL ", b"\r\n\x87\n"),
            _box(b"ftyp", b"jxl \0\0\0\0jxl "),
            _box(b"Exif", bytes(4) + tiff),
            _box(b"jxlc", codestream),
        )
    )


def _box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def _size_bits(bits: str) -> int:
    """How long a SizeHeader is."""
    is_small, place = bits[0] == "1", 1

    def length(place: int) -> int:
        if is_small:
            return place + 5
        return place + 2 + (9, 13, 18, 30)[int(bits[place : place + 2][::-1], 2)]

    place = length(place)
    has_ratio = bits[place : place + 3] != "000"
    return place + 3 if has_ratio else length(place + 3)
