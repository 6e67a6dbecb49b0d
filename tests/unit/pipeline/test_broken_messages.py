"""Whatever is wrong with the bytes of a message, it is one InvalidMessage that says what and where."""

import json

import pytest

from pipeline.errors import InvalidMessage
from pipeline.messages import decode_command, decode_event
from tests.unit.pipeline.examples import GOLDEN

SMALL = {"name": "small", "width": 10, "height": 10}

NO_OBJECT = [
    b"",
    b" ",
    b"{",
    b"}",
    b"[]",
    b"null",
    b"1",
    b'"resize_image"',
    b"not json at all",
    b"\x00\x01\x02",
    b"\xff\xfe",
    b"\xef\xbb\xbf{}",
    b'{"job_id": "\xff"}',
    b'{"job_id": "\\ud800"}',
    b"\xff\xd8\xff\xe0 an image",
    b"{" * 1000,
]

DEEP = b'{"type": "resize_image", "colour": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"

WRONG_COMMANDS = {
    "another type": ({"type": "paint_image"}, "type"),
    "another version": ({"v": 2}, "v"),
    "version as text": ({"v": "1"}, "v"),
    "no id": ({"job_id": "holiday"}, "holiday"),
    "id of version 4": ({"job_id": "7d444840-9dc0-41d1-b245-5ffdce74fad2"}, "version 7"),
    "id is a path": ({"job_id": "../../etc"}, "../../etc"),
    "id is a number": ({"job_id": 7}, "job_id"),
    "source is null": ({"source": None}, "source"),
    "attempt 0": ({"attempt": 0}, "attempt"),
    "attempt is half": ({"attempt": 1.5}, "attempt"),
    "attempt too large to be sent on": ({"attempt": 10**30}, "attempt"),
    "no renditions": ({"renditions": []}, "renditions"),
    "renditions is an object": ({"renditions": {}}, "renditions"),
    "renditions of numbers": ({"renditions": [300]}, "renditions"),
    "the same name twice": ({"renditions": [SMALL, SMALL]}, "same name"),
    "no name": ({"renditions": [{"width": 1, "height": 1}]}, "name"),
    "position is no place": ({"renditions": [SMALL | {"position": "up"}]}, "position"),
    "position outside": ({"renditions": [SMALL | {"position": "0.5,1.5"}]}, "position"),
    "position is half a point": ({"renditions": [SMALL | {"position": "0.5"}]}, "position"),
    "position goes on": ({"renditions": [SMALL | {"position": "centre\n"}]}, "position"),
    "background is no colour": ({"renditions": [SMALL | {"background": "reddish"}]}, "background"),
    "background of five digits": ({"renditions": [SMALL | {"background": "#12345"}]}, "background"),
    "lossless is a word": ({"renditions": [SMALL | {"lossless": "yes"}]}, "lossless"),
    "unknown policy": ({"renditions": [SMALL | {"metadata": "some"}]}, "metadata"),
    "width 0": ({"renditions": [SMALL | {"width": 0}]}, "width"),
    "height endless": ({"renditions": [SMALL | {"height": 16385}]}, "height"),
    "quality 0": ({"renditions": [SMALL | {"quality": 0}]}, "quality"),
    "quality 101": ({"renditions": [SMALL | {"quality": 101}]}, "quality"),
    "unknown fit": ({"renditions": [SMALL | {"fit": "stretch"}]}, "fit"),
    "unknown format": ({"renditions": [SMALL | {"format": "exe"}]}, "format"),
    "name is a path": ({"renditions": [SMALL | {"name": "../up"}]}, "name"),
    "name is empty": ({"renditions": [SMALL | {"name": ""}]}, "name"),
    "name is hidden": ({"renditions": [SMALL | {"name": ".a"}]}, "name"),
    "name ends in a line break": ({"renditions": [SMALL | {"name": "a\n"}]}, "name"),
    "name is endless": ({"renditions": [SMALL | {"name": "a" * 65}]}, "name"),
}

WRONG_EVENTS = {
    "another version": ({"v": 2}, "v"),
    "time is no time": ({"at": "yesterday"}, "at"),
    "time without a zone": ({"at": "2026-11-24T10:15:30"}, "at"),
    "source is text": ({"source": "a.jpg"}, "source"),
    "renditions hold null": ({"renditions": [None]}, "renditions"),
    "timings are text": ({"timings_ms": {"total": "long"}}, "timings_ms"),
    "attempt 0": ({"attempt": 0}, "attempt"),
}


def golden(name: str) -> dict[str, object]:
    known: dict[str, object] = json.loads((GOLDEN / f"{name}.json").read_bytes())
    return known


@pytest.mark.parametrize("body", NO_OBJECT)
def test_bytes_that_are_no_object_are_no_command(body: bytes) -> None:
    with pytest.raises(InvalidMessage, match=r"."):
        decode_command(body)


@pytest.mark.parametrize("body", NO_OBJECT)
def test_bytes_that_are_no_object_are_no_event(body: bytes) -> None:
    with pytest.raises(InvalidMessage, match=r"."):
        decode_event(body)


def test_a_message_nested_without_end_is_invalid_and_no_more() -> None:
    with pytest.raises(InvalidMessage, match=r"."):
        decode_command(DEEP)
    with pytest.raises(InvalidMessage, match=r"."):
        decode_event(DEEP.replace(b"resize_image", b"worker_offline"))


@pytest.mark.parametrize(("change", "named"), WRONG_COMMANDS.values(), ids=WRONG_COMMANDS)
def test_a_command_with_a_wrong_field_is_refused_and_the_field_named(
    change: dict[str, object], named: str
) -> None:
    body = json.dumps(golden("resize_image") | change).encode()

    with pytest.raises(InvalidMessage) as caught:
        decode_command(body)

    assert named in str(caught.value)


@pytest.mark.parametrize("field", ["job_id", "source"])
def test_a_command_without_a_field_it_needs_is_refused_and_the_field_named(field: str) -> None:
    command = golden("resize_image")
    del command[field]

    with pytest.raises(InvalidMessage, match=field):
        decode_command(json.dumps(command).encode())


@pytest.mark.parametrize(("change", "named"), WRONG_EVENTS.values(), ids=WRONG_EVENTS)
def test_an_event_with_a_wrong_field_is_refused_and_the_field_named(
    change: dict[str, object], named: str
) -> None:
    body = json.dumps(golden("job_done") | change).encode()

    with pytest.raises(InvalidMessage) as caught:
        decode_event(body)

    assert named in str(caught.value)


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("job_[!r]*.json")))
def test_a_job_event_without_a_job_is_refused(name: str) -> None:
    event = golden(name)
    del event["job_id"]

    with pytest.raises(InvalidMessage, match="job_id"):
        decode_event(json.dumps(event).encode())


def test_an_event_that_only_a_later_version_knows_is_refused_by_name() -> None:
    with pytest.raises(InvalidMessage, match="job_praised"):
        decode_event(b'{"type": "job_praised", "job_id": "x"}')


def test_a_command_is_no_event_and_an_event_is_no_command() -> None:
    with pytest.raises(InvalidMessage):
        decode_event((GOLDEN / "resize_image.json").read_bytes())
    with pytest.raises(InvalidMessage):
        decode_command((GOLDEN / "job_done.json").read_bytes())
