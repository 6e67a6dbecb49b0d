"""The records in the store are what the golden files say; a damaged one is a DamagedRecord."""

import json
from collections.abc import Callable

import msgspec
import pytest

from pipeline.messages import JobCancelled, JobDone, JobEnd, JobFailed, JobRemoved
from pipeline.records import DamagedRecord, Receipt, decode_job, decode_receipt, encode_record, event_of
from tests.unit.pipeline.examples import (
    CANCELLED_RECEIPT,
    DONE_RECEIPT,
    EVENTS,
    FAILED_RECEIPT,
    GOLDEN,
    JOB_RECORD,
    REMOVED_RECEIPT,
)

RECEIPTS = {"done_receipt": DONE_RECEIPT, "failed_receipt": FAILED_RECEIPT}

DAMAGED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"\x00" * 100,
    b"\xff\xfe",
    b'{"v": 1}',
    b'{"v": 2}',
    b'{"name": "\xff"}',
]


def golden(name: str) -> bytes:
    return (GOLDEN / f"{name}.json").read_bytes()


def test_a_job_record_is_stored_as_the_golden_file_says() -> None:
    assert encode_record(JOB_RECORD) + b"\n" == golden("job_record")


def test_the_golden_job_record_is_read_as_what_was_stored() -> None:
    assert decode_job(golden("job_record")) == JOB_RECORD


@pytest.mark.parametrize(("name", "receipt"), RECEIPTS.items(), ids=RECEIPTS)
def test_a_receipt_is_stored_as_the_golden_file_says(name: str, receipt: Receipt) -> None:
    assert encode_record(receipt) + b"\n" == golden(name)


@pytest.mark.parametrize(("name", "receipt"), RECEIPTS.items(), ids=RECEIPTS)
def test_the_golden_receipt_is_read_as_what_was_stored(name: str, receipt: Receipt) -> None:
    assert decode_receipt(golden(name)) == receipt


@pytest.mark.parametrize("decode", [decode_job, decode_receipt])
@pytest.mark.parametrize("data", DAMAGED, ids=lambda data: repr(data[:20]))
def test_what_cannot_be_read_is_a_damaged_record(decode: Callable[[bytes], object], data: bytes) -> None:
    with pytest.raises(DamagedRecord, match=r"^(job|receipt)\.json: ."):
        decode(data)


@pytest.mark.parametrize("end", [1, 50, 100, 200])
def test_a_record_that_is_cut_off_is_damaged(end: int) -> None:
    with pytest.raises(DamagedRecord):
        decode_receipt(golden("done_receipt")[:end])


def test_a_receipt_of_an_earlier_version_has_no_placeholder() -> None:
    fields = json.loads(encode_record(DONE_RECEIPT))
    del fields["placeholder"]

    receipt = decode_receipt(json.dumps(fields).encode())

    assert (receipt.status, receipt.placeholder) == ("done", None)


def test_a_field_of_a_later_version_is_passed_over() -> None:
    later = json.dumps(json.loads(golden("done_receipt")) | {"colour": "red"}).encode()

    assert decode_receipt(later) == DONE_RECEIPT


def test_a_status_that_no_job_ends_in_is_damage() -> None:
    with pytest.raises(DamagedRecord, match="status"):
        decode_receipt(golden("done_receipt").replace(b'"done"', b'"queued"'))


def test_the_event_of_a_receipt_tells_all_that_it_says() -> None:
    done, failed = (next(e for e in EVENTS if isinstance(e, kind)) for kind in (JobDone, JobFailed))

    assert event_of(DONE_RECEIPT) == done
    assert event_of(FAILED_RECEIPT) == failed


@pytest.mark.parametrize(
    ("receipt", "kind"), [(CANCELLED_RECEIPT, JobCancelled), (REMOVED_RECEIPT, JobRemoved)]
)
def test_the_event_of_an_end_that_somebody_wanted_says_so(receipt: Receipt, kind: type[JobEnd]) -> None:
    assert event_of(receipt) == next(event for event in EVENTS if isinstance(event, kind))


def test_a_failed_receipt_without_a_reason_still_has_an_event() -> None:
    event = event_of(msgspec.structs.replace(FAILED_RECEIPT, error=None))

    assert isinstance(event, JobFailed)
    assert event.error.code == "unknown"
