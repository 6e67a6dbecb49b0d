"""Animations put together by hand from cels, in three formats, and looked at frame by frame.

A cel covers a part of the canvas and may let through what was there before. Most writers put whole pictures
into their files; what others make of the formats can be told only from files like these.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Literal

from PIL import Image, ImageSequence

from tests.unit.imaging.png_files import PNG_SIGNATURE, png_chunk
from tests.unit.imaging.samples import file_of

FOR_EVER = 0
Colour = tuple[int, ...]
Disposal = Literal["keep", "clear", "previous"]


@dataclass(frozen=True)
class Cel:
    """A picture (RGBA, alpha all or nothing) put at a place for so many milliseconds, and what follows."""

    image: Image.Image
    place: tuple[int, int] = (0, 0)
    ms: int = 100
    disposal: Disposal = "keep"


@dataclass(frozen=True)
class Movie:
    """What is seen of a file: its frames as RGBA, how long each is shown, how often all of it."""

    frames: list[Image.Image]
    durations_ms: list[float]
    plays: int


def flat(size: tuple[int, int], colour: str | Colour) -> Image.Image:
    """A cel of one colour."""
    return Image.new("RGBA", size, colour)


def composed(size: tuple[int, int], cels: Sequence[Cel]) -> list[Image.Image]:
    """What has to be seen of the cels, one after the other."""
    canvas, shown = Image.new("RGBA", size), []
    for cel in cels:
        before = canvas.copy()
        canvas.alpha_composite(cel.image, cel.place)
        shown.append(canvas.copy())
        if cel.disposal == "clear":
            canvas.paste((0, 0, 0, 0), (*cel.place, *_far_corner(cel)))
        elif cel.disposal == "previous":
            canvas = before
    return shown


def watched(data: bytes) -> Movie:
    """The frames of a file, as Pillow composes them."""
    frames, durations = [], []
    with Image.open(BytesIO(data)) as image:
        for frame in ImageSequence.Iterator(image):
            frame.load()
            frames.append(frame.convert("RGBA"))
            durations.append(float(frame.info.get("duration", 0)))
        loop = image.info.get("loop")
        if image.format == "GIF":
            return Movie(frames, durations, 1 if loop is None else FOR_EVER if loop == 0 else loop + 1)
        return Movie(frames, durations, loop or FOR_EVER)


def animation(kind: str, size: tuple[int, int], cels: Sequence[Cel], plays: int = FOR_EVER) -> bytes:
    """The cels as a GIF, APNG or WebP file."""
    if kind == "GIF":
        return gif(size, cels, plays)
    return apng(size, cels, plays) if kind == "PNG" else webp(size, cels, plays)


def gif(
    size: tuple[int, int], cels: Sequence[Cel], plays: int = FOR_EVER, *, shared: Sequence[Colour] = ()
) -> bytes:
    """A GIF89a; each cel has a palette of its own, unless all keep to the colours of a `shared` one."""
    flags = 0xF7 if shared else 0x70
    screen = struct.pack("<6sHHBBB", b"GIF89a", *size, flags, 0, 0) + (_palette(shared) if shared else b"")
    loop = b"" if plays == 1 else b"!\xff\x0bNETSCAPE2.0\3\1" + struct.pack("<HB", max(0, plays - 1), 0)
    return screen + loop + b"".join(_gif_frame(cel, shared) for cel in cels) + b";"


def apng(
    size: tuple[int, int],
    cels: Sequence[Cel],
    plays: int = FOR_EVER,
    *,
    default: Image.Image | None = None,
) -> bytes:
    """An APNG; with a `default` picture for those who know no animations, it is no part of this one."""
    chunks, number = [], 0
    if default is not None:
        chunks.append(png_chunk(b"IDAT", _deflated(default)))
    for cel in cels:
        chunks.append(png_chunk(b"fcTL", _frame_control(cel, number)))
        number += 1
        if cel is cels[0] and default is None:
            chunks.append(png_chunk(b"IDAT", _deflated(cel.image)))
        else:
            chunks.append(png_chunk(b"fdAT", struct.pack(">I", number) + _deflated(cel.image)))
            number += 1
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 6, 0, 0, 0))
    control = png_chunk(b"acTL", struct.pack(">II", len(cels), plays))
    return PNG_SIGNATURE + header + control + b"".join(chunks) + png_chunk(b"IEND", b"")


def webp(size: tuple[int, int], cels: Sequence[Cel], plays: int = FOR_EVER) -> bytes:
    """An animated WebP without loss (RFC 9649, 2.7). It knows no disposal to the previous frame."""
    animation_and_alpha = 0x12
    canvas = struct.pack("<I", animation_and_alpha) + _three(size[0] - 1) + _three(size[1] - 1)
    frames = b"".join(_riff(b"ANMF", _webp_frame(cel)) for cel in cels)
    content = b"WEBP" + _riff(b"VP8X", canvas) + _riff(b"ANIM", struct.pack("<IH", 0, plays)) + frames
    return _riff(b"RIFF", content)


def _far_corner(cel: Cel) -> tuple[int, int]:
    return cel.place[0] + cel.image.width, cel.place[1] + cel.image.height


def _gif_frame(cel: Cel, shared: Sequence[Colour]) -> bytes:
    colours = list(shared) or _colours(cel.image)
    clear = len(colours)
    known = {colour: index for index, colour in enumerate(colours)}
    pixels = bytes(clear if pixel[3] == 0 else known[pixel[:3]] for pixel in _pixels(cel.image))
    disposal = {"keep": 1, "clear": 2, "previous": 3}[cel.disposal]
    control = b"!\xf9\4" + struct.pack("<BHBB", disposal << 2 | 1, cel.ms // 10, clear, 0)
    local = b"\0" if shared else b"\x87"
    place = b"," + struct.pack("<HHHH", *cel.place, *cel.image.size) + local
    return control + place + (b"" if shared else _palette(colours)) + _uncompressed(pixels)


def _palette(colours: Sequence[Colour]) -> bytes:
    return b"".join(bytes(colour[:3]) for colour in colours).ljust(768, b"\0")


def _colours(image: Image.Image) -> list[Colour]:
    return sorted({pixel[:3] for pixel in _pixels(image) if pixel[3]})


def _pixels(image: Image.Image) -> Iterator[Colour]:
    data = image.tobytes()
    return (tuple(data[place : place + 4]) for place in range(0, len(data), 4))


def _uncompressed(pixels: bytes) -> bytes:
    """The codes of LZW for pixels as they are: its table is cleared before the codes get longer."""
    clear, end, bits, run = 256, 257, 9, 254
    codes: list[int] = []
    for place in range(0, len(pixels), run):
        codes += [clear, *pixels[place : place + run]]
    packed = sum(code << (bits * position) for position, code in enumerate((*codes, end)))
    data = packed.to_bytes((bits * (len(codes) + 1) + 7) // 8, "little")
    blocks = (data[place : place + 255] for place in range(0, len(data), 255))
    return b"\x08" + b"".join(bytes((len(block),)) + block for block in blocks) + b"\0"


def _deflated(image: Image.Image) -> bytes:
    data, stride = image.tobytes(), 4 * image.width
    return zlib.compress(
        b"".join(b"\0" + data[place : place + stride] for place in range(0, len(data), stride))
    )


def _frame_control(cel: Cel, number: int) -> bytes:
    disposal = {"keep": 0, "clear": 1, "previous": 2}[cel.disposal]
    over = 1
    return struct.pack(">IIIIIHHBB", number, *cel.image.size, *cel.place, cel.ms, 1000, disposal, over)


def _webp_frame(cel: Cel) -> bytes:
    left, top = (offset // 2 for offset in cel.place)
    width, height = cel.image.size
    disposal = 1 if cel.disposal == "clear" else 0
    head = b"".join(_three(number) for number in (left, top, width - 1, height - 1, cel.ms))
    still = file_of(cel.image, "WEBP", lossless=True, exact=True)
    return head + bytes((disposal,)) + still[12:]


def _riff(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]
