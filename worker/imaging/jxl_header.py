"""The size of a JPEG XL image, from its first bytes: its plug-in decodes all of it before it tells the size.

Source: ISO/IEC 18181-1, SizeHeader (annex D), and 18181-2 for the boxes around it.
"""

from worker.imaging.errors import ImageUnreadable
from worker.imaging.geometry import Size

HEAD_BYTES = 64 * 1024
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
_LENGTH_BITS = (9, 13, 18, 30)


def read_jxl_size(head: bytes) -> Size:
    """Width and height in pixels, of a file that begins with `head`; raises ImageUnreadable."""
    start = head.find(b"\xff\x0a") if head.startswith(b"\xff\x0a") else _codestream(head)
    if not 0 <= start <= len(head) - 12:
        raise ImageUnreadable("The file is a JPEG XL image without a beginning.")
    bits = _Bits(head[start + 2 : start + 12])
    is_small = bits.take(1)
    height = _length(bits, is_small)
    ratio = bits.take(3)
    if ratio == 0:
        return _length(bits, is_small), height
    across, down = _RATIOS[ratio - 1]
    return height * across // down, height


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
