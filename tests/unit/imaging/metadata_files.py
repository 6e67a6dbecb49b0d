"""Files that carry metadata, and what is read back from what was kept of it."""

import struct
from io import BytesIO

from PIL import Image, ImageFile
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

import worker.imaging.plugins  # noqa: F401  # registers the formats
from pipeline.messages import MetadataPolicy
from tests.unit.imaging.samples import file_of
from worker.imaging.metadata import Kept, Metadata, read_metadata

ARTIST, COPYRIGHT = "Jürgen Groß", "© 2026 Jürgen Groß"
WITH_EXIF = ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF", "JXL"]
WITH_XMP = ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF"]
POLICIES: list[MetadataPolicy] = ["copyright", "none", "all"]


def camera_exif(*, place: bool = True, credits_: bool = True) -> Image.Exif:
    """What a camera writes, and its owner with it."""
    exif = Image.Exif()
    exif[Base.Make], exif[Base.Model], exif[Base.Orientation] = "Maker", "Model 1", 6
    exif[Base.XResolution], exif[Base.ImageDescription] = 72.0, "Straße".encode()
    if credits_:
        exif[Base.Artist], exif[Base.Copyright] = ARTIST.encode(), COPYRIGHT.encode()
    exif[IFD.Exif] = {
        Base.DateTimeOriginal: "2026:11:24 12:00:00",
        Base.ExposureTime: 0.01,
        Base.ExifImageWidth: 4000,
        Base.ExifImageHeight: 3000,
        Base.ColorSpace: 65535,
        Base.MakerNote: b"points anywhere" * 10,
        0x9214: (2000, 1500, 10),
    }
    if place:
        exif[IFD.GPSInfo] = {GPS.GPSLatitudeRef: "N", GPS.GPSLatitude: (48.0, 8.0, 14.0)}
    return exif


def xmp_packet(inside: str, attributes: str = "") -> bytes:
    """A packet with these properties."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:exif="http://ns.adobe.com/exif/1.0/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
        f' xmlns:xmpGImg="http://ns.adobe.com/xap/1.0/g/img/" {attributes}>{inside}'
        '</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


CREATOR = f"<dc:creator><rdf:Seq><rdf:li>{ARTIST}</rdf:li><rdf:li>Ada</rdf:li></rdf:Seq></dc:creator>"
RIGHTS = f'<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">{COPYRIGHT}</rdf:li></rdf:Alt></dc:rights>'


def picture(size: tuple[int, int] = (40, 20)) -> Image.Image:
    return Image.new("RGB", size, (200, 100, 50))


def opened(data: bytes) -> ImageFile.ImageFile:
    image = Image.open(BytesIO(data))
    if image.format in ("TIFF", "PNG"):
        image.getexif()
    image.load()
    return image


def found_in(data: bytes) -> Metadata:
    return read_metadata(opened(data))


def with_exif(kind: str) -> bytes:
    """A file with the block of a camera."""
    exif = camera_exif()
    if kind == "AVIF":
        del exif[Base.Orientation]  # with one Pillow writes the block anew, and question marks into it
    if kind != "TIFF":
        return file_of(picture(), kind, exif=exif.tobytes())
    loaded = Image.Exif()
    loaded.load(exif.tobytes())
    for tag in (Base.ImageDescription, Base.Artist, Base.Copyright):
        loaded[tag] = exif[tag]  # as bytes, for the same reason
    return file_of(picture(), kind, exif=loaded)


def with_xmp(kind: str, packet: bytes) -> bytes:
    if kind == "PNG":
        chunks = PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", packet.decode())
        return file_of(picture(), kind, pnginfo=chunks)
    return (
        file_of(picture(), kind, tiffinfo={700: packet})
        if kind == "TIFF"
        else file_of(picture(), kind, xmp=packet)
    )


def with_iptc(*records: tuple[int, bytes], copies: int = 1) -> bytes:
    """A JPEG with IPTC records as Photoshop stores them."""
    iptc = b"".join(struct.pack(">BBBH", 0x1C, 2, number, len(text)) + text for number, text in records)
    iptc *= copies
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(iptc)) + iptc + b"\0" * (len(iptc) % 2)
    segment = b"Photoshop 3.0\0" + resource
    data = file_of(picture(), "JPEG")
    return data[:2] + b"\xff\xed" + struct.pack(">H", len(segment) + 2) + segment + data[2:]


def read_back(result: Kept) -> Image.Exif:
    assert result.exif is not None
    exif = Image.Exif()
    exif.load(result.exif)
    return exif


def text_of(value: object) -> str:
    """UTF-8 that Pillow took for Latin-1."""
    assert isinstance(value, str)
    return value.encode("latin-1").decode()
