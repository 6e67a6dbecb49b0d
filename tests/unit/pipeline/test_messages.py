"""What goes over the wire is what the golden files say, both ways."""

import json
from datetime import UTC, datetime
from typing import get_args

import pytest

from pipeline.errors import InvalidMessage
from pipeline.messages import (
    DEFAULT_RENDITION,
    AnyEvent,
    ResizeImage,
    decode_command,
    decode_event,
    decode_webhook,
    encode,
    event_type,
)
from tests.unit.pipeline.examples import BATCH_ID, COMMAND, EVENTS, GOLDEN, JOB_ID, WEBHOOK


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def with_changes(name: str, **changes: object) -> bytes:
    return json.dumps(json.loads(golden(name)) | changes).encode()


def without(name: str, *fields: str) -> bytes:
    return json.dumps({k: v for k, v in json.loads(golden(name)).items() if k not in fields}).encode()


def test_the_command_is_encoded_as_the_golden_file_says() -> None:
    assert json.loads(encode(COMMAND)) == json.loads(golden("resize_image"))


def test_the_golden_command_is_decoded_to_what_was_sent() -> None:
    assert decode_command(golden("resize_image")) == COMMAND


def test_the_command_to_deliver_a_webhook_is_what_the_golden_file_says() -> None:
    assert json.loads(encode(WEBHOOK)) == json.loads(golden("deliver_webhook"))
    assert decode_webhook(golden("deliver_webhook")) == WEBHOOK


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"type": "deliver_webhook", "job_id": "7"}', golden("resize_image")]
)
def test_what_is_no_webhook_is_an_invalid_message(body: bytes) -> None:
    with pytest.raises(InvalidMessage):
        decode_webhook(body)


@pytest.mark.parametrize("event", EVENTS, ids=event_type)
def test_an_event_is_encoded_as_the_golden_file_says(event: AnyEvent) -> None:
    assert json.loads(encode(event)) == json.loads(golden(event_type(event)))


@pytest.mark.parametrize("event", EVENTS, ids=event_type)
def test_the_golden_event_is_decoded_to_what_was_sent(event: AnyEvent) -> None:
    assert decode_event(golden(event_type(event))) == event


def test_there_is_an_example_of_every_event() -> None:
    assert {type(event) for event in EVENTS} == set(get_args(AnyEvent))


def test_what_is_encoded_has_no_line_break_so_that_a_message_is_one_line_in_a_log() -> None:
    assert all(b"\n" not in encode(message) for message in (COMMAND, *EVENTS))


@pytest.mark.parametrize("event", EVENTS, ids=event_type)
def test_a_field_of_a_later_version_is_passed_over(event: AnyEvent) -> None:
    assert decode_event(with_changes(event_type(event), colour={"of": ["later"]})) == event


def test_a_field_of_a_later_version_is_passed_over_in_a_command() -> None:
    assert decode_command(with_changes("resize_image", priority=9)) == COMMAND


def test_a_command_typed_by_hand_needs_only_a_job_and_a_source() -> None:
    typed = f'{{"job_id": "{JOB_ID}", "source": "uploads/a.png"}}'.encode()

    assert decode_command(typed) == ResizeImage(
        v=1,
        job_id=JOB_ID,
        batch_id=None,
        source="uploads/a.png",
        attempt=1,
        renditions=(DEFAULT_RENDITION,),
    )


def test_what_is_not_asked_of_a_rendition_has_its_default() -> None:
    command = decode_command(
        with_changes("resize_image", renditions=[{"name": "s", "width": 9, "height": 9}])
    )

    (rendition,) = command.renditions
    assert (rendition.fit, rendition.position, rendition.background) == ("cover", "centre", "white")
    assert (rendition.format, rendition.quality, rendition.metadata) == ("auto", None, "copyright")
    assert not (rendition.without_enlargement or rendition.progressive or rendition.lossless)


def test_a_rendition_needs_only_a_name_and_keeps_the_size_without_one() -> None:
    command = decode_command(with_changes("resize_image", renditions=[{"name": "same"}]))

    (rendition,) = command.renditions
    assert (rendition.width, rendition.height) == (None, None)


@pytest.mark.parametrize(
    "position", ["centre", "center", "north", "southwest", "attention", "0,0", "1,1", "0.5,.25", "1.0,0"]
)
def test_a_position_is_a_word_or_a_point(position: str) -> None:
    asked = [{"name": "s", "width": 9, "height": 9, "position": position}]

    assert decode_command(with_changes("resize_image", renditions=asked)).renditions[0].position == position


@pytest.mark.parametrize(
    "background", ["white", "transparent", "f80", "#f80", "ff8800", "#FF8800", "ff880080", "#f808"]
)
def test_a_background_is_a_colour_in_hexadecimal_or_by_name(background: str) -> None:
    asked = [{"name": "s", "width": 9, "height": 9, "background": background}]

    assert decode_command(with_changes("resize_image", renditions=asked)).renditions[0].background == (
        background
    )


def test_the_default_rendition_is_300_by_300() -> None:
    assert (DEFAULT_RENDITION.name, DEFAULT_RENDITION.width, DEFAULT_RENDITION.height) == (
        "300x300",
        300,
        300,
    )


def test_a_job_id_in_capitals_is_the_same_job() -> None:
    assert decode_command(with_changes("resize_image", job_id=JOB_ID.upper())).job_id == JOB_ID


def test_a_batch_is_optional_everywhere() -> None:
    command = decode_command(without("resize_image", "batch_id"))
    event = decode_event(without("job_done", "batch_id"))

    assert command.batch_id is None
    assert getattr(event, "batch_id", BATCH_ID) is None


def test_an_event_without_a_time_happened_now() -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    assert before <= decode_event(without("worker_online", "at")).at <= datetime.now(UTC)


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    event = decode_event(with_changes("worker_online", at="2026-11-24T12:15:30.250+02:00"))

    assert event.at == datetime(2026, 11, 24, 10, 15, 30, 250_000, UTC)
