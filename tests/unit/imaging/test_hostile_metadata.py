import struct
import time

import pytest
from PIL.ExifTags import IFD, Base

import worker.imaging.plugins  # noqa: F401  # registers the formats
from pipeline.messages import MetadataPolicy
from tests.unit.imaging.metadata_files import (
    CREATOR,
    POLICIES,
    opened,
    picture,
    xmp_packet,
)
from tests.unit.imaging.samples import file_of
from worker.imaging.exif import LONGEST_BLOCK
from worker.imaging.metadata import kept, read_metadata

NO_TIME_S = 3.0
"""Many times what it takes, and far from what it would take if that grew with the square of the length."""
BOMB = b"""<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>"""


@pytest.mark.parametrize(
    "packet",
    [
        BOMB + xmp_packet(CREATOR.replace("Ada", "&b;")),
        xmp_packet(CREATOR)[:-60],
        b"<dc:creator>",
        b"dc:creator" + bytes(range(256)),
        xmp_packet("<rdf:li>" * 20_000 + CREATOR),
        b"<dc:creator " * 80_000,
        b"<xmp:Thumbnails" * 60_000,
    ],
    ids=["entities", "cut short", "one tag", "bytes", "deep", "no end", "many starts"],
)
@pytest.mark.parametrize("policy", POLICIES)
def test_hostile_xmp_is_survived_in_no_time(packet: bytes, policy: MetadataPolicy) -> None:
    data = file_of(picture(), "WEBP", xmp=packet)
    image = opened(data)
    start = time.thread_time()  # of the processor: what else the machine does is not its fault

    found = read_metadata(image)
    kept(found, policy)

    assert time.thread_time() - start < NO_TIME_S
    assert found.artist is None


def directory(entries: list[tuple[int, int, int, int]], following: int = 0) -> bytes:
    """An EXIF block of one directory, as long as a JPEG can hold."""
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    block = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + struct.pack("<I", following)
    return b"Exif\0\0" + block.ljust(LONGEST_BLOCK - 6, b"A")


HOSTILE_EXIF = {
    "nothing": b"Exif\0\0",
    "text": b"Exif\0\0not a TIFF at all",
    "points at itself": directory([(int(IFD.Exif), 4, 1, 8), (int(IFD.GPSInfo), 4, 1, 8)], following=8),
    "counts beyond all bounds": directory([(int(Base.Artist), 2, 0xFFFFFFFF, 26)]),
    "many long ones": directory([(tag, 7, 40_000, 100) for tag in range(0x100, 0x100 + 4000)]),
    "points nowhere": directory([(int(IFD.GPSInfo), 4, 1, 0x7FFFFFFF), (int(Base.Artist), 2, 9, 1 << 31)]),
    "wrong types": directory([(int(Base.Artist), 12, 1, 26), (int(IFD.Exif), 2, 4, 0x41414141)]),
    "no fraction": directory([(int(Base.Copyright), 5, 1, 60_000), (int(Base.Make), 2, 3, 0)]),
}


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("block", HOSTILE_EXIF.values(), ids=HOSTILE_EXIF.keys())
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
def test_hostile_exif_is_survived_in_no_time(block: bytes, policy: MetadataPolicy) -> None:
    image = opened(file_of(picture(), "JPEG", exif=block))
    start = time.thread_time()  # of the processor: what else the machine does is not its fault

    result = kept(read_metadata(image), policy)

    assert time.thread_time() - start < NO_TIME_S
    assert len(result.exif or b"") <= LONGEST_BLOCK
