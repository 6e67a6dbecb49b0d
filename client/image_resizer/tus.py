"""The client's side of tus 1.0 (https://tus.io/protocols/resumable-upload), as far as it is needed here.

What these ask is told in errors of the server's own codes, which is why there is no library in between.
"""

import base64
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass

from yarl import URL

from image_resizer.errors import Busy, InvalidAnswer, Refused
from image_resizer.site import Answer, Site

ENDPOINT = "/files/"
VERSION = {"Tus-Resumable": "1.0.0"}
JOB_HEADER = "Upload-Job"
"""Where the job is that the upload has become."""

_GONE = {404, 410}
_CONFLICT = 409


class UploadGone(Refused):
    """The server knows the upload no more: it has expired, or somebody has removed it."""


@dataclass(frozen=True)
class UploadState:
    """How many bytes the server has, and the job that they have become, once all are there."""

    offset: int
    job_id: str | None


async def create(site: Site, *, length: int, metadata: Mapping[str, str]) -> str:
    """Begin an upload of so many bytes: the path at which it is. Raises as `Site.ask`."""
    headers = VERSION | {"Upload-Length": str(length), "Upload-Metadata": encoded(metadata)}
    answer = await site.ask_once("POST", ENDPOINT, headers=headers)
    location = answer.headers.get("Location")
    if not location:
        raise InvalidAnswer(f"{site.url} does not say where the upload is.")
    # A proxy in front may have another name than the one that the server knows itself by.
    return URL(location).raw_path


async def look(site: Site, path: str) -> UploadState:
    """How far the upload is. Raises UploadGone, Unreachable, Busy and Refused."""
    return _state(site, await _answer(site, "HEAD", path, {}, None))


async def append(
    site: Site, path: str, *, offset: int, length: int, content: AsyncIterable[bytes]
) -> UploadState:
    """Send the bytes from `offset` to `length`. Raises UploadGone, Unreachable, Busy and Refused."""
    headers = {
        "Upload-Offset": str(offset),
        "Content-Length": str(length - offset),
        "Content-Type": "application/offset+octet-stream",
    }
    return _state(site, await _answer(site, "PATCH", path, headers, content))


async def remove(site: Site, path: str) -> None:
    """Give up an upload. Raises UploadGone, Unreachable, Busy and Refused."""
    await _answer(site, "DELETE", path, {}, None)


def encoded(metadata: Mapping[str, str]) -> str:
    """The value of Upload-Metadata."""
    pairs = (
        f"{name} {base64.b64encode(text.encode('utf-8', 'replace')).decode()}"
        for name, text in metadata.items()
    )
    return ",".join(pairs)


async def _answer(
    site: Site, method: str, path: str, headers: Mapping[str, str], body: AsyncIterable[bytes] | None
) -> Answer:
    try:
        return await site.ask_once(method, path, headers={**VERSION, **headers}, body=body)
    except Refused as error:
        if error.status in _GONE:
            raise UploadGone(error.detail, status=error.status, code=error.code) from error
        if error.status == _CONFLICT:
            # It has more than was thought, or less: `look` tells how much.
            raise Busy(error.detail, status=error.status, code=error.code, retry_after_s=None) from error
        raise


def _state(site: Site, answer: Answer) -> UploadState:
    offset = answer.headers.get("Upload-Offset", "")
    if not (offset.isascii() and offset.isdecimal()):
        raise InvalidAnswer(f"{site.url} does not say how much of the upload it has.")
    job_url = answer.headers.get(JOB_HEADER)
    return UploadState(int(offset), job_url.rpartition("/")[2] if job_url else None)
