"""The receipt's part about the image: what was found, what was done, what could not be kept."""

import json
import pickle
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PIL import ExifTags, Image

from pipeline.messages import DEFAULT_RENDITION, Rendition
from pipeline.records import ImageReport
from tests.unit.imaging.animations import Cel, animation, flat
from tests.unit.imaging.colour_spaces import DISPLAY_P3
from tests.unit.imaging.conftest import Render
from tests.unit.imaging.samples import READABLE, file_of, noise
from worker.imaging import RenderedImage, render


def with_place() -> bytes:
    """An EXIF block of a camera that knew where it was, held sideways."""
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif[ExifTags.Base.Make] = "Kamera"
    exif[ExifTags.Base.Artist] = "Ada"
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return exif.tobytes()


def test_a_photograph_is_described(rendered: Render) -> None:
    data = file_of(
        noise(90, 60), "JPEG", progressive=True, exif=with_place(), icc_profile=DISPLAY_P3.profile()
    )

    found, _ = rendered(data)

    report = msgspec.structs.replace(found.report, libraries={})
    assert report == ImageReport(
        format="jpeg",
        width=90,
        height=60,
        mode="RGB",
        depth=8,
        frames=1,
        orientation=6,
        is_progressive=True,
        has_alpha=False,
        profile="Display P3",
        colour="converted",
        metadata=report.metadata,
        has_place=True,
    )
    assert {"exif", "icc"} <= set(report.metadata)
    assert (found.width, found.height) == (60, 90)


@pytest.mark.parametrize("kind", READABLE)
def test_a_picture_without_secrets_has_none(rendered: Render, kind: str) -> None:
    found, (made,) = rendered(file_of(noise(30, 20), kind))

    report = found.report
    assert (report.format, report.width, report.height) == (kind.lower(), 30, 20)
    assert (report.frames, report.orientation, report.depth) == (1, 1, 8)
    assert not report.has_place
    assert not set(report.metadata) - {"icc"}
    assert not report.has_alpha
    assert made.metadata == ()
    assert found.notes == ()


@pytest.mark.parametrize(
    ("mode", "kind", "depth"),
    [
        ("1", "PNG", 1),
        ("L", "PNG", 8),
        ("P", "PNG", 8),
        ("I;16", "PNG", 16),
        ("RGBA", "PNG", 8),
        ("1", "TIFF", 1),
        ("I;16", "TIFF", 16),
        ("F", "TIFF", 32),
        ("CMYK", "JPEG", 8),
        ("L", "JPEG", 8),
    ],
)
def test_mode_and_depth_are_those_of_the_file(rendered: Render, mode: str, kind: str, depth: int) -> None:
    found, _ = rendered(file_of(Image.new(mode, (20, 20)), kind))

    assert (found.report.mode, found.report.depth) == (mode, depth)


def test_a_change_of_depth_is_said(rendered: Render) -> None:
    deep, _ = rendered(file_of(Image.new("I;16", (20, 20)), "PNG"))
    usual, _ = rendered(file_of(Image.new("L", (20, 20)), "PNG"))

    assert any("16 bits" in note for note in deep.notes)
    assert not usual.notes


def test_what_could_not_be_kept_is_said_by_name(rendered_all: Render) -> None:
    cels = [Cel(flat((20, 20), colour)) for colour in ((255, 0, 0, 0), (0, 255, 0, 255))]
    asked = [
        Rendition(name="flat", width=8, height=8, format="jpeg"),
        Rendition(name="moving", width=8, height=8),
    ]

    found, _ = rendered_all(animation("PNG", (20, 20), cels), *asked)

    assert len(found.notes) == 2
    assert all("flat" in note and "moving" not in note for note in found.notes)
    assert all(note.endswith(".") and note[0].isupper() for note in found.notes)


def test_the_libraries_that_did_it_are_named_with_their_versions(rendered: Render) -> None:
    libraries = rendered(file_of(noise(8, 8), "PNG"))[0].report.libraries

    assert {"pillow", "pillow-heif", "pillow-jxl-plugin"} <= set(libraries)
    assert all(version[0].isdigit() for version in libraries.values())


def test_the_kernel_leaves_the_digest_of_the_source_to_those_who_have_its_bytes(rendered: Render) -> None:
    assert rendered(file_of(noise(8, 8), "PNG"))[0].report.sha256 is None


def test_the_report_can_be_written_down(rendered: Render) -> None:
    report = rendered(file_of(noise(8, 8), "JPEG", exif=with_place()))[0].report

    written = msgspec.json.encode(report)

    assert json.loads(written)["has_place"] is True
    assert msgspec.json.decode(written, type=ImageReport) == report


