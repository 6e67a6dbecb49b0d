"""Images for the end-to-end tests, made by Pillow."""

import io

from PIL import Image

from benchmarks.photographs import make_photograph


def lying_photograph() -> bytes:
    """A photograph of 2 to 3 MB taken with the camera on its side: red on the left once it is upright."""
    with Image.open(io.BytesIO(make_photograph(3000, 4000, seed=7))) as upright:
        upright.paste((250, 10, 10), (0, 0, 1000, 4000))
        lying = upright.transpose(Image.Transpose.ROTATE_90)
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn by 90 degrees clockwise to see it upright
    return _encoded(lying, "JPEG", quality=92, exif=exif)


def slow_image() -> bytes:
    """An image that is small as a file and takes a worker a good part of a second: 96 megapixels."""
    return _encoded(Image.new("RGB", (12_000, 8_000), (90, 120, 30)), "PNG", compress_level=1)


def image_of_a_moment() -> bytes:
    """An image that is small as a file and takes a worker a few tenths of a second: 24 megapixels."""
    return _encoded(Image.new("RGB", (6_000, 4_000), (90, 120, 30)), "PNG", compress_level=1)


def small_photograph(seed: int) -> bytes:
    """A photograph that takes no time."""
    return make_photograph(640, 480, seed=seed)


def _encoded(image: Image.Image, image_format: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, image_format, **options)
    return target.getvalue()
