"""The size of a JPEG XL image, from its first bytes: its plug-in decodes all of it before it tells the size.

It does not compose animations either: what it gives of one is a piece of its last frame.
Source: ISO/IEC 18181-1, SizeHeader and ImageMetadata (annex D), and 18181-2 for the boxes around it.
"""

from worker.imaging.errors import ImageUnreadable, UnsupportedFormat
from worker.imaging.geometry import Size

HEAD_BYTES = 64 * 1024
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_LENGTH_BITS = (9, 13, 18, 30)
_LONGEST_HEADER_BYTES = 40


def read_jxl_size(head: bytes) -> Size:
    """Width and height in pixels, of a file that begins with `head`.

    Raises ImageUnreadable, and UnsupportedFormat for an animation.
    """
    start = head.find(b"\xff\x0a") if head.startswith(b"\xff\x0a") else _codestream(head)
    if not 0 <= start <= len(head) - 12:
        raise ImageUnreadable("The file is a JPEG XL image without a beginning.")
    bits = _Bits(head[start + 2 : start + 2 + _LONGEST_HEADER_BYTES])
    size = _size(bits)
    if _is_animated(bits):
        raise UnsupportedFormat("The file is an animated JPEG XL image, which cannot be read.")
    return size


def _size(bits: "_Bits") -> Size:
    is_small = bits.take(1)
    height = _length(bits, is_small)
    ratio = bits.take(3)
    if ratio == 0:
        return _length(bits, is_small), height
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


def _is_animated(bits: "_Bits") -> bool:
    """What the fields after the size say; a file with a preview, which stands between, is taken for still."""
    is_all_default = bits.take(1)
    if is_all_default or not bits.take(1):
        return False
    bits.take(3)  # the orientation
    if bits.take(1):
        _size(bits)  # the size at which it wants to be shown
    has_preview = bits.take(1)
    return not has_preview and bool(bits.take(1))


def _codestream(head: bytes) -> int:
    """Where the codestream begins inside its box, whole (jxlc) or the first part of it (jxlp)."""
    for kind, skipped in ((b"jxlc", 4), (b"jxlp", 8)):
        place = head.find(kind)
        if place >= 0 and head[place + skipped : place + skipped + 2] == b"\xff\x0a":
            return place + skipped
    return -1


def _length(bits: "_Bits", is_small: int) -> int:
    if is_small:
        return 8 * (bits.take(5) + 1)
    return bits.take(_LENGTH_BITS[bits.take(2)]) + 1


class _Bits:
    """Takes numbers off a run of bits, the lowest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self._rest = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        taken = self._rest & ((1 << count) - 1)
        self._rest >>= count
        return taken
