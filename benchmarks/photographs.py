"""Pictures to measure with: they look and compress roughly like photographs, and no two are alike.

A scene of light, soft shapes and texture is painted at a quarter of the size, enlarged, and given the grain
of a camera at full size. So 12 megapixels take a fifth of a second and, at quality 90, about 3 MB.
"""

from io import BytesIO
from random import Random

from PIL import Image, ImageDraw, ImageFilter

Size = tuple[int, int]

SCENE_SCALE = 4
SHAPES = 40
# Shares of noise of ever finer texture, coarse to fine: a photograph has about as much in every octave.
TEXTURE = ((32, 0.22), (8, 0.14), (2, 0.12), (1, 0.10))
GRAIN = 0.045
PALENESS = 0.5
GRAIN_ROWS = 256


def make_photograph(width: int, height: int, *, seed: int, quality: int = 90) -> bytes:
    """A JPEG of this size in pixels; the same seed gives the same bytes, another seed another picture."""
    dice = Random(seed)
    light, blue, red = _scene(dice, (_part(width, SCENE_SCALE), _part(height, SCENE_SCALE))).split()
    full = (width, height)
    channels = (_with_grain(dice, _enlarged(light, full)), _tinted(blue, full), _tinted(red, full))
    image = Image.merge("YCbCr", channels)
    file = BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def _scene(dice: Random, size: Size) -> Image.Image:
    """Light and shapes with texture, in YCbCr."""
    scene = _noise(dice, "RGB", (4, 3)).resize(size, Image.Resampling.BICUBIC)
    _draw_shapes(dice, scene)
    scene = scene.filter(ImageFilter.BoxBlur(1)).convert("YCbCr")
    light, blue, red = scene.split()
    for coarseness, share in TEXTURE:
        texture = _noise(dice, "L", (_part(size[0], coarseness), _part(size[1], coarseness)))
        light = Image.blend(light, _enlarged(texture, size), share)
    grey = Image.new("L", size, 128)
    return Image.merge("YCbCr", (light, Image.blend(blue, grey, PALENESS), Image.blend(red, grey, PALENESS)))


def _draw_shapes(dice: Random, scene: Image.Image) -> None:
    """Things near and far: the later, the smaller."""
    draw = ImageDraw.Draw(scene)
    for number in range(SHAPES):
        reach = max(scene.size) / (3 + number)
        x, y = dice.uniform(0, scene.width), dice.uniform(0, scene.height)
        box = (x, y, x + reach * dice.uniform(0.3, 1), y + reach * dice.uniform(0.3, 1))
        shape = dice.choice((draw.ellipse, draw.rectangle))
        shape(box, fill=(dice.randrange(256), dice.randrange(256), dice.randrange(256)))


def _with_grain(dice: Random, light: Image.Image) -> Image.Image:
    """The same with the noise of a sensor; a strip of it, shifted each time it is used, serves the whole."""
    strip = _noise(dice, "L", (light.width, min(light.height, GRAIN_ROWS)))
    grain = Image.new("L", light.size)
    for top in range(0, light.height, strip.height):
        shift = dice.randrange(light.width)
        grain.paste(strip, (shift, top))
        grain.paste(strip, (shift - light.width, top))
    return Image.blend(light, grain, GRAIN)


def _tinted(colour: Image.Image, size: Size) -> Image.Image:
    """A channel of colour at full size; JPEG keeps half of its lines, so that no more are worked out."""
    half = (_part(size[0], 2), _part(size[1], 2))
    return _enlarged(colour, half).resize(size, Image.Resampling.NEAREST)


def _enlarged(image: Image.Image, size: Size) -> Image.Image:
    return image.resize(size, Image.Resampling.BILINEAR)


def _noise(dice: Random, mode: str, size: Size) -> Image.Image:
    return Image.frombytes(mode, size, dice.randbytes(size[0] * size[1] * len(mode)))


def _part(length: int, share: int) -> int:
    return max(1, length // share)
