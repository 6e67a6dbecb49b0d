"""A file is what its first bytes say, whatever it is called."""

from collections.abc import Callable
from io import BytesIO
from typing import get_args

import pillow_heif
import pillow_jxl  # noqa: F401  # teaches Pillow to write JPEG XL
import pytest
from PIL import Image

from pipeline.image_formats import (
    AVIF,
    FORMATS,
    HEIF,
    JXL,
    SIGNATURE_BYTES,
    TIFF,
    ImageFormat,
    detect_format,
    format_named,
)
from pipeline.messages import OutputFormat

STRANGERS = {
    "nothing": b"",
    "the start of a JPEG": b"\xff\xd8",
    "the start of a PNG": b"\x89PNG",
    "no version of GIF": b"GIF88a" + bytes(20),
    "a sound": b"RIFF\x10\0\0\0WAVEfmt " + bytes(20),
    "two letters": b"BM" + bytes(20),
    "a text that begins like a BMP": b"BMW is a maker of cars and motorcycles",
    "a TIFF of no byte order": b"IM*\0" + bytes(20),
    "a film": b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(20),
    "a film that has the brand of a picture behind its list": b"\0\0\0\x14ftypisom\0\0\x02\0iso2heicavif",
    "a brand that is not at its place": b"\0\0\0\x18ftypisom\0heic\0\0\0mp41" + bytes(20),
    "a drawing": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "a document": b"%PDF-1.7",
    "a script": b"#!/bin/sh\n",
    "a JPEG behind a space": b" \xff\xd8\xff",
}

RELATIVES = {
    "a picture that first of all is in a MIAF container": (
        b"\0\0\0\x1cftypmif1\0\0\0\0mif1heicmiaf" + bytes(36),
        HEIF,
    ),
    "an AVIF that says so only among its brands": (
        b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf" + bytes(36),
        AVIF,
    ),
    "a sequence of AVIF": (b"\0\0\0\x18ftypavis\0\0\0\0avismsf1" + bytes(40), AVIF),
    "a bare stream of JPEG XL": (b"\xff\x0a" + bytes(62), JXL),
    "a big-endian TIFF": (b"MM\0*" + bytes(60), TIFF),
    "a TIFF beyond 4 GB": (b"II+\0" + bytes(60), TIFF),
}


def saved(name: str, **options: object) -> bytes:
    file = BytesIO()
    Image.new("RGB", (16, 16)).save(file, name, **options)
    return file.getvalue()


def saved_heif() -> bytes:
    file = BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (16, 16))).save(file)
    return file.getvalue()


REAL: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: saved("JPEG"),
    "png": lambda: saved("PNG"),
    "webp": lambda: saved("WEBP"),
    "avif": lambda: saved("AVIF"),
    "gif": lambda: saved("GIF"),
    "tiff": lambda: saved("TIFF"),
    "bmp": lambda: saved("BMP"),
    "heif": saved_heif,
    "jxl": lambda: saved("JXL", use_container=True),
}


def test_every_format_is_tried() -> None:
    assert REAL.keys() == {image_format.name for image_format in FORMATS}


@pytest.mark.parametrize("image_format", FORMATS, ids=lambda image_format: image_format.name)
def test_a_real_file_is_known_by_its_signature(image_format: ImageFormat) -> None:
    assert detect_format(REAL[image_format.name]()[:SIGNATURE_BYTES]) is image_format


@pytest.mark.parametrize(("head", "image_format"), RELATIVES.values(), ids=RELATIVES)
def test_the_kinds_of_a_format_are_told_apart(head: bytes, image_format: ImageFormat) -> None:
    assert detect_format(head) is image_format


@pytest.mark.parametrize("head", STRANGERS.values(), ids=STRANGERS)
def test_what_is_none_of_the_formats_is_none(head: bytes) -> None:
    assert detect_format(head) is None


@pytest.mark.parametrize("image_format", FORMATS, ids=lambda image_format: image_format.name)
def test_a_format_is_found_by_its_name(image_format: ImageFormat) -> None:
    assert format_named(image_format.name) is image_format


def test_a_name_of_no_format_is_an_error() -> None:
    with pytest.raises(KeyError, match="svg"):
        format_named("svg")


def test_no_two_formats_share_a_name_a_type_or_a_suffix() -> None:
    for field in ("name", "media_type", "suffix"):
        assert len({getattr(image_format, field) for image_format in FORMATS}) == len(FORMATS)


def test_what_can_be_asked_for_is_what_is_made() -> None:
    made = {image_format.name for image_format in FORMATS if image_format.is_made}

    assert set(get_args(OutputFormat)) == made | {"auto"}