def test_the_result_says_how_long_each_kind_of_work_took(rendered: Render) -> None:
    begun = time.perf_counter()
    timings = rendered(file_of(noise(400, 300), "JPEG"))[0].timings_ms
    elapsed_ms = (time.perf_counter() - begun) * 1000

    assert {"decode", "resample", "encode"} <= set(timings)
    assert all(milliseconds >= 0 for milliseconds in timings.values())
    assert 0 < sum(timings.values()) <= elapsed_ms


def test_results_and_receipts_are_the_same_after_they_were_pickled(rendered: Render) -> None:
    found, made = rendered(file_of(noise(64, 64), "PNG"))

    assert pickle.loads(pickle.dumps((found, made))) == (found, made)  # noqa: S301  # our own bytes


def test_the_default_is_one_rendition_of_300_by_300(rendered_all: Render) -> None:
    _, made = rendered_all(file_of(noise(400, 500), "JPEG"), DEFAULT_RENDITION)

    assert [(each.name, each.width, each.height) for each in made] == [("300x300", 300, 300)]


def test_renditions_are_told_apart_by_name_and_come_in_the_order_asked(rendered_all: Render) -> None:
    asked = [
        Rendition(name="b", width=10, height=20),
        Rendition(name="a", width=30, height=5, format="webp"),
        Rendition(name="c", width=600, height=600, format="avif"),
        Rendition(name="d", width=4, fit="inside", format="jpeg"),
    ]

    _, made = rendered_all(file_of(noise(64, 64), "PNG"), *asked)

    assert [(each.name, each.image_format, each.width, each.height) for each in made] == [
        ("b", "png", 10, 20),
        ("a", "webp", 30, 5),
        ("c", "avif", 600, 600),
        ("d", "jpeg", 4, 4),
    ]


def test_a_rendition_is_handed_over_before_the_next_is_begun(image_file: Callable[[bytes], Path]) -> None:
    class Enough(Exception):
        pass

    seen: list[str] = []

    def take(made: RenderedImage) -> None:
        seen.append(made.name)
        if len(seen) == 2:
            raise Enough

    asked = [Rendition(name=name, width=8, height=8) for name in "abcd"]

    with pytest.raises(Enough):
        render(image_file(file_of(noise(64, 64), "PNG")), asked, on_ready=take)

    assert seen == ["a", "b"]


def test_several_renditions_make_the_same_files_as_one_by_one(rendered_all: Render) -> None:
    data = file_of(noise(200, 150), "PNG")
    asked = [
        Rendition(name="a", width=50, height=50),
        Rendition(name="b", width=90, fit="inside", format="webp"),
        Rendition(name="c", width=20, height=80, fit="contain", background="black", format="jpeg"),
    ]

    _, together = rendered_all(data, *asked)

    assert together == [rendered_all(data, each)[1][0] for each in asked]


def test_many_renditions_cost_one_decode(rendered_all: Render) -> None:
    """Twelve small pictures of a large one take little longer than one: what is dear is reading it."""
    data = file_of(noise(2400, 1800), "PNG", compress_level=1)
    asked = [Rendition(name=f"r{edge}", width=edge, height=edge) for edge in range(4, 16)]

    one = min(cpu_seconds(lambda: rendered_all(data, asked[0])) for _ in range(2))
    many = min(cpu_seconds(lambda: rendered_all(data, *asked)) for _ in range(2))

    assert many < 4 * one


def cpu_seconds(work: Callable[[], object]) -> float:
    """How long this process computes for it."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


SECRET = "SECRET-PLACE"


def described(kind: str) -> bytes:
    """An image that says in every way its format has where it was taken."""
    if kind in ("GIF", "BMP"):
        return file_of(noise(40, 40), kind, **({"comment": SECRET} if kind == "GIF" else {}))
    exif = Image.Exif()
    exif[ExifTags.Base.ImageDescription] = SECRET
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSAreaInformation] = SECRET.encode()
    options: dict[str, object] = {"exif": exif.tobytes(), "xmp": f"<x>{SECRET}</x>".encode()}
    if kind == "JXL":
        return file_of(noise(40, 40), kind, use_container=True, **options)
    if kind == "TIFF":
        return file_of(noise(40, 40), kind, tiffinfo={270: SECRET, 700: options["xmp"]})
    if kind == "JPEG":
        options["comment"] = SECRET
    return file_of(noise(40, 40), kind, icc_profile=DISPLAY_P3.profile(), **options)


@pytest.mark.parametrize("policy", ["copyright", "none"])
@pytest.mark.parametrize("wanted", ["auto", "jpeg", "png", "webp", "avif", "gif"])
@pytest.mark.parametrize("kind", [kind for kind in READABLE if kind != "BMP"])
def test_nothing_but_the_pixels_reaches_the_result(
    rendered: Render, kind: str, wanted: str, policy: str
) -> None:
    data = described(kind)
    assert SECRET.encode() in data

    _, (made,) = rendered(data, format=wanted, metadata=policy)

    assert SECRET.encode() not in made.data
    assert made.metadata == ()
