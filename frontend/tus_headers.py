"""What the headers of tus 1.0 say (https://tus.io/protocols/resumable-upload). Pure: text in, values out."""

import base64
import binascii
import hashlib
import re
from typing import NamedTuple

from frontend.errors import TusHeaderInvalid
from pipeline.errors import InvalidId
from pipeline.ids import JobId, parse_job_id

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination,concatenation"
ALGORITHMS = ("sha1", "sha256", "md5")
CHUNK_TYPE = "application/offset+octet-stream"
PREFIX = "/files/"
_NUMBER = re.compile(r"[0-9]{1,18}")
_KEY = re.compile(r"[!-+\--~]+")


class Checksum(NamedTuple):
    """What the bytes of a request have to come to."""

    algorithm: str
    digest: bytes

    def begun(self) -> "hashlib._Hash":
        """A digest of this kind, of nothing yet."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


class Concat(NamedTuple):
    """Whether an upload is a part of another, or made of these parts, or neither."""

    is_partial: bool = False
    parts: tuple[JobId, ...] = ()


def number_of(name: str, text: str | None) -> int:
    """A number of bytes. Raises TusHeaderInvalid."""
    if text is None or not _NUMBER.fullmatch(text):
        raise TusHeaderInvalid(f"{name} has to be a number of bytes.")
    return int(text)


def metadata_of(text: str) -> dict[str, str]:
    """The pairs of an Upload-Metadata, decoded. Raises TusHeaderInvalid."""
    pairs: dict[str, str] = {}
    for pair in text.split(",") if text.strip() else []:
        key, _, value = pair.strip().partition(" ")
        if not _KEY.fullmatch(key) or key in pairs:
            raise TusHeaderInvalid("Upload-Metadata has a key that is empty, not ASCII, or there twice.")
        pairs[key] = _decoded("Upload-Metadata", value.strip()).decode("utf-8", "replace")
    return pairs


def checksum_of(text: str | None) -> Checksum | None:
    """What an Upload-Checksum asks for, if there is one. Raises TusHeaderInvalid."""
    if text is None:
        return None
    algorithm, _, digest = text.strip().partition(" ")
    if algorithm not in ALGORITHMS:
        raise TusHeaderInvalid(f"Upload-Checksum begins with one of {', '.join(ALGORITHMS)}.")
    checksum = Checksum(algorithm, _decoded("Upload-Checksum", digest.strip()))
    if len(checksum.digest) != checksum.begun().digest_size:
        raise TusHeaderInvalid("Upload-Checksum has not the length of its algorithm.")
    return checksum


def concat_of(text: str | None) -> Concat:
    """What an Upload-Concat says. Raises TusHeaderInvalid."""
    if text is None:
        return Concat()
    if text.strip() == "partial":
        return Concat(is_partial=True)
    kind, _, addresses = text.strip().partition(";")
    parts = tuple(map(_part, addresses.split()))
    if kind != "final" or not parts or len(set(parts)) < len(parts):
        raise TusHeaderInvalid("Upload-Concat is `partial`, or `final;` and different addresses of uploads.")
    return Concat(parts=parts)


def concat_text(*, is_partial: bool, parts: tuple[JobId, ...]) -> str | None:
    """The Upload-Concat of an upload, None for one that neither is a part nor has some."""
    if parts:
        return "final;" + " ".join(PREFIX + part for part in parts)
    return "partial" if is_partial else None


def _part(address: str) -> JobId:
    """The upload that goes by this address, which may be whole or only a path."""
    path, _, last = address.rpartition("/")
    try:
        if f"{path}/".endswith(PREFIX):
            return parse_job_id(last)
    except InvalidId:
        pass
    raise TusHeaderInvalid("Upload-Concat names something that is no upload of this server.")


def _decoded(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise TusHeaderInvalid(f"{name} has a value that is not Base64.") from error
