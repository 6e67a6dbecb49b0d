"""Pictures of few colours, as GIF has them: a palette of 256 and transparency that is all or nothing."""

from PIL import Image

MOST_COLOURS = 256
HALF = 128
"""From this alpha on a pixel is seen."""


def paletted(image: Image.Image, *, has_alpha: bool) -> Image.Image:
    """The picture (L, LA, RGB or RGBA) in mode P; with alpha the last entry of the palette is transparent.

    The colours are the picture's own if they are few enough, otherwise the best 255 or 256, dithered.
    """
    most = MOST_COLOURS - 1 if has_alpha else MOST_COLOURS
    colours = image.convert("RGB")
    hidden = _hidden(image) if has_alpha else None
    if hidden is not None:
        colours.paste(_a_seen_colour(colours, hidden), mask=hidden)  # what nobody sees takes no entry
    palette = colours.quantize(most, Image.Quantize.MEDIANCUT)
    picture = palette
    if colours.getcolors(most) is None:
        picture = colours.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
    if hidden is not None:
        picture.paste(most, mask=hidden)
        picture.info["transparency"] = most
    return picture


def _hidden(image: Image.Image) -> Image.Image:
    """A mask of what is not seen."""
    return image.convert("RGBA").getchannel("A").point([255 * (alpha < HALF) for alpha in range(256)])


def _a_seen_colour(colours: Image.Image, hidden: Image.Image) -> tuple[int, ...]:
    box = hidden.point([255 - value for value in range(256)]).getbbox()
    if box is None:
        return (0, 0, 0)
    top = box[1]
    row = hidden.crop((0, top, hidden.width, top + 1)).tobytes()
    pixel = colours.getpixel((row.index(0), top))
    assert isinstance(pixel, tuple)
    return pixel
