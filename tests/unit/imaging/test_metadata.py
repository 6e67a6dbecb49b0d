import struct

import pytest
from PIL import Image, ImageFile
from PIL.ExifTags import GPS, IFD, Base
from PIL.PngImagePlugin import PngInfo

import worker.imaging.plugins  # noqa: F401  # registers the formats
from pipeline.messages import MetadataPolicy
from tests.unit.imaging.metadata_files import (
    ARTIST,
    COPYRIGHT,
    CREATOR,
    POLICIES,
    RIGHTS,
    WITH_EXIF,
    WITH_XMP,
    camera_exif,
    found_in,
    opened,
    picture,
    read_back,
    text_of,
    with_exif,
    with_iptc,
    with_xmp,
    xmp_packet,
)
from tests.unit.imaging.profiles import srgb
from tests.unit.imaging.samples import file_of
from worker.imaging.metadata import Kept, kept, read_metadata
from worker.imaging.xmp import LONGEST_PACKET


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_the_credits_are_found_in_the_exif_of_every_format(kind: str) -> None:
    found = found_in(with_exif(kind))

    assert (found.artist, found.copyright) == (ARTIST, COPYRIGHT)
    assert "exif" in found.kinds
    assert found.has_place


@pytest.mark.parametrize("kind", WITH_XMP)
def test_the_credits_are_found_in_the_xmp_of_every_format(kind: str) -> None:
    found = found_in(with_xmp(kind, xmp_packet(CREATOR + RIGHTS)))

    assert (found.artist, found.copyright) == (f"{ARTIST}; Ada", COPYRIGHT)
    assert "xmp" in found.kinds
    assert not found.has_place


def test_the_credits_are_found_in_the_text_of_a_png() -> None:
    chunks = PngInfo()
    chunks.add_itxt("Author", ARTIST)
    chunks.add_text("Copyright", COPYRIGHT)

    found = found_in(file_of(picture(), "PNG", pnginfo=chunks))

    assert (found.artist, found.copyright) == (ARTIST, COPYRIGHT)
    assert found.kinds == ("text",)


def test_the_credits_are_found_in_iptc() -> None:
    found = found_in(with_iptc((80, ARTIST.encode()), (116, COPYRIGHT.encode())))

    assert (found.artist, found.copyright) == (ARTIST, COPYRIGHT)
    assert found.kinds == ("iptc",)
    assert not found.has_place


def test_exif_counts_before_xmp_and_each_credit_for_itself() -> None:
    exif = Image.Exif()
    exif[Base.Artist] = "Of the EXIF"
    packet = xmp_packet(CREATOR + RIGHTS)

    found = found_in(file_of(picture(), "JPEG", exif=exif.tobytes(), xmp=packet))

    assert (found.artist, found.copyright) == ("Of the EXIF", COPYRIGHT)
    assert found.kinds == ("exif", "xmp")


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (b"Ada\0Editor", "Ada; Editor"),
        (b" \0Editor", "Editor"),
        (b"Ada\0\0\0", "Ada"),
        ("Zoë".encode("latin-1"), "Zoë"),
        (b"Ada\r\nLovelace\x07", "Ada Lovelace"),
        (b"   ", None),
        (b"a" * 5000, "a" * 1000),
    ],
)
def test_a_credit_is_one_line_of_text(stored: bytes, shown: str | None) -> None:
    exif = Image.Exif()
    exif[Base.Copyright] = stored

    assert found_in(file_of(picture(), "JPEG", exif=exif.tobytes())).copyright == shown


@pytest.mark.parametrize("kind", ["JPEG", "GIF"])
def test_a_comment_is_found_and_never_stays(kind: str) -> None:
    found = found_in(file_of(picture(), kind, comment=b"a word"))

    assert found.kinds == ("comment",)
    assert all(kept(found, policy).kinds == () for policy in POLICIES)


def test_a_profile_is_found() -> None:
    assert found_in(file_of(picture(), "JPEG", icc_profile=srgb())).kinds == ("icc",)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF", "HEIF", "GIF", "BMP"])
