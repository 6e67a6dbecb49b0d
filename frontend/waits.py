"""Requests that wait for jobs: woken by the board, and by nothing else than what they wait for."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from aiohttp import web

from frontend.board import Board
from frontend.departures import Departures
from frontend.job_state import JobState
from pipeline.ids import JobId


class Wait:
    """One request that waits for a change of its jobs."""

    def __init__(self, *, minds_places: bool) -> None:
        self.minds_places = minds_places
        """Whether a move in the queue is a change too."""
        self.is_over = False
        """Whether there is nothing to wait for any more: the time is up, the client has gone, or we stop."""
        self._bell = asyncio.Event()

    def ring(self) -> None:
        """Something has changed."""
        self._bell.set()

    def end(self) -> None:
        """There is no more waiting."""
        self.is_over = True
        self._bell.set()

    async def woken(self) -> None:
        """Return when something has changed since the last time, or the wait is over."""
        await self._bell.wait()
        if not self.is_over:
            self._bell.clear()


class Waits:
    """All requests of this frontend that wait, by the jobs that they wait for."""

    def __init__(self, departures: Departures) -> None:
        self._departures = departures
        self._by_job: dict[JobId, set[Wait]] = {}
        self._places: dict[JobId, int] = {}
        self._is_closed = False

    @property
    def jobs(self) -> Collection[JobId]:
        """The jobs that somebody waits for."""
        return self._by_job.keys()

    @contextmanager
    def joined(
        self, request: web.Request, jobs: Collection[JobId], *, seconds: float, minds_places: bool = False
    ) -> Iterator[Wait]:
        """A wait for these jobs, which is over after so many seconds at the latest."""
        wait = Wait(minds_places=minds_places)
        timer = asyncio.get_running_loop().call_later(seconds, wait.end)
        for job_id in jobs:
            self._by_job.setdefault(job_id, set()).add(wait)
        if self._is_closed:
            wait.end()
        try:
            with self._departures.noticed(request, wait.end):
                yield wait
        finally:
            timer.cancel()
            self._leave(wait, jobs)

    def job_changed(self, state: JobState) -> None:
        """Wake who waits for this job."""
        for wait in self._by_job.get(state.id, ()):
            wait.ring()

    def places_moved(self, board: Board) -> None:
        """Wake who minds the place of a job in the queue, if that is another one than at the last look."""
        before, self._places = self._places, {}
        if not self._by_job:
            return
        for state, place in board.waiting():
            waits = self._by_job.get(state.id, ())
            if any(wait.minds_places for wait in waits):
                self._places[state.id] = place
                if before.get(state.id) != place:
                    self._ring_for_place(state.id)

    def close(self) -> None:
        """Let everybody answer what is known, because this frontend stops."""
        self._is_closed = True
        for waits in self._by_job.values():
            for wait in waits:
                wait.end()

    def _ring_for_place(self, job_id: JobId) -> None:
        for wait in self._by_job[job_id]:
            if wait.minds_places:
                wait.ring()

    def _leave(self, wait: Wait, jobs: Collection[JobId]) -> None:
        for job_id in jobs:
            waits = self._by_job.get(job_id)
            if waits is not None:
                waits.discard(wait)
                if not waits:
                    del self._by_job[job_id]
