"""The options of the client against those of the server, and as the server is sent them."""

from typing import get_args, get_type_hints

from frontend.option_values import FITS, METADATA_POLICIES, OPTIONS, OUTPUT_FORMATS
from image_resizer.options import MEANINGS, Fit, MetadataPolicy, Options, OutputFormat, as_fields


def test_there_are_those_of_the_server_and_no_others() -> None:
    assert set(get_type_hints(Options)) == {*OPTIONS, "preset", "renditions", "reuse", "callback_url"}
    assert list(MEANINGS) == list(get_type_hints(Options))


def test_their_words_are_those_of_the_server() -> None:
    assert get_args(Fit) == FITS
    assert get_args(OutputFormat) == OUTPUT_FORMATS
    assert get_args(MetadataPolicy) == METADATA_POLICIES


def test_they_are_sent_as_texts() -> None:
    fields = as_fields({"width": 640, "lossless": True, "format": "webp", "height": None})
    assert fields == {"width": "640", "lossless": "true", "format": "webp"}


def test_a_list_of_renditions_is_sent_as_json() -> None:
    assert as_fields({"renditions": [{"width": 640}]}) == {"renditions": '[{"width":640}]'}
    assert as_fields({"renditions": '[{"width": 640}]'}) == {"renditions": '[{"width": 640}]'}
