"""Images to work on."""

from io import BytesIO

from PIL import Image


def png(width: int, height: int) -> bytes:
    """A PNG of one grey: a small file, though every pixel takes four bytes once it is decoded."""
    return _png(Image.new("LA", (width, height), (99, 255)))


def noise_png(width: int, height: int) -> bytes:
    """A PNG whose renditions are about as large as they can be."""
    channel = Image.effect_noise((width, height), 99)
    return _png(Image.merge("RGB", (channel, channel.rotate(90), channel.rotate(180))))


def two_frames() -> bytes:
    """A GIF that moves."""
    file = BytesIO()
    frames = [Image.new("RGB", (60, 40), colour) for colour in ("red", "blue")]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:], duration=100)
    return file.getvalue()


def _png(image: Image.Image) -> bytes:
    file = BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()
