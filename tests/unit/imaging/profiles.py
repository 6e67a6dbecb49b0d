"""Colour profiles whose effect cannot be overlooked."""

import struct

from PIL import ImageCms


def red_green_swapped() -> bytes:
    """sRGB with the primaries of red and green exchanged: its red is the green of sRGB."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    table_end = 128 + 4 + 12 * struct.unpack(">I", profile[128:132])[0]
    table = profile[:table_end].replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")
    return table + profile[table_end:]


def srgb() -> bytes:
    """sRGB itself."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def cyan_ink_is_red() -> bytes:
    """A CMYK printer whose cyan looks red, on white paper (ICC.1:2001, a lut8Type from CMYK to Lab)."""
    white, red, black = bytes((255, 128, 128)), bytes((135, 208, 195)), bytes((0, 128, 128))
    # From no ink to all, cyan changing slowest; any other ink than cyan alone gives black.
    grid = white + black * 7 + red + black * 7
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    linear = bytes(range(256))
    lookup = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + linear * 4 + grid + linear * 3
    tags = struct.pack(">I4sII", 1, b"A2B0", 144, len(lookup))
    return _header(144 + len(lookup)) + tags + lookup


def _header(size: int) -> bytes:
    what = struct.pack(">I4xI4s4s4s12x4s28x", size, 0x02400000, b"prtr", b"CMYK", b"Lab ", b"acsp")
    illuminant = struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return (what + illuminant).ljust(128, b"\0")
