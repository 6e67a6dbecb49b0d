import pickle
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import ExifTags, Image, ImageChops, ImageStat

from pipeline.messages import DEFAULT_RENDITION, Rendition
from tests.unit.imaging.conftest import Render, Resize
from tests.unit.imaging.profiles import srgb
from tests.unit.imaging.samples import BLUE, GREEN, RED, file_of, four_corners, nearest_colour, noise
from worker.imaging import UnsupportedFormat, render
from worker.imaging.decode import decode

SECRET = "SECRET-PLACE"


@pytest.mark.parametrize("image_format", ["JPEG", "PNG", "GIF", "WEBP"])
@pytest.mark.parametrize(
    "source", [(1, 1), (1, 1000), (1000, 1), (2, 3), (299, 301), (300, 300), (1021, 333), (5000, 3)]
)
@pytest.mark.parametrize("target", [(300, 300), (1, 1), (7, 200)])
def test_a_rendition_has_exactly_the_size_that_was_asked(
    rendered: Render, image_format: str, source: tuple[int, int], target: tuple[int, int]
) -> None:
    result = rendered(file_of(noise(*source), image_format), *target)

    made = result.renditions[0]
    assert (result.width, result.height) == source
    assert (made.width, made.height) == Image.open(BytesIO(made.data)).size == target


def test_the_longest_jpeg_there_can_be_is_resized(resized: Resize) -> None:
    assert resized(file_of(noise(65500, 1), "JPEG")).size == (300, 300)


def test_the_centre_is_kept_and_not_distorted(resized: Resize) -> None:
    bands = Image.new("RGB", (600, 300), GREEN)
    bands.paste(RED, (0, 0, 150, 300))
    bands.paste(BLUE, (450, 0, 600, 300))
    disc = Image.radial_gradient("L").resize((300, 300)).point(lambda value: 255 * (value < 128))
    bands.paste("white", (150, 0), mask=disc)

    image = resized(file_of(bands, "PNG"), 100, 100)

    assert {nearest_colour(image.getpixel((x, y))) for x in (0, 99) for y in (0, 99)} == {GREEN}
    white = image.convert("RGB").getchannel("R").point(lambda value: 255 * (value > 127)).getbbox()
    assert white is not None
    assert white[2] - white[0] == pytest.approx(white[3] - white[1], abs=1)


def test_the_default_is_one_rendition_of_300_by_300(image_file: Callable[[bytes], Path]) -> None:
    result = render(image_file(file_of(noise(400, 500), "JPEG")), [DEFAULT_RENDITION])

    assert [(made.name, made.width, made.height) for made in result.renditions] == [("300x300", 300, 300)]


@pytest.mark.parametrize(
    ("source", "media_type", "result"),
    [
        ("JPEG", "image/jpeg", "jpeg"),
        ("MPO", "image/jpeg", "jpeg"),
        ("PNG", "image/png", "png"),
        ("WEBP", "image/webp", "webp"),
        ("GIF", "image/gif", "png"),
    ],
)
def test_auto_keeps_the_format_except_that_a_gif_becomes_a_png(
    rendered: Render, source: str, media_type: str, result: str
) -> None:
    second = {} if source == "JPEG" else {"save_all": True, "append_images": [noise(40, 40)]}

    found = rendered(file_of(four_corners(40, 40), source, **second))

    assert found.media_type == media_type
    assert found.renditions[0].image_format == result
    assert Image.open(BytesIO(found.renditions[0].data)).format == result.upper()


