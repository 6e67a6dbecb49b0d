"""What lies behind and around a picture: its background, and the canvas that it is put on."""

from PIL import Image, ImageColor

from worker.imaging.geometry import Placement

Rgba = tuple[int, int, int, int]

OPAQUE = 255

_CLEAR: Rgba = (0, 0, 0, 0)
_WHITE: Rgba = (255, 255, 255, 255)


def colour_of(text: str) -> Rgba:
    """Red, green, blue and alpha, 0 to 255, of a colour as the messages spell it."""
    if text == "transparent":
        return _CLEAR
    name = text if text in ("white", "black") or text.startswith("#") else f"#{text}"
    red, green, blue, alpha = ImageColor.getcolor(name, "RGBA")  # type: ignore[misc]  # four, for this mode
    return red, green, blue, alpha


def flattened(image: Image.Image, background: Rgba) -> Image.Image:
    """The picture without alpha, as it looks on a background; one that lets light through lies on white."""
    if not image.mode.endswith("A"):
        return image
    ground = Image.new("RGBA", image.size, _WHITE)
    for layer in (Image.new("RGBA", image.size, background), image.convert("RGBA")):
        ground.alpha_composite(layer)
    is_grey = image.mode == "LA" and _is_grey(background)
    return ground.convert("L" if is_grey else "RGB")


def on_canvas(image: Image.Image, placement: Placement, background: Rgba) -> Image.Image:
    """The picture in its place on a canvas of this colour; the picture itself if it fills the canvas."""
    if placement.canvas == placement.size:
        return image
    mode = _mode_for(image.mode, background)
    canvas = Image.new("RGBA", placement.canvas, background).convert(mode)
    canvas.paste(image.convert(mode), placement.offset)
    return canvas


def _mode_for(mode: str, background: Rgba) -> str:
    """The least mode that holds both the picture and the background."""
    has_alpha = mode.endswith("A") or background[3] < OPAQUE
    colours = "L" if mode in ("L", "LA") and _is_grey(background) else "RGB"
    return colours + ("A" if has_alpha else "")


def _is_grey(colour: Rgba) -> bool:
    return len(set(colour[:3])) == 1
