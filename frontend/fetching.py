"""The addresses of one request, fetched a few at a time; one that fails leaves the others alone."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Protocol

from frontend.errors import (
    FileEmpty,
    NotAnImage,
    UploadTooLarge,
    UrlBadStatus,
    UrlBrokenOff,
    UrlRedirectedTooOften,
    UrlTooSlow,
    UrlUnreachable,
)
from frontend.url_fetcher import Fetched, UrlFetcher
from pipeline.errors import PipelineError, UrlInvalid, UrlNotAllowed

AT_ONCE = 4
FAULTS_OF_ONE = (
    FileEmpty,
    NotAnImage,
    UploadTooLarge,
    UrlBadStatus,
    UrlBrokenOff,
    UrlInvalid,
    UrlNotAllowed,
    UrlRedirectedTooOften,
    UrlTooSlow,
    UrlUnreachable,
)


class Taker(Protocol):
    """Takes what has been fetched."""

    async def take_fetched(self, place: int, fetched: Fetched) -> None:
        """Take in what is being fetched; may raise one of FAULTS_OF_ONE, anything else ends the request."""

    def reject(self, place: int, error: PipelineError) -> None:
        """Note why nothing was taken."""


class Fetching:
    """Fetches for one request."""

    def __init__(self, fetcher: UrlFetcher, taker: Taker, *, seconds: float) -> None:
        """All that is fetched goes to the taker, until so many seconds from now."""
        self.bytes = 0
        self._fetcher = fetcher
        self._taker = taker
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def fetch_all(self, urls: Mapping[int, str]) -> None:
        """Fetch what is at these addresses, each with its place; ends when all have come or are rejected."""
        try:
            async with asyncio.TaskGroup() as group:
                for place, url in urls.items():
                    group.create_task(self._fetch(place, url), name=f"fetch {place}")
        except BaseExceptionGroup as errors:
            raise errors.exceptions[0] from errors

    async def _fetch(self, place: int, url: str) -> None:
        try:
            async with self._turns, self._fetcher.fetched(url, deadline=self._deadline) as fetched:
                chunks = self._counted(fetched.chunks)
                await self._taker.take_fetched(place, replace(fetched, chunks=chunks))
        except FAULTS_OF_ONE as error:
            self._taker.reject(place, error)

    async def _counted(self, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for chunk in chunks:
            self.bytes += len(chunk)
            yield chunk
