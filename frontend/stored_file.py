"""A file as a response: whole or in part, or the news that the client has it already.

aiohttp sends it and answers 304. What it leaves open is done here: ETags in If-Range, ranges that are to be
ignored, and errors in the shape that all errors have (RFC 9110, 13 and 14). Only those who ask for the file
may set conditions: an upload that is answered by it gets the whole, whatever it says.
"""

import re
from email.utils import formatdate
from math import ceil
from os import stat_result
from pathlib import Path

from aiohttp import ETag, hdrs, web
from aiohttp.abc import AbstractStreamWriter

_ASKING = (hdrs.METH_GET, hdrs.METH_HEAD)
_CONDITIONS = {hdrs.IF_MATCH, hdrs.IF_NONE_MATCH, hdrs.IF_MODIFIED_SINCE, hdrs.IF_UNMODIFIED_SINCE}
# No file has more than 18 digits of bytes, and with thousands of digits there is no making a number of them.
_RANGE = re.compile(
    r"bytes=(?:(?P<first>\d{1,18})-(?P<last>\d{0,18})|-(?P<length>\d{1,18}))", re.IGNORECASE | re.ASCII
)


class StoredFile(web.FileResponse):
    """A file that never changes; `Range` counts only if `takes_range`."""

    def __init__(self, path: Path, *, takes_range: bool, headers: dict[str, str]) -> None:
        super().__init__(path, headers=headers)
        self._takes_range = takes_range

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        """Send it, as aiohttp does."""
        without = {hdrs.IF_RANGE} if self._takes_range else {hdrs.IF_RANGE, hdrs.RANGE}
        if request.method not in _ASKING:
            without |= _CONDITIONS
        if any(name in request.headers for name in without):
            kept = [(name, value) for name, value in request.headers.items() if name.title() not in without]
            request = request.clone(headers=kept)
        return await super().prepare(request)


def stored_file(request: web.Request, path: Path, headers: dict[str, str]) -> StoredFile:
    """The response to a request for this file, with these headers, its type among them.

    Raises HTTPPreconditionFailed, HTTPRequestRangeNotSatisfiable, and HTTPNotFound when it has just gone.
    """
    try:
        found = path.stat()
    except OSError as error:
        raise web.HTTPNotFound from error
    if request.method in _ASKING:
        _check_preconditions(request, found)
    takes_range = not _is_known(request, found) and _takes_range(request, found)
    if takes_range:
        _check_range(request.headers[hdrs.RANGE], found.st_size)
    return StoredFile(path, takes_range=takes_range, headers=headers)


def _etag(found: stat_result) -> str:
    """The same that aiohttp sends."""
    return f"{found.st_mtime_ns:x}-{found.st_size:x}"


def _date(found: stat_result) -> int:
    """The second that aiohttp sends as Last-Modified."""
    return ceil(found.st_mtime)


def _check_preconditions(request: web.Request, found: stat_result) -> None:
    if request.if_match is not None:
        is_met = any(_is(etag, _etag(found)) or etag.value == "*" for etag in request.if_match)
    else:
        since = request.if_unmodified_since
        is_met = since is None or _date(found) <= since.timestamp()
    if not is_met:
        raise web.HTTPPreconditionFailed


def _is_known(request: web.Request, found: stat_result) -> bool:
    """Whether the client has the file, which is then told without a look at any range (13.2.2)."""
    if request.method not in _ASKING:
        return False
    if request.if_none_match is not None:
        return any(etag.value in ("*", _etag(found)) for etag in request.if_none_match)
    since = request.if_modified_since
    return since is not None and _date(found) <= since.timestamp()


def _is(etag: ETag, value: str) -> bool:
    return etag.value == value and not etag.is_weak


def _takes_range(request: web.Request, found: stat_result) -> bool:
    """Whether a part is wanted that can be given: one range of bytes, of the file the client has seen."""
    match = _RANGE.fullmatch(request.headers.get(hdrs.RANGE, ""))
    if request.method != hdrs.METH_GET or match is None:
        return False
    if match["last"] and int(match["last"]) < int(match["first"]):
        return False
    condition = request.headers.get(hdrs.IF_RANGE)
    # A date has to be the very one that was sent, and an ETag has to be a strong one.
    return condition in (None, f'"{_etag(found)}"', formatdate(_date(found), usegmt=True))


def _check_range(wanted: str, size: int) -> None:
    match = _RANGE.fullmatch(wanted)
    assert match is not None
    is_there = int(match["first"]) < size if match["first"] else int(match["length"]) > 0 and size > 0
    if not is_there:
        detail = f"The file has {size:,} bytes; none of them are in the range that is asked for."
        raise web.HTTPRequestRangeNotSatisfiable(
            text=detail, headers={hdrs.CONTENT_RANGE: f"bytes */{size}", hdrs.ACCEPT_RANGES: "bytes"}
        )
