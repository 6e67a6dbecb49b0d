"""Idempotency keys: what a client sends so that an upload which it repeats is not done twice."""

import hashlib
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass

from aiohttp import web

from frontend.errors import IdempotencyKeyInvalid

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
LONGEST_KEY = 255


def key_of(request: web.Request) -> str | None:
    """The idempotency key of the request, if it has one. Raises IdempotencyKeyInvalid."""
    keys = request.headers.getall(HEADER, [])
    if not keys:
        return None
    [key, *more] = keys
    if more or not 1 <= len(key) <= LONGEST_KEY or not all("!" <= char <= "~" for char in key):
        raise IdempotencyKeyInvalid
    return key


@dataclass(frozen=True)
class SignedBy:
    """The key of an upload, and the digest of all that was sent with it."""

    key: str
    fingerprint: str


class Fingerprint:
    """A digest of an upload, made while it comes: files and addresses in their order, options in any."""

    def __init__(self) -> None:
        self._options: list[tuple[str, str]] = []
        self._files: list[tuple[str, hashlib._Hash]] = []
        self._urls: list[str] = []

    def add_option(self, option: str, value: str) -> None:
        """Take in an option as it was sent."""
        self._options.append((option, value))

    def add_urls(self, urls: Iterable[str]) -> None:
        """Take in addresses as they were sent, whatever is there."""
        self._urls += urls

    async def of_file(self, name: str, first: bytes, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """The same chunks, which come behind `first`; they are taken in as they pass."""
        digest = hashlib.sha256(first)
        self._files.append((name, digest))
        async for chunk in chunks:
            digest.update(chunk)
            yield chunk

    def hexdigest(self) -> str:
        """The SHA-256 of all that was taken in, as JSON, in which no two uploads look the same."""
        files = [(name, digest.hexdigest()) for name, digest in self._files]
        return hashlib.sha256(json.dumps([files, sorted(self._options), self._urls]).encode()).hexdigest()
