"""The frames of an animated PNG, composed as the format says (PNG third edition, 11.3.2 and 13.2).

Pillow composes them too, but squares the alpha of what lies over something, and does not take back frames
that are to be taken back.
"""

from collections.abc import Iterable, Iterator

from PIL import Image
from PIL.PngImagePlugin import Blend, Disposal, PngImageFile

from worker.imaging.pixels import plain

_CLEAR = (0, 0, 0, 0)
_GREYS = ("1", "L", "LA", "I;16")


def composed_frames(image: PngImageFile, numbers: Iterable[int]) -> Iterator[Image.Image]:
    """The whole picture (L, LA, RGB or RGBA) at each of these frames: all there are, in order."""
    is_grey = image.mode in _GREYS
    canvas = Image.new("RGBA", image.size, _CLEAR)
    for number in numbers:
        image.seek(number)
        box, blend, disposal = image.info["bbox"], image.blend_op, image.dispose_op
        image.blend_op = Blend.OP_SOURCE  # so that Pillow gives the part as it is stored
        image.load()
        part = plain(image.crop(box)).convert("RGBA")
        before = canvas.copy() if disposal == Disposal.OP_PREVIOUS else None
        if blend == Blend.OP_OVER:
            canvas.alpha_composite(part, box[:2])
        else:
            canvas.paste(part, box[:2])
        mode = ("L" if is_grey else "RGB") + ("A" if _has_holes(canvas) else "")
        yield canvas.copy() if mode == "RGBA" else canvas.convert(mode)
        if disposal == Disposal.OP_BACKGROUND:
            canvas.paste(_CLEAR, box)
        elif before is not None:
            canvas = before


def _has_holes(canvas: Image.Image) -> bool:
    return canvas.getchannel("A").getextrema() != (255, 255)
