"""What is asked of a list of jobs, and the cursor that leads from one page of it to the next."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from multidict import MultiMapping

from frontend.errors import OptionInvalid
from pipeline.errors import InvalidId
from pipeline.ids import BatchId, JobId, parse_batch_id, parse_job_id

ListedStatus = Literal["queued", "processing", "retrying", "done", "failed", "cancelled"]

LISTED_STATUSES: tuple[ListedStatus, ...] = get_args(ListedStatus)
DEFAULT_LIMIT, HIGHEST_LIMIT = 50, 200


@dataclass(frozen=True, kw_only=True)
class JobQuery:
    """Which jobs: of this status, of this batch, older than this one, at most so many. None: all."""

    status: ListedStatus | None = None
    batch: BatchId | None = None
    before: JobId | None = None
    limit: int = DEFAULT_LIMIT


def job_query(query: MultiMapping[str]) -> JobQuery:
    """The query that an address makes; what has no value is as if it was not there. Raises OptionInvalid."""
    for field in query:
        if field not in _READERS:
            raise OptionInvalid(
                field, query[field], tuple(_READERS), remark=", and there is no such parameter"
            )
        if len(query.getall(field)) > 1:
            raise OptionInvalid(field, query.getall(field)[1], "given once")
    read: Mapping[str, Any] = {
        name: reader(query[field]) for field, (name, reader) in _READERS.items() if query.get(field)
    }
    return JobQuery(**read)


def cursor_of(job_id: JobId) -> str:
    """The cursor to what is older than this job: 22 characters that mean nothing to others."""
    return base64.urlsafe_b64encode(uuid.UUID(job_id).bytes).rstrip(b"=").decode()


def _status(text: str) -> ListedStatus:
    for status in LISTED_STATUSES:
        if text == status:
            return status
    raise OptionInvalid("status", text, LISTED_STATUSES)


def _batch(text: str) -> BatchId:
    try:
        return parse_batch_id(text)
    except InvalidId as error:
        raise OptionInvalid("batch", text, "a UUID of version 7") from error


def _limit(text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= HIGHEST_LIMIT:
        return int(text)
    raise OptionInvalid("limit", text, f"a whole number from 1 to {HIGHEST_LIMIT}")


def _before(text: str) -> JobId:
    try:
        job_id = parse_job_id(str(uuid.UUID(bytes=base64.urlsafe_b64decode(text + "=="))))
        if cursor_of(job_id) == text:
            return job_id
    except (ValueError, InvalidId):
        pass
    raise OptionInvalid("cursor", text, "the `next` of an earlier page")


_READERS = {
    "status": ("status", _status),
    "batch": ("batch", _batch),
    "limit": ("limit", _limit),
    "cursor": ("before", _before),
}
