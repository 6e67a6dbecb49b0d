"""Pictures of more or fewer than 8 bits a channel: scaled to 8, never clipped, and their colours kept."""

import struct
from io import BytesIO

import pillow_heif
import pytest
from PIL import Image

from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.png_files import (
    GREY,
    GREY_ALPHA,
    TRUE_COLOUR,
    TRUE_COLOUR_ALPHA,
    png_chunk,
    png_file,
    png_row,
)
from tests.unit.imaging.samples import RED, file_of, middle, seen_at
from tests.unit.imaging.tiff_files import FRACTION, RGB, tiff_file

RAMP = [round(65535 * step / 31) for step in range(32)]
EIGHT_BITS = [round(value / 257) for value in RAMP]


def channel(image: Image.Image, number: int = 0) -> list[int]:
    """The values of one channel, along the first row."""
    return list(image.split()[number].crop((0, 0, image.width, 1)).tobytes())


def stored_ramp(samples: int, order: str = ">") -> bytes:
    """A row of 32 pixels of 16 bits whose every channel goes from none to all."""
    return b"".join(struct.pack(f"{order}{samples}H", *[value] * samples) for value in RAMP)


@pytest.mark.parametrize(
    ("deep", "eight_bits"), [(0, 0), (0x0101, 1), (0x8080, 128), (0x7F7F, 127), (0xFFFF, 255)]
)
def test_16_bit_grey_is_scaled_and_not_clipped(resized: Resize, deep: int, eight_bits: int) -> None:
    row = struct.pack(">4H", deep, deep, deep, deep)

    image = resized(png_row(row, width=4, depth=16, colour=GREY))

    assert image.mode == "L"
    assert middle(image) == (eight_bits,)


@pytest.mark.parametrize(
    ("colour", "samples", "mode"),
    [(GREY, 1, "L"), (TRUE_COLOUR, 3, "RGB"), (GREY_ALPHA, 2, "LA"), (TRUE_COLOUR_ALPHA, 4, "RGBA")],
)
def test_every_kind_of_16_bit_png_keeps_its_ramp(
    rendered: Render, colour: int, samples: int, mode: str
) -> None:
    data = png_file([stored_ramp(samples)] * 8, width=32, depth=16, colour=colour)

    found, (made,) = rendered(data, None, None)

    image = Image.open(BytesIO(made.data))
    assert image.mode == mode
    assert channel(image, len(mode) - 1) == pytest.approx(EIGHT_BITS, abs=1)
    if "A" not in mode:  # under little alpha, colour is a matter of rounding
        assert channel(image) == pytest.approx(EIGHT_BITS, abs=1)
    assert found.report.depth == 16
    assert any("16" in note for note in found.notes)


@pytest.mark.parametrize("colour", [GREY_ALPHA, TRUE_COLOUR_ALPHA])
def test_16_bit_alpha_leaves_16_bit_colour_alone(resized: Resize, colour: int) -> None:
    samples = 1 if colour == GREY_ALPHA else 3
    row = b"".join(struct.pack(f">{samples + 1}H", *[value] * samples, 0xFFFF) for value in RAMP)

    image = resized(png_file([row] * 8, width=32, depth=16, colour=colour), None, None)

    assert channel(image) == pytest.approx(EIGHT_BITS, abs=1)
    assert set(channel(image.getchannel("A"))) == {255}


@pytest.mark.parametrize("is_big_endian", [False, True])
@pytest.mark.parametrize(("samples", "photometric"), [(1, 1), (3, RGB), (4, RGB)])
def test_a_16_bit_tiff_keeps_its_ramp(
    rendered: Render, samples: int, photometric: int, is_big_endian: bool
) -> None:
    pixels = stored_ramp(samples, ">" if is_big_endian else "<") * 8
    data = tiff_file(
        pixels, width=32, height=8, samples=samples, photometric=photometric, is_big_endian=is_big_endian
    )

    found, (made,) = rendered(data, None, None, format="png")

    assert channel(Image.open(BytesIO(made.data)), samples - 1) == pytest.approx(EIGHT_BITS, abs=1)
    assert found.report.depth == 16


def test_16_bit_colour_is_scaled_and_not_clipped(resized: Resize) -> None:
    row = struct.pack(">3H", 0x8080, 0x4040, 0xFFFF) * 4

    assert middle(resized(png_row(row, width=4, depth=16, colour=TRUE_COLOUR))) == (128, 64, 255)