def test_a_picture_without_metadata_has_none(kind: str) -> None:
    found = found_in(file_of(picture(), kind))

    assert found.kinds == ()
    assert not found.has_place
    assert all(kept(found, policy) == Kept(None, None, ()) for policy in POLICIES)


@pytest.mark.parametrize(
    ("inside", "attributes", "has_place"),
    [
        ("", 'exif:GPSLatitude="48,8.2N"', True),
        ("<exif:GPSLongitude>11,34.5E</exif:GPSLongitude>", "", True),
        ("<photoshop:City>Munich</photoshop:City>", "", True),
        ("", 'photoshop:City=""', False),
        ("<dc:subject>GPSLatitude</dc:subject>", "", False),
    ],
)
def test_xmp_may_tell_the_place(inside: str, attributes: str, has_place: bool) -> None:
    assert found_in(with_xmp("JPEG", xmp_packet(inside, attributes))).has_place is has_place


def test_iptc_may_tell_the_place() -> None:
    assert found_in(with_iptc((90, b"Munich"))).has_place


def test_a_gps_block_that_only_names_its_version_tells_no_place() -> None:
    exif = camera_exif(place=False)
    exif[IFD.GPSInfo] = {GPS.GPSVersionID: b"\2\3\0\0"}

    assert not found_in(file_of(picture(), "JPEG", exif=exif.tobytes())).has_place


def test_by_default_only_the_credits_stay() -> None:
    found = found_in(file_of(picture(), "JPEG", exif=camera_exif().tobytes(), xmp=xmp_packet(CREATOR)))

    result = kept(found, "copyright")

    exif = read_back(result)
    assert {tag: text_of(exif[tag]) for tag in exif} == {Base.Artist: ARTIST, Base.Copyright: COPYRIGHT}
    assert result.xmp is None
    assert result.kinds == ("exif",)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_camera_that_names_nobody_leaves_no_trace_by_default(policy: MetadataPolicy) -> None:
    found = found_in(file_of(picture(), "JPEG", exif=camera_exif(credits_=False).tobytes()))

    assert kept(found, policy).kinds == (("exif",) if policy == "all" else ())


def test_nothing_stays_if_nothing_is_asked_for() -> None:
    found = found_in(file_of(picture(), "JPEG", exif=camera_exif().tobytes(), xmp=xmp_packet(CREATOR)))

    assert kept(found, "none") == Kept(None, None, ())


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_all_that_is_still_true_stays(kind: str) -> None:
    found = found_in(with_exif(kind))

    exif = read_back(kept(found, "all"))

    assert (exif[Base.Make], exif[Base.Model]) == ("Maker", "Model 1")
    assert text_of(exif[Base.Artist]) == ARTIST
    details, place = exif.get_ifd(IFD.Exif), exif.get_ifd(IFD.GPSInfo)
    assert details[Base.DateTimeOriginal] == "2026:11:24 12:00:00"
    assert details[Base.ExposureTime] == pytest.approx(0.01)
    assert place[GPS.GPSLatitude] == (48.0, 8.0, 14.0)


@pytest.mark.parametrize("kind", WITH_EXIF)
def test_what_is_no_longer_true_does_not_stay(kind: str) -> None:
    found = found_in(file_of(picture(), kind, exif=camera_exif().tobytes()))

    exif = read_back(kept(found, "all"))

    details = exif.get_ifd(IFD.Exif)
    assert Base.Orientation not in exif
    assert not {Base.ExifImageWidth, Base.ExifImageHeight, Base.MakerNote, 0x9214} & set(details)
    assert details[Base.ColorSpace] == 1
    assert not {256, 257, 273, 279} & set(exif)


