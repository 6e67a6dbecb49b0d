"""Ids of jobs and batches: UUIDs of version 7, so that they sort by time and name their own folder."""

import uuid
from datetime import UTC, date, datetime
from typing import NewType

import uuid6

from pipeline.errors import InvalidId

JobId = NewType("JobId", str)
BatchId = NewType("BatchId", str)


def new_job_id() -> JobId:
    """A new job id; ids made later in this process sort after it.

    So each tells of another millisecond, and a process that makes more than a thousand a second is ahead.
    """
    return JobId(str(uuid6.uuid7()))


def new_batch_id() -> BatchId:
    """A new batch id."""
    return BatchId(str(uuid6.uuid7()))


def parse_job_id(text: str) -> JobId:
    """The job id that `text` spells, in lower case; raises InvalidId for anything but a UUIDv7."""
    return JobId(_canonical(text))


def parse_batch_id(text: str) -> BatchId:
    """The batch id that `text` spells, in lower case; raises InvalidId for anything but a UUIDv7."""
    return BatchId(_canonical(text))


def made_at(an_id: JobId | BatchId) -> datetime:
    """When the id was made (UTC, to the millisecond): the first 48 bits of a UUIDv7 (RFC 9562, 5.7)."""
    milliseconds = uuid.UUID(an_id).int >> 80
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def day_of(an_id: JobId | BatchId) -> str:
    """The UTC day on which the id was made, as in `2026-11-24`."""
    return made_at(an_id).date().isoformat()


def _canonical(text: str) -> str:
    try:
        parsed = uuid.UUID(text)
        # The 48 bits of time reach past the year 9999, where dates end.
        datetime.fromtimestamp((parsed.int >> 80) / 1000, UTC)
    except (ValueError, AttributeError, OverflowError) as error:
        raise InvalidId(f"{text[:80]!r} is not a UUID of version 7") from error
    if parsed.version != 7 or str(parsed) != text.lower():
        raise InvalidId(f"{text[:80]!r} is not a UUID of version 7")
    return str(parsed)


def is_id(name: str) -> bool:
    """Whether it is an id, of a job or of a batch, in the one way that ids are written."""
    try:
        return parse_job_id(name) == name
    except InvalidId:
        return False


def is_day(name: str) -> bool:
    """Whether it is a day, as `day_of` writes it."""
    try:
        return date.fromisoformat(name).isoformat() == name
    except ValueError:
        return False
