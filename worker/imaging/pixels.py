"""What the numbers of a pixel mean: every kind of picture that a decoder gives, made one of five."""

from collections.abc import Callable

from PIL import Image, ImageFile

PLAIN_MODES = ("L", "LA", "RGB", "RGBA", "CMYK")

DEEPEST = 65535
# Rounded; dividing by 256 would turn white into 254 at some depths, and Pillow's own conversion clips at 255.
_TO_EIGHT_BITS = [(value * 255 + DEEPEST // 2) // DEEPEST for value in range(DEEPEST + 1)]

# Pillow gives the transparent colour of a PNG in the file's depth, its pixels in 8 bits.
_TRANSPARENT_SCALES: dict[str, Callable[[int], int]] = {
    "L;2": lambda value: value * 85,
    "L;4": lambda value: value * 17,
    "RGB;16B": lambda value: value >> 8,
}


def match_transparent_colour(image: ImageFile.ImageFile) -> None:
    """Bring the colour that a PNG declares transparent to the depth of its pixels, before they are loaded."""
    transparent = image.info.get("transparency")
    scale = _TRANSPARENT_SCALES.get(str(image.tile[0].args)) if image.tile else None
    if scale is None or transparent is None:
        return
    image.info["transparency"] = (
        tuple(scale(value) for value in transparent) if isinstance(transparent, tuple) else scale(transparent)
    )


def plain(image: Image.Image) -> Image.Image:
    """The picture in one of PLAIN_MODES, 8 bits a channel, every kind of transparency as an alpha channel."""
    if image.mode.startswith("I"):
        return _eight_bits(image)
    if image.mode in ("1", "L"):
        return image.convert("LA" if image.has_transparency_data else "L")
    if image.mode in PLAIN_MODES and "transparency" not in image.info:
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """A 16-bit grey picture in 8 bits."""
    deep = image.convert("I")
    grey = deep.point(_TO_EIGHT_BITS, "L")
    transparent = image.info.get("transparency")
    if transparent is not None:
        # Compared at full depth: 256 greys of the file share each one of the result.
        grey.putalpha(deep.point([255 * (value != transparent) for value in range(DEEPEST + 1)], "L"))
    return grey


def flattened(image: Image.Image, background: str = "white") -> Image.Image:
    """The picture without alpha, as it looks on a background of this colour."""
    if not image.mode.endswith("A"):
        return image
    colour = image.convert(image.mode.removesuffix("A"))
    ground = Image.new(colour.mode, colour.size, background)
    ground.paste(colour, mask=image.getchannel("A"))
    return ground
