import struct
from io import BytesIO

import pytest
from PIL import Image

import worker.imaging.plugins  # noqa: F401  # registers the formats
from tests.unit.imaging.colour_spaces import (
    DISPLAY_P3,
    SRGB,
    ColourSpace,
    delta_e,
)
from tests.unit.imaging.png_files import png_chunk, png_file
from tests.unit.imaging.samples import file_of
from worker.imaging.cicp import profile_in, profile_of, read_cicp
from worker.imaging.colour import profile_name, to_srgb

BT_2020 = ColourSpace(
    "BT.2020", ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), (0.3127, 0.3290), SRGB.to_light
)
LEAST_SEEN = 2.0


@pytest.mark.parametrize(
    ("primaries", "transfer", "space"),
    [(12, 13, DISPLAY_P3), (9, 13, BT_2020), (9, 14, BT_2020), (12, 1, DISPLAY_P3)],
)
@pytest.mark.parametrize("patch", [(128, 128, 128), (150, 110, 90), (90, 120, 100), (100, 100, 140)])
def test_numbers_become_a_profile(
    primaries: int, transfer: int, space: ColourSpace, patch: tuple[int, int, int]
) -> None:
    profile = profile_of(primaries, transfer)

    converted, treatment = to_srgb(Image.new("RGB", (1, 1), patch), profile)

    pixel = converted.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert treatment == "converted"
    assert delta_e(SRGB.lab(tuple(int(value) for value in pixel)), space.lab(patch)) < LEAST_SEEN
    assert profile_name(profile) == space.name


@pytest.mark.parametrize("transfer", [4, 8])
def test_light_may_be_counted_otherwise(transfer: int) -> None:
    converted, _ = to_srgb(Image.new("RGB", (1, 1), (128, 128, 128)), profile_of(1, transfer))

    light = 128 / 255 if transfer == 8 else (128 / 255) ** 2.2
    pixel = converted.getpixel((0, 0))
    assert isinstance(pixel, tuple)
    assert SRGB.to_light(pixel[0] / 255) == pytest.approx(light, abs=0.005)
    assert len(set(pixel)) == 1


@pytest.mark.parametrize(
    ("primaries", "transfer"),
    [(1, 13), (1, 1), (1, 6), (2, 2), (9, 16), (9, 18), (12, 255), (0, 0), (250, 13)],
)
def test_srgb_and_what_is_not_known_need_no_profile(primaries: int, transfer: int) -> None:
    assert profile_of(primaries, transfer) is None


def code_points(primaries: int, transfer: int) -> bytes:
    return png_chunk(b"cICP", bytes((primaries, transfer, 0, 1)))


def read(data: bytes) -> tuple[tuple[int, int] | None, bytes | None]:
    """The numbers in a file and the profile that counts, once its picture is loaded."""
    file = BytesIO(data)
    image = Image.open(file)
    image.load()
    place = file.tell()
    found = read_cicp(image, file), profile_in(image, file)
    assert file.tell() == place
    return found


@pytest.mark.parametrize("before", [b"", png_chunk(b"tEXt", b"a\0b") * 20])
def test_a_png_names_its_colour_space_in_a_chunk(before: bytes) -> None:
    data = png_file([b"abc"], width=1, first=before + code_points(12, 13))

    assert read(data) == ((12, 13), profile_of(12, 13))


@pytest.mark.parametrize("kind", ["AVIF", "HEIF"])
def test_containers_name_their_colour_space_in_a_box(kind: str) -> None:
    data = file_of(Image.new("RGB", (16, 16)), kind)
    place = data.index(b"nclx") + 4

    named = data[:place] + struct.pack(">HH", 12, 13) + data[place + 4 :]

    assert read(data) == ((1, 13), None)
    assert read(named) == ((12, 13), profile_of(12, 13))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_other_files_name_none(kind: str) -> None:
    assert read(file_of(Image.new("RGB", (16, 16)), kind)) == (None, None)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "HEIF", "TIFF"])
def test_an_embedded_profile_counts(kind: str) -> None:
    data = file_of(Image.new("RGB", (16, 16)), kind, icc_profile=DISPLAY_P3.profile())

    assert read(data)[1] == DISPLAY_P3.profile()


@pytest.mark.parametrize(
    ("primaries", "transfer", "profile"),
    [(1, 13, None), (9, 13, profile_of(9, 13)), (9, 16, DISPLAY_P3.profile())],
)
def test_in_a_png_known_numbers_count_before_the_profile(
    primaries: int, transfer: int, profile: bytes | None
) -> None:
    data = file_of(Image.new("RGB", (4, 4)), "PNG", icc_profile=DISPLAY_P3.profile())
    place = data.index(b"iCCP") - 4

    assert read(data[:place] + code_points(primaries, transfer) + data[place:])[1] == profile


def test_the_numbers_are_looked_for_in_the_head_of_a_png_only() -> None:
    rows = [b"abc"]

    assert read(png_file(rows, width=1, last=code_points(12, 13)))[0] is None
    assert (
        read(png_file(rows, width=1, first=png_chunk(b"tEXt", b"a\0") * 1200 + code_points(12, 13)))[0]
        is None
    )


@pytest.mark.parametrize("cut", range(0, 400, 7))
def test_a_container_that_is_cut_short_names_none_or_what_it_did(cut: int) -> None:
    data = file_of(Image.new("RGB", (16, 16)), "AVIF")
    image = Image.open(BytesIO(data))

    assert read_cicp(image, BytesIO(data[:cut])) in (None, (1, 13))
