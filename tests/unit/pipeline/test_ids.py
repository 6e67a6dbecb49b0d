"""Ids are UUIDs of version 7 in one spelling, and tell when they were made."""

import subprocess
import sys
import uuid
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.errors import InvalidId
from pipeline.ids import (
    JobId,
    day_of,
    made_at,
    new_batch_id,
    new_job_id,
    parse_batch_id,
    parse_job_id,
)

GOOD = "01a20d0d-aebe-7e7a-9d1e-1c2b3a4f5e6d"
BEYOND_DATES = "ffffffff-ffff-7fff-bfff-ffffffffffff"

NOT_IDS = [
    "",
    "x",
    "..",
    "../../../etc/passwd",
    str(uuid.UUID(int=0)),
    "c76259ea-583a-4b75-82f8-50cbe62a09de",  # version 4
    "e98f1c8a-e84a-11f1-8b46-02fc00000001",  # version 1
    GOOD.replace("-", ""),
    f"{{{GOOD}}}",
    f"urn:uuid:{GOOD}",
    f" {GOOD}",
    f"{GOOD}\n",
    f"{GOOD}/..",
    GOOD.replace("-9d1e-", "-1d1e-"),  # the variant is not that of RFC 9562
    GOOD.replace("0", "\N{ARABIC-INDIC DIGIT ZERO}"),
    GOOD + "\0",
    "7" * 10_000,
    BEYOND_DATES,
    "é" * 36,
]


def test_a_new_id_is_one_that_is_taken_back() -> None:
    job_id, batch_id = new_job_id(), new_batch_id()

    assert parse_job_id(job_id) == job_id
    assert parse_batch_id(batch_id) == batch_id


def test_ids_made_one_after_the_other_sort_so_and_never_repeat() -> None:
    made = [new_job_id() for _ in range(1000)]

    assert made == sorted(set(made))


@pytest.mark.parametrize("text", NOT_IDS, ids=lambda text: text[:40].encode("unicode_escape").decode())
def test_what_is_not_an_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidId):
        parse_job_id(text)
    with pytest.raises(InvalidId):
        parse_batch_id(text)


def test_the_refusal_quotes_what_was_given_but_not_endlessly() -> None:
    with pytest.raises(InvalidId, match="'xxxx") as caught:
        parse_job_id("x" * 10_000)

    assert len(str(caught.value)) < 200


def test_an_id_has_one_spelling() -> None:
    assert parse_job_id(GOOD.upper()) == GOOD


def test_an_id_tells_when_it_was_made() -> None:
    assert made_at(JobId(GOOD)) == datetime(2026, 11, 24, 10, 15, 30, 238_000, UTC)


def test_the_first_id_of_a_process_tells_when_it_was_made() -> None:
    make = "from pipeline.ids import made_at, new_job_id; print(made_at(new_job_id()).isoformat())"
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    told = subprocess.run([sys.executable, "-c", make], capture_output=True, text=True, check=True).stdout

    assert before <= datetime.fromisoformat(told.strip()) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("first_48_bits", "day"),
    [("00000000-0000", "1970-01-01"), ("01a20d0d-aebe", "2026-11-24"), ("e677d21f-dbff", "9999-12-31")],
)
def test_the_day_of_an_id_is_that_of_its_time_in_utc(first_48_bits: str, day: str) -> None:
    assert day_of(parse_job_id(f"{first_48_bits}-7e7a-9d1e-1c2b3a4f5e6d")) == day
