"""Small images made for one purpose each."""

from io import BytesIO

import pillow_heif
import pillow_jxl  # noqa: F401  # registers itself with Pillow
from PIL import Image

pillow_heif.register_heif_opener()

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
CORNERS = (RED, GREEN, BLUE, WHITE)

READABLE = ("JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP", "HEIF", "JXL")
MADE = ("jpeg", "png", "webp", "avif", "gif")


def file_of(image: Image.Image, image_format: str, **options: object) -> bytes:
    """The image as a file."""
    file = BytesIO()
    image.save(file, image_format, **options)
    return file.getvalue()


def opened(data: bytes) -> Image.Image:
    """The picture in a file, loaded."""
    image = Image.open(BytesIO(data))
    image.load()
    return image


def flat(colour: tuple[int, ...], mode: str = "RGB") -> Image.Image:
    """A picture of one colour."""
    return Image.new(mode, (20, 20), colour)


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


def seen_at(image: Image.Image, place: tuple[int, int]) -> tuple[int, int, int, int]:
    """Red, green, blue and alpha of a pixel."""
    red, green, blue, alpha = image.crop((*place, place[0] + 1, place[1] + 1)).convert("RGBA").tobytes()
    return red, green, blue, alpha


def middle(image: Image.Image) -> tuple[int, ...]:
    """The pixel in the middle."""
    value = image.getpixel((image.width // 2, image.height // 2))
    return value if isinstance(value, tuple) else (int(value or 0),)
