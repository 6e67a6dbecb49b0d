"""Images to work on."""

from io import BytesIO

from PIL import Image


def png(width: int, height: int) -> bytes:
    """A PNG of one grey: a small file, though every pixel takes four bytes once it is decoded."""
    file = BytesIO()
    Image.new("LA", (width, height), (99, 255)).save(file, "PNG", compress_level=1)
    return file.getvalue()
