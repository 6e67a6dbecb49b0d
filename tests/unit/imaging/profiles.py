"""Colour profiles whose effect cannot be overlooked."""

import struct

from PIL import ImageCms

from tests.unit.imaging.colour_spaces import icc_profile

Lab = tuple[float, float, float]


def red_green_swapped() -> bytes:
    """sRGB with the primaries of red and green exchanged: its red is the green of sRGB."""
    profile = srgb()
    table_end = 128 + 4 + 12 * struct.unpack(">I", profile[128:132])[0]
    table = profile[:table_end].replace(b"rXYZ", b"swap").replace(b"gXYZ", b"rXYZ").replace(b"swap", b"gXYZ")
    return table + profile[table_end:]


def srgb() -> bytes:
    """sRGB itself."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def cyan_ink_is_red() -> bytes:
    """A CMYK printer whose cyan looks as red as a screen can be."""
    return cyan_ink_looks((53, 80, 67))


def cyan_ink_looks(colour: Lab) -> bytes:
    """A CMYK printer whose cyan is of this colour (CIE L*a*b*), on white paper: half the ink, half the way.

    It is a lut8Type from CMYK to Lab (ICC.1:2001, 6.5.8).
    """
    white, black = bytes((255, 128, 128)), bytes((0, 128, 128))
    ink = bytes((round(colour[0] * 2.55), round(colour[1]) + 128, round(colour[2]) + 128))
    # From no ink to all, cyan changing slowest; any other ink than cyan alone gives black.
    grid = white + black * 7 + ink + black * 7
    matrix = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    linear = bytes(range(256))
    lookup = b"mft1\0\0\0\0" + bytes((4, 3, 2, 0)) + matrix + linear * 4 + grid + linear * 3
    return icc_profile({b"A2B0": lookup}, space=b"CMYK", device=b"prtr", connection=b"Lab ")


def grey_of_light(gamma: float = 1.0) -> bytes:
    """A grey profile whose numbers, from 0 to 1, raised to gamma are amounts of light."""
    curve = struct.pack(">4s4xIH", b"curv", 1, round(gamma * 256))
    white = struct.pack(">4s4x3i", b"XYZ ", 0xF6D6, 0x10000, 0xD32D)
    return icc_profile({b"wtpt": white, b"kTRC": curve}, space=b"GRAY", device=b"mntr", connection=b"XYZ ")
