"""A file is what its first bytes say, whatever it is called."""

from io import BytesIO

import pytest
from PIL import Image

from pipeline.image_formats import FORMATS, SIGNATURE_BYTES, ImageFormat, detect_format, format_named

STRANGERS = [
    b"",
    b"\xff\xd8",
    b"\x89PNG",
    b"GIF88a" + bytes(20),
    b"RIFF\x10\0\0\0WAVEfmt " + bytes(20),
    b"BM" + bytes(20),
    b"II*\0" + bytes(20),
    b"\0\0\0\x1cftypheic" + bytes(20),
    b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    b"%PDF-1.7",
    b"#!/bin/sh\n",
    b" \xff\xd8\xff",
]


@pytest.mark.parametrize("image_format", FORMATS, ids=lambda image_format: image_format.name)
def test_a_real_file_is_known_by_its_signature(image_format: ImageFormat) -> None:
    file = BytesIO()
    Image.new("RGB", (1, 1)).save(file, image_format.name)

    assert detect_format(file.getvalue()[:SIGNATURE_BYTES]) is image_format


@pytest.mark.parametrize("head", STRANGERS)
def test_what_is_none_of_the_formats_is_none(head: bytes) -> None:
    assert detect_format(head) is None


@pytest.mark.parametrize("image_format", FORMATS, ids=lambda image_format: image_format.name)
def test_a_format_is_found_by_its_name(image_format: ImageFormat) -> None:
    assert format_named(image_format.name) is image_format


def test_a_name_of_no_format_is_an_error() -> None:
    with pytest.raises(KeyError, match="tiff"):
        format_named("tiff")


def test_no_two_formats_share_a_name_a_type_or_a_suffix() -> None:
    for field in ("name", "media_type", "suffix"):
        assert len({getattr(image_format, field) for image_format in FORMATS}) == len(FORMATS)