def test_the_thumbnail_of_a_camera_does_not_stay() -> None:
    thumbnail = file_of(picture(), "JPEG")
    # One tag, then a second directory with the place and the length of a thumbnail (DC-008, 4.5.8).
    first = struct.pack("<HHHII", 1, Base.Make, 2, 6, 26) + struct.pack("<I", 32) + b"Maker\0"
    second = struct.pack("<HHHIIHHIII", 2, 513, 4, 1, 62, 514, 4, 1, len(thumbnail), 0)
    block = b"Exif\0\0II*\0" + struct.pack("<I", 8) + first + second + thumbnail
    found = found_in(file_of(picture(), "JPEG", exif=block))
    assert found.exif is not None
    assert found.exif.get_ifd(IFD.IFD1)

    result = kept(found, "all")

    assert read_back(result)[Base.Make] == "Maker"
    assert read_back(result).get_ifd(IFD.IFD1) == {}
    assert b"\xff\xd8" not in (result.exif or b"")


def test_text_outside_of_ascii_stays_as_it_is() -> None:
    exif = Image.Exif()
    exif[Base.ImageDescription] = "Straße".encode()

    result = kept(found_in(file_of(picture(), "JPEG", exif=exif.tobytes())), "all")

    assert text_of(read_back(result)[Base.ImageDescription]) == "Straße"


@pytest.mark.parametrize(
    ("inside", "attributes"),
    [
        ("", 'tiff:Orientation="6" tiff:ImageWidth="4000" exif:PixelXDimension="4000"'),
        ("", "tiff:Orientation = '6'"),
        ("<tiff:Orientation>6</tiff:Orientation><tiff:ImageLength>3000</tiff:ImageLength>", ""),
        (
            "<xmp:Thumbnails><rdf:Alt><rdf:li>/9j/4AAQ tiff:Orientation</rdf:li></rdf:Alt></xmp:Thumbnails>",
            "",
        ),
        ("<xmp:Thumbnails/>", ""),
    ],
)
def test_xmp_stays_without_what_is_no_longer_true(inside: str, attributes: str) -> None:
    packet = xmp_packet(CREATOR + inside + RIGHTS, attributes)

    result = kept(found_in(with_xmp("JPEG", packet)), "all")

    assert result.xmp is not None
    assert result.xmp.replace(b" ", b"") == xmp_packet(CREATOR + RIGHTS).replace(b" ", b"")
    assert result.kinds == ("exif", "xmp")


@pytest.mark.parametrize(
    "packet",
    [
        xmp_packet("<xmp:Thumbnails><rdf:Alt>"),
        xmp_packet("<tiff:Orientation><b>6</b></tiff:Orientation>"),
        xmp_packet(CREATOR).decode().encode("utf-16"),
        xmp_packet(f"<dc:title>{'x' * LONGEST_PACKET}</dc:title>"),
    ],
    ids=["an element without end", "an odd orientation", "in UTF-16", "too long"],
)
def test_xmp_that_cannot_be_put_right_does_not_stay(packet: bytes) -> None:
    found = found_in(file_of(picture(), "WEBP", xmp=packet))

    assert "xmp" in found.kinds
    assert kept(found, "all").xmp is None


def test_exif_that_is_too_long_for_a_jpeg_is_reduced_to_the_credits() -> None:
    exif = camera_exif()
    exif[IFD.Exif] |= {Base.UserComment: b"x" * 70_000}

    result = kept(found_in(file_of(picture(), "WEBP", exif=exif.tobytes())), "all")

    assert set(read_back(result)) == {Base.Artist, Base.Copyright}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_the_block_can_be_written_in_every_format(kind: str, policy: MetadataPolicy) -> None:
    found = found_in(file_of(picture(), "JPEG", exif=camera_exif().tobytes()))
    block = kept(found, policy).exif

    made = opened(file_of(picture(), kind, **({"exif": block} if block else {})))

    assert (Base.Copyright in made.getexif()) is (policy != "none")
    assert made.size == (40, 20)


def test_the_text_of_an_animation_is_read_without_running_through_it() -> None:
    frames = [picture(), Image.new("RGB", (40, 20))]
    image = opened(file_of(frames[0], "PNG", save_all=True, append_images=frames[1:]))

    read_metadata(image)

    assert isinstance(image, ImageFile.ImageFile)
    assert image.tell() == 0
