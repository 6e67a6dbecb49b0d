"""XMP packets (ISO 16684-1): whose a picture is, whether they tell a place, what in them has become wrong."""

import re
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

LONGEST_PACKET = 1024 * 1024
"""Longer packets are not looked at, and do not stay."""

_DC = "{http://purl.org/dc/elements/1.1/}"
_RDF_ITEM = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
# A packet is parsed only if it holds a word that is looked for. Most say nothing but how it was edited.
_RIGHTS = (b"dc:creator", b"dc:rights")
_PLACES = re.compile(
    rb"[:\s](GPSLatitude|GPSLongitude|GPSDestLatitude|Location|LocationCreated|LocationShown"
    rb"|City|State|Country|CountryCode|CountryName|Sublocation)\b\s{0,9}(?:>|=\s{0,9}[\"'][^\"'])"
)
_OUTDATED = (
    rb"(?:tiff:Orientation|tiff:ImageWidth|tiff:ImageLength|exif:PixelXDimension|exif:PixelYDimension"
    rb"|xmpNote:HasExtendedXMP|hdrgm:Version|GCamera:MicroVideo|GCamera:MotionPhoto)"
)
_OUTDATED_ATTRIBUTE = re.compile(rb"\s" + _OUTDATED + rb"\s{0,9}=\s{0,9}(?:\"[^\"<]{0,99}\"|'[^'<]{0,99}')")
_OUTDATED_ELEMENT = re.compile(rb"<(" + _OUTDATED + rb")\s{0,9}>[^<]{0,99}</\1\s{0,9}>")
_OUTDATED_TREES = (b"xmp:Thumbnails", b"Container:Directory")


@dataclass(frozen=True)
class Credits:
    """Who made a picture, and whose it is."""

    creator: str | None = None
    rights: str | None = None


def read_credits(packet: bytes) -> Credits:
    """The creator (several are joined) and the rights of a packet; none of a broken one."""
    if not any(word in packet for word in _RIGHTS) or b"<!" in packet:
        # No packet has a document type. One that has could define entities that grow beyond all bounds.
        return Credits()
    try:
        root = ElementTree.fromstring(packet.strip(b" \t\r\n\0"))  # noqa: S314  # has no entities, see above
    except (ElementTree.ParseError, ValueError, LookupError):
        return Credits()
    return Credits(_text(root.find(f".//{_DC}creator"), "; "), _text(root.find(f".//{_DC}rights")))


def tells_place(packet: bytes) -> bool:
    """Whether the packet seems to say where the picture was taken or what place it shows."""
    return _PLACES.search(packet) is not None


def without_outdated(packet: bytes) -> bytes | None:
    """The packet without what is no longer true of a picture that was turned and resized, and written anew.

    That are its turn and size, thumbnails of it, and pointers to other parts of the file. None if that cannot
    be told: the packet is not in UTF-8 or is broken there.
    """
    if b"\0" in packet:
        return None
    packet = _OUTDATED_ELEMENT.sub(b"", _OUTDATED_ATTRIBUTE.sub(b"", packet))
    for name in _OUTDATED_TREES:
        cleaned = _without_tree(packet, name)
        if cleaned is None:
            return None
        packet = cleaned
    is_clean = b"tiff:Orientation" not in packet
    return packet if is_clean else None


def _without_tree(packet: bytes, name: bytes) -> bytes | None:
    """The packet without all elements of this name; None if one does not end."""
    kept, place = [], 0
    while (begin := packet.find(b"<" + name, place)) >= 0:
        end = packet.find(b">", begin)
        if end >= 0 and packet[end - 1 : end] != b"/":
            end_tag = packet.find(b"</" + name, end)
            end = packet.find(b">", end_tag) if end_tag >= 0 else -1
        if end < 0:
            return None
        kept.append(packet[place:begin])
        place = end + 1
    return b"".join((*kept, packet[place:]))


def _text(element: Element | None, between: str | None = None) -> str | None:
    """The items of a list, joined, or the first one of alternatives; else the text itself."""
    if element is None:
        return None
    items = [item.text.strip() for item in element.iter(_RDF_ITEM) if item.text and item.text.strip()]
    if items:
        return between.join(items) if between else items[0]
    return (element.text or "").strip() or None
