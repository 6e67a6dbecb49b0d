"""What becomes of jobs, as it happens: the WebSocket, gone on with where it broke off."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping

import aiohttp
from msgspec.structs import replace

from image_resizer.answers import Job, News
from image_resizer.errors import Busy, Unreachable
from image_resizer.site import Site, refusal

HEARTBEAT_S = 20.0
UNLIMITED = 0
"""Of bytes in a message: a snapshot has all jobs of the batch."""


async def follow(site: Site, wish: Mapping[str, str]) -> AsyncGenerator[Job, None]:
    """Each job that is wished for (`batch` or `job`: an id) as it is now, then again whenever it changes.

    It has no end. A job that is no more is told once, as `removed`. Raises Unreachable, Busy and Refused when
    patience is over.
    """
    patience, told, after = site.patience(), Told(), ""
    while True:
        try:
            async for news in _messages(site, {**wish, "after": after} if after else wish):
                patience.progressed()
                after = news.id or after
                for job in told.take(news):
                    yield job
        except (Unreachable, Busy) as error:
            await patience.bear(error)


class Told:
    """What has been told so far, so that what is told next can be put into its place."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}

    def take(self, news: News) -> Iterator[Job]:
        """The jobs that a message changes."""
        if news.type == "snapshot":
            yield from self._replace_all(news.jobs)
        elif news.job is not None:
            yield self._replace(news.job)
        elif news.type == "positions":
            yield from self._move(news)

    def _replace_all(self, jobs: tuple[Job, ...]) -> Iterator[Job]:
        there = {job.id for job in jobs}
        for job_id in self._jobs.keys() - there:
            yield replace(self._jobs.pop(job_id), status="removed")
        for job in jobs:
            yield self._replace(job)

    def _replace(self, job: Job) -> Job:
        if job.status == "removed":
            self._jobs.pop(job.id, None)
        else:
            self._jobs[job.id] = job
        return job

    def _move(self, news: News) -> Iterator[Job]:
        for job_id, place in news.positions.items():
            job = self._jobs.get(job_id)
            if job is not None and job.status == "queued":
                seconds = news.forecast.seconds_at(place) if news.forecast else None
                moved = replace(job, lane=news.lane, position=place, seconds_to_go=seconds)
                yield self._replace(moved)


async def _messages(site: Site, query: Mapping[str, str]) -> AsyncIterator[News]:
    """The messages of one connection. Raises Unreachable when it ends, however it does, Busy and Refused."""
    with site.broken_connections():
        try:
            socket = await site.session.ws_connect(
                "/ws", params=query, heartbeat=HEARTBEAT_S, max_msg_size=UNLIMITED
            )
        except aiohttp.WSServerHandshakeError as error:
            raise refusal(error.status, error.headers or {}, b"") from error
        async with socket:
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    yield site.understood(message.data, News)
    raise Unreachable(f"{site.url} has ended the connection.")
