"""What draws the eye in a picture: the place on which a crop is centred.

Eyes go to detail, to what has another colour than most of the picture (after Achanta and others, "Frequency-
tuned Salient Region Detection", 2009), to strong colours, and to skin. Each is measured for every column, or
row, of a small copy; the crop goes where most of it is near its middle. A crop is cut off at two sides at
most, so there is only one direction to look in.
"""

from collections.abc import Sequence

from PIL import Image, ImageChops, ImageFilter, ImageStat

from worker.imaging.geometry import Point, Size

_MIDDLE = 0.5
# How much each counts. Detail comes in small numbers: its weight makes it as strong as the others.
_DETAIL, _DIFFERENCE, _STRENGTH, _SKIN = 5.0, 1.0, 0.5, 1.0
_DETAIL_RADIUS, _COLOUR_RADIUS = 2, 1
# Skin of all shades has nearly one chroma: Chai and Ngan, "Face Segmentation Using Skin-Color Map", 1999.
_SKIN_BLUE, _SKIN_RED = (77, 127), (133, 173)
_SOFTNESS = 6
# Noise must not move the crop of a picture that is the same all over.
_DIGITS = 3


def focus(image: Image.Image, crop: Size) -> Point:
    """The point on which to centre a crop of this aspect ratio, from 0, 0 (top left) to 1, 1.

    The picture is L, LA, RGB or RGBA; about 100 pixels are enough, and more take longer. Where it is the same
    all over, or crop and picture have one shape, that is the middle.
    """
    width, height = image.size
    is_across = width * crop[1] > height * crop[0]
    length, part = (width, height * crop[0] / crop[1]) if is_across else (height, width * crop[1] / crop[0])
    best = _best_middle(_interest(image, is_across=is_across), part) / length
    return (best, _MIDDLE) if is_across else (_MIDDLE, best)


def _interest(image: Image.Image, *, is_across: bool) -> list[float]:
    """How much there is to see in each column (across), or in each row."""
    alpha = image.getchannel("A") if image.mode.endswith("A") else None
    colours = image.convert("RGBA").convert("RGB") if alpha else image.convert("RGB")
    if alpha and not alpha.getbbox():
        return [0.0] * (image.width if is_across else image.height)
    mean = Image.new("RGB", image.size, tuple(round(value) for value in ImageStat.Stat(colours, alpha).mean))
    if alpha:
        colours = Image.composite(colours, mean, alpha)
    measures = (
        (_detail(colours), _DETAIL),
        (_difference(colours, mean), _DIFFERENCE),
        (_strength(colours), _STRENGTH),
        (_skin(colours), _SKIN),
    )
    total = [0.0] * (image.width if is_across else image.height)
    for measure, weight in measures:
        seen = ImageChops.multiply(measure, alpha) if alpha else measure
        total = [a + weight * b for a, b in zip(total, _means(seen, is_across=is_across), strict=True)]
    return total


def _best_middle(interest: Sequence[float], part: float) -> float:
    """Where to put the middle of a window so that as much as can be is in it, and near its middle."""
    length = len(interest)
    room = max(0.0, length - part)
    steps = 2 * max(1, round(room / 2))  # even: the middle is among them
    middles = [part / 2 + room * step / steps for step in range(steps + 1)] if room else [length / 2]
    return max(
        middles,
        key=lambda middle: (round(_seen(interest, middle, part), _DIGITS), -abs(middle - length / 2)),
    )


def _seen(interest: Sequence[float], middle: float, part: float) -> float:
    """The mean of what is in the window; what is at its border counts nothing."""
    half = (part + 1) / 2  # so that a window as narrow as a pixel sees something wherever it is
    begin, end = max(0, int(middle - half)), min(len(interest), int(middle + half) + 1)
    weights = [max(0.0, 1 - ((place + 0.5 - middle) / half) ** 2) for place in range(begin, end)]
    seen = sum(weight * value for weight, value in zip(weights, interest[begin:end], strict=True))
    return seen / sum(weights)


def _detail(colours: Image.Image) -> Image.Image:
    grey = colours.convert("L")
    return ImageChops.difference(grey, grey.filter(ImageFilter.GaussianBlur(_DETAIL_RADIUS)))


def _difference(colours: Image.Image, mean: Image.Image) -> Image.Image:
    soft = colours.filter(ImageFilter.GaussianBlur(_COLOUR_RADIUS))
    return _largest(ImageChops.difference(soft, mean))


def _strength(colours: Image.Image) -> Image.Image:
    red, green, blue = colours.split()
    smallest = ImageChops.darker(ImageChops.darker(red, green), blue)
    return ImageChops.subtract(_largest(colours), smallest)


def _largest(colours: Image.Image) -> Image.Image:
    red, green, blue = colours.split()
    return ImageChops.lighter(ImageChops.lighter(red, green), blue)


def _skin(colours: Image.Image) -> Image.Image:
    _, blue, red = colours.convert("YCbCr").split()
    return ImageChops.darker(blue.point(_between(*_SKIN_BLUE)), red.point(_between(*_SKIN_RED)))


def _between(low: int, high: int) -> list[int]:
    """A table that is 255 between these values and falls off softly beside them."""
    away = (max(low - value, value - high, 0) for value in range(256))
    return [max(0, 255 - 255 * distance // _SOFTNESS) for distance in away]


def _means(measure: Image.Image, *, is_across: bool) -> list[float]:
    size = (measure.width, 1) if is_across else (1, measure.height)
    line = measure.convert("F").resize(size, Image.Resampling.BOX)
    return [float(line.getpixel((x, y)) or 0.0) for y in range(line.height) for x in range(line.width)]  # type: ignore[arg-type]  # one number in this mode