def test_a_transparent_colour_of_16_bits_is_matched_at_full_depth(resized: Resize) -> None:
    transparent = struct.pack(">H", RAMP[10])
    row = stored_ramp(1)

    image = resized(png_row(row, width=32, depth=16, colour=GREY, transparent=transparent), 32, 1)

    assert channel(image.getchannel("A")) == [255] * 10 + [0] + [255] * 21
    assert channel(image)[20:] == pytest.approx(EIGHT_BITS[20:], abs=1)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_grey_of_few_bits_reaches_from_black_to_white(resized: Resize, depth: int) -> None:
    white = resized(png_row(b"\xff", width=8 // depth, depth=depth, colour=GREY))
    black = resized(png_row(b"\x00", width=8 // depth, depth=depth, colour=GREY))

    assert (middle(white), middle(black)) == ((255,), (0,))


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_black_and_white_becomes_grey_between_them(rendered: Render, kind: str) -> None:
    checks = Image.new("1", (64, 64))
    checks.putdata([255 * ((x + y) % 2) for y in range(64) for x in range(64)])

    _, (made,) = rendered(file_of(checks, kind), 8, 8, format="png")

    image = Image.open(BytesIO(made.data)).convert("L")
    assert middle(image) == pytest.approx((128,), abs=4)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "TIFF", "BMP"])
@pytest.mark.parametrize("colours", [2, 3, 4, 5, 16, 17, 255, 256])
def test_a_palette_of_any_length_keeps_its_colours(resized: Resize, kind: str, colours: int) -> None:
    palette = [((7 * number) % 256, (101 * number) % 256, 255 - number) for number in range(colours)]
    image = Image.new("P", (colours, 4))
    image.putpalette([value for colour in palette for value in colour])
    image.putdata(list(range(colours)) * 4)

    result = resized(file_of(image, kind), None, None, format="png").convert("RGB")

    assert [result.getpixel((x, 1)) for x in range(colours)] == palette


@pytest.mark.parametrize("colours", [2, 3, 100, 255, 256])
@pytest.mark.parametrize("kind", ["GIF", "PNG"])
def test_a_gif_keeps_as_many_colours_as_it_has_room_for(resized: Resize, kind: str, colours: int) -> None:
    palette = [(number, (number * 37) % 256, 255 - number // 2) for number in range(colours)]
    image = Image.new("RGB", (colours, 4))
    image.putdata(palette * 4)

    result = resized(file_of(image, kind), None, None, format="gif").convert("RGB")

    assert [result.getpixel((x, 1)) for x in range(colours)] == palette


def test_a_gif_keeps_255_colours_beside_what_is_transparent(resized: Resize) -> None:
    palette = [(number, (number * 37) % 256, 255 - number // 2, 255) for number in range(255)]
    image = Image.new("RGBA", (256, 4))
    image.putdata([*palette, (0, 0, 0, 0)] * 4)

    result = resized(file_of(image, "PNG"), None, None, format="gif").convert("RGBA")

    assert [result.getpixel((x, 1)) for x in range(255)] == palette
    assert seen_at(result, (255, 1))[3] == 0


def test_an_index_beyond_the_palette_is_no_disaster(rendered: Render) -> None:
    palette = png_chunk(b"PLTE", bytes(RED))

    _, (made,) = rendered(
        png_file([bytes((0, 9, 200, 0))], width=4, depth=8, colour=3, first=palette), None, None, format="png"
    )

    assert Image.open(BytesIO(made.data)).convert("RGB").getpixel((0, 0)) == RED


def test_a_tiff_of_fractions_goes_from_black_to_white(rendered: Render) -> None:
    pixels = struct.pack("<32f", *(step / 31 for step in range(32))) * 8
    data = tiff_file(pixels, width=32, height=8, bits=32, sample_format=FRACTION)

    found, (made,) = rendered(data, None, None, format="png")

    assert channel(Image.open(BytesIO(made.data))) == pytest.approx(EIGHT_BITS, abs=1)
    assert found.report.depth == 32


@pytest.mark.parametrize(("low", "high"), [(-40.0, 120.0), (0.0, 5000.0), (300.0, 310.0)])
def test_a_tiff_of_measurements_goes_from_its_darkest_to_its_lightest(
    resized: Resize, low: float, high: float
) -> None:
    pixels = struct.pack("<32f", *(low + (high - low) * step / 31 for step in range(32))) * 8
    data = tiff_file(pixels, width=32, height=8, bits=32, sample_format=FRACTION)

    assert channel(resized(data, None, None, format="png")) == pytest.approx(EIGHT_BITS, abs=1)


@pytest.mark.parametrize("poison", [float("nan"), float("inf"), -float("inf")])
def test_a_number_that_is_none_does_not_blind_the_picture(resized: Resize, poison: float) -> None:
    row = [step / 31 for step in range(32)]
    pixels = struct.pack("<32f", *row) * 7 + struct.pack("<32f", *row[:-1], poison)
    data = tiff_file(pixels, width=32, height=8, bits=32, sample_format=FRACTION)

    image = resized(data, None, None, format="png")

    assert image.size == (32, 8)
    assert channel(image) == pytest.approx(EIGHT_BITS, abs=1)


@pytest.mark.parametrize("highest", [65535, 2**24, 2**31 - 1, 2**32 - 1])
def test_a_tiff_of_32_bits_goes_from_black_to_white(resized: Resize, highest: int) -> None:
    pixels = struct.pack("<32I", *(highest * step // 31 for step in range(32))) * 8

    image = resized(tiff_file(pixels, width=32, height=8, bits=32), None, None, format="png")

    assert channel(image) == pytest.approx(EIGHT_BITS, abs=1)


def test_a_jpeg_xl_of_16_bits_is_scaled_and_its_light_made_srgb(resized: Resize) -> None:
    """Its writer calls 16 bits of grey amounts of light, and says so in a profile."""
    grey = Image.frombytes("I;16", (32, 8), stored_ramp(1, "<") * 8)

    image = resized(file_of(grey, "JXL", lossless=True), None, None, format="png")

    expected = [255 * value ** (1 / 2.4) * 1.055 - 255 * 0.055 for value in (step / 31 for step in range(32))]
    assert channel(image)[1:] == pytest.approx(expected[1:], abs=3)


def test_a_heif_of_more_than_8_bits_keeps_its_ramp(rendered: Render) -> None:
    deep = pillow_heif.from_bytes("RGB;16", (32, 32), stored_ramp(3, "<") * 32)
    file = BytesIO()
    deep.save(file, quality=100, chroma=444)

    found, (made,) = rendered(file.getvalue(), None, None, format="png")

    assert channel(Image.open(BytesIO(made.data))) == pytest.approx(EIGHT_BITS, abs=3)
    assert found.report.depth in (10, 12)
    assert any(f"{found.report.depth} bits" in note for note in found.notes)
