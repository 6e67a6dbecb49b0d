"""Small images made for one purpose each."""

import struct
import zlib
from io import BytesIO

from PIL import Image

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
CORNERS = (RED, GREEN, BLUE, WHITE)

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
GREY, TRUE_COLOUR = 0, 2


def file_of(image: Image.Image, image_format: str, **options: object) -> bytes:
    """The image as a file."""
    file = BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def four_corners(width: int, height: int) -> Image.Image:
    """Red and green above, blue and white below."""
    image = Image.new("RGB", (2, 2))
    image.putdata(CORNERS)
    return image.resize((width, height), Image.Resampling.NEAREST)


def noise(width: int, height: int) -> Image.Image:
    """A picture that no format can make small."""
    return Image.effect_noise((width, height), 100).convert("RGB")


def corners_of(image: Image.Image) -> tuple[tuple[int, int, int], ...]:
    """The pure colours that the four corners are nearest to: red, green, blue or white."""
    shown = image.convert("RGB")
    right, bottom = shown.width - 1, shown.height - 1
    places = ((0, 0), (right, 0), (0, bottom), (right, bottom))
    return tuple(nearest_colour(shown.getpixel(place)) for place in places)


def nearest_colour(pixel: object) -> tuple[int, int, int]:
    """Red, green, blue or white, whichever is nearest."""
    assert isinstance(pixel, tuple)
    return min(CORNERS, key=lambda colour: sum((a - b) ** 2 for a, b in zip(colour, pixel[:3], strict=True)))


def png_chunk(kind: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png_row(
    row: bytes, *, width: int, depth: int, colour: int, transparent: bytes = b"", last: bytes = b""
) -> bytes:
    """A PNG of one row, given as it is stored; `last` are chunks that follow the pixels."""
    header = struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0)
    return b"".join(
        (
            PNG_SIGNATURE,
            png_chunk(b"IHDR", header),
            png_chunk(b"tRNS", transparent) if transparent else b"",
            png_chunk(b"IDAT", zlib.compress(b"\0" + row)),
            last,
            png_chunk(b"IEND", b""),
        )
    )
