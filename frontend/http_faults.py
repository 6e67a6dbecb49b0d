"""What HTTP itself finds wrong, in our own words: those of `HTTPStatus` change with the version of Python."""

import logging
from http import HTTPStatus
from typing import NamedTuple

from aiohttp.http_exceptions import HttpProcessingError


class HttpFault(NamedTuple):
    """The stable code of a status that no error of ours has brought about, and a sentence for people."""

    code: str
    detail: str


HTTP_FAULTS = {
    400: HttpFault("bad_request", "The request cannot be understood."),
    404: HttpFault("not_found", "There is nothing at this address."),
    405: HttpFault("method_not_allowed", "This address does not take this method."),
    412: HttpFault("precondition_failed", "A condition of the request does not hold."),
    416: HttpFault("requested_range_not_satisfiable", "The file has no such part."),
}

_TITLES = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
    460: "Checksum Mismatch",
}
"""As RFC 9110 calls what Python called otherwise up to 3.12, and what tus 1.0 has made up."""


def is_worth_a_line(record: logging.LogRecord) -> bool:
    """A filter for the log of aiohttp, which tells with a traceback of each client that sends no HTTP."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


def http_fault(status: int) -> HttpFault:
    """The row of a status; one that has none counts as 400, as RFC 9110 (15) has it for those not known."""
    return HTTP_FAULTS.get(status, HTTP_FAULTS[400])


def title_of(status: int) -> str:
    """The name of a status, the same in every version of Python."""
    return _TITLES.get(status) or HTTPStatus(status).phrase