@pytest.mark.parametrize("source", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(resized: Resize, source: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in (RED, GREEN, BLUE)]
    data = file_of(frames[0], source, save_all=True, append_images=frames[1:], duration=50)

    image = resized(data, 5, 5)

    assert nearest_colour(image.convert("RGB").getpixel((2, 2))) == RED
    assert getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize("wanted", ["jpeg", "png", "webp", "gif"])
@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_kind_of_pixel_goes_into_every_format(resized: Resize, mode: str, wanted: str) -> None:
    image = resized(file_of(Image.new(mode, (20, 20), 1), "PNG"), 10, 10, format=wanted)
    image.load()

    assert image.format == wanted.upper()


@pytest.mark.parametrize("wanted", ["jpeg", "webp"])
def test_quality_decides_the_size_of_the_file(rendered: Render, wanted: str) -> None:
    data = file_of(noise(300, 300), "PNG")

    low, high = (len(rendered(data, format=wanted, quality=q).renditions[0].data) for q in (20, 95))

    assert low < high / 2


def test_a_webp_that_the_format_has_no_room_for_is_refused(rendered: Render) -> None:
    with pytest.raises(UnsupportedFormat, match="16383"):
        rendered(file_of(noise(8, 8), "PNG"), 16384, 1, format="webp")


def described(image_format: str) -> bytes:
    """An image that says in every way its format has where it was taken."""
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = SECRET.encode()
    everything = {"exif": exif, "xmp": f"<x>{SECRET}</x>".encode(), "icc_profile": srgb()}
    if image_format == "GIF":
        return file_of(noise(40, 40), "GIF", comment=SECRET)
    if image_format == "JPEG":
        return file_of(noise(40, 40), "JPEG", comment=SECRET, **everything)
    return file_of(noise(40, 40), image_format, **everything)


@pytest.mark.parametrize("result", ["auto", "jpeg", "png", "webp", "gif"])
@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "GIF"])
def test_nothing_but_the_pixels_reaches_the_result(rendered: Render, source: str, result: str) -> None:
    data = described(source)
    assert SECRET.encode() in data

    made = rendered(data, format=result).renditions[0].data

    assert SECRET.encode() not in made
    image = Image.open(BytesIO(made))
    assert not image.getexif()
    assert not {"comment", "xmp", "exif", "icc_profile"} & image.info.keys()


def test_a_large_jpeg_is_decoded_small(image_file: Callable[[bytes], Path]) -> None:
    picture = decode(image_file(file_of(noise(2403, 1801), "JPEG")), [(300, 300)], max_pixels=10**8)

    assert picture.size == (2403, 1801)
    assert picture.pixels.size == (601, 451)
    assert picture.extent == (600.75, 450.25)


def test_the_largest_rendition_decides_how_small_a_jpeg_is_read(image_file: Callable[[bytes], Path]) -> None:
    path = image_file(file_of(noise(2400, 1800), "JPEG"))

    picture = decode(path, [(30, 30), (800, 600), (300, 300)], max_pixels=10**8)

    assert picture.pixels.size == (1200, 900)


def test_a_sideways_jpeg_is_decoded_as_small_as_an_upright_one(
    image_file: Callable[[bytes], Path],
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    path = image_file(file_of(noise(2400, 1800), "JPEG", exif=exif))

    picture = decode(path, [(200, 400)], max_pixels=10**8)

    assert picture.shown_size == (1800, 2400)
    assert picture.pixels.size == (600, 450)


def test_decoding_small_moves_nothing(resized: Resize) -> None:
    image = four_corners(1203, 1203)

    small = resized(file_of(image, "JPEG", quality=95), 100, 100, format="png")
    exact = image.resize((100, 100), Image.Resampling.LANCZOS)

    assert max(ImageStat.Stat(ImageChops.difference(small, exact)).mean) < 1


def test_the_result_says_how_long_each_kind_of_work_took(rendered: Render) -> None:
    timings = rendered(file_of(noise(100, 100), "JPEG")).timings_ms

    assert set(timings) == {"decode", "resample", "encode"}
    assert all(milliseconds >= 0 for milliseconds in timings.values())


def test_several_renditions_are_told_apart_by_name_and_come_in_order(
    image_file: Callable[[bytes], Path],
) -> None:
    asked = [Rendition(name="b", width=10, height=20), Rendition(name="a", width=30, height=5, format="webp")]

    result = render(image_file(file_of(noise(64, 64), "PNG")), asked)

    made = [(made.name, made.image_format, made.width, made.height) for made in result.renditions]
    assert made == [("b", "png", 10, 20), ("a", "webp", 30, 5)]


def test_a_result_is_the_same_after_it_was_pickled(rendered: Render) -> None:
    result = rendered(file_of(noise(64, 64), "PNG"))

    assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301  # our own bytes
