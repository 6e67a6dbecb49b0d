"""Files as other encoders make them, which Pillow's own do not."""

from io import BytesIO

import pytest
from PIL import Image

from pipeline.messages import Rendition
from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.metadata_files import with_xmp, xmp_packet
from tests.unit.imaging.samples import BLUE, GREEN, RED, file_of, nearest_colour, noise
from worker.imaging import UnsupportedFormat
from worker.imaging.header import coefficient_bytes
from worker.imaging.jxl_header import read_jxl_size
from worker.imaging.tiff_pages import MOST_PAGES, count_pages

ALL_IN_ONE_SCAN = bytes.fromhex("ffda000c03010002110311003f00")
ONE_IN_THE_FIRST_SCAN = bytes.fromhex("ffda00080101003f00")


def bits(*fields: tuple[int, int]) -> bytes:
    """Numbers in so many bits each, the lowest of each byte first."""
    value = place = 0
    for number, count in fields:
        value |= number << place
        place += count
    return value.to_bytes(place // 8 + 1, "little")


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_turn_that_only_xmp_tells_of_has_been_done(rendered: Render, kind: str) -> None:
    data = with_xmp(kind, xmp_packet("", 'tiff:Orientation="6"'))

    found, (made,) = rendered(data, None, None, format="png")

    assert found.report.orientation == 1
    assert made.width > made.height


def test_a_jpeg_that_is_narrow_has_room_for_its_blocks(resized: Resize) -> None:
    data = file_of(noise(12, 65_000), "PNG")

    for options in ({}, {"progressive": True}):
        assert resized(data, None, None, format="jpeg", quality=94, **options).size == (12, 65_000)


def test_a_jpeg_of_several_scans_is_reckoned_whole() -> None:
    data = file_of(noise(64, 64), "JPEG", subsampling="4:4:4")
    in_scans = data.replace(ALL_IN_ONE_SCAN, ONE_IN_THE_FIRST_SCAN)
    assert in_scans != data

    assert coefficient_bytes(Image.open(BytesIO(data))) == 0
    assert coefficient_bytes(Image.open(BytesIO(in_scans))) == 64 * 64 * 3 * 2


def test_the_first_frame_is_the_same_for_a_still_alone_and_beside_a_moving_one(rendered_all: Render) -> None:
    default, *frames = (Image.new("RGB", (40, 40), colour) for colour in (RED, GREEN, BLUE))
    data = file_of(default, "PNG", save_all=True, default_image=True, append_images=frames, duration=100)
    still, moving = Rendition(name="still", format="jpeg"), Rendition(name="moving", format="webp")

    _, alone = rendered_all(data, still)
    _, beside = rendered_all(data, still, moving)

    for made in (alone[0], beside[0]):
        assert nearest_colour(Image.open(BytesIO(made.data)).getpixel((20, 20))) == GREEN


@pytest.mark.parametrize("has_own_size", [0, 1])
def test_an_animated_jpeg_xl_is_refused_and_not_shown_wrong(has_own_size: int) -> None:
    size = ((1, 1), (0, 5), (1, 3))
    rest = size if has_own_size else ()
    fields = [*size, (0, 1), (1, 1), (0, 3), (has_own_size, 1), *rest, (0, 1)]

    with pytest.raises(UnsupportedFormat, match="animated"):
        read_jxl_size(b"\xff\x0a" + bits(*fields, (1, 1)) + bytes(20))
    assert read_jxl_size(b"\xff\x0a" + bits(*fields, (0, 1)) + bytes(20)) == (8, 8)


@pytest.mark.parametrize("is_big", [False, True])
@pytest.mark.parametrize("pages", [1, 3])
def test_the_pages_of_a_tiff_are_counted(pages: int, is_big: bool) -> None:
    page = Image.new("L", (4, 4))
    data = file_of(page, "TIFF", save_all=True, append_images=[page] * (pages - 1), big_tiff=is_big)

    assert count_pages(BytesIO(data)) == pages


def test_a_chain_of_pages_without_an_end_is_given_up() -> None:
    directory = (0).to_bytes(2, "little") + (8).to_bytes(4, "little")

    assert count_pages(BytesIO(b"II*\0" + (8).to_bytes(4, "little") + directory)) == MOST_PAGES


def test_a_twelve_bit_grey_reaches_to_white(resized: Resize) -> None:
    data = bytearray(file_of(Image.new("I;16", (2, 1), 0), "TIFF"))
    entry = data.index(bytes.fromhex("020103000100000010"))
    data[entry + 8] = 12
    strip = int.from_bytes(data[data.index(bytes.fromhex("1101")) + 8 :][:4], "little")
    data[strip : strip + 3] = b"\xff\xff\xff"  # two pixels of 12 bits

    assert resized(bytes(data), None, None, format="png").getpixel((0, 0)) == 255
