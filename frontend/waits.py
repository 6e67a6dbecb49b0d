"""Requests that wait for jobs: woken by the board, and by nothing else than what they wait for."""

import asyncio
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TypeVar

from aiohttp import web

from frontend.board import Board
from frontend.departures import Departures
from frontend.job_state import JobState
from pipeline.ids import BatchId, JobId

Id = TypeVar("Id", JobId, BatchId)


class Wait:
    """One request that waits for a change of its jobs, or of a batch."""

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
    """All requests of this frontend that wait, by the jobs and the batches that they wait for."""

    def __init__(self, departures: Departures) -> None:
        self._departures = departures
        self._by_job: dict[JobId, set[Wait]] = {}
        self._by_batch: dict[BatchId, set[Wait]] = {}
        self._places: dict[JobId, int] = {}
        self._is_closed = False

    @property
    def jobs(self) -> Collection[JobId]:
        """The jobs that somebody waits for."""
        return self._by_job.keys()

    @property
    def batches(self) -> Collection[BatchId]:
        """The batches that somebody waits for, whatever jobs they may get."""
        return self._by_batch.keys()

    @contextmanager
    def joined(
        self,
        request: web.Request,
        jobs: Collection[JobId] = (),
        *,
        batch: BatchId | None = None,
        seconds: float,
        minds_places: bool = False,
    ) -> Iterator[Wait]:
        """A wait for these jobs, or for all of a batch, which is over after so many seconds at the latest."""
        wait = Wait(minds_places=minds_places)
        timer = asyncio.get_running_loop().call_later(seconds, wait.end)
        batches = [] if batch is None else [batch]
        _join(self._by_job, jobs, wait)
        _join(self._by_batch, batches, wait)
        if self._is_closed:
            wait.end()
        try:
            with self._departures.noticed(request, wait.end):
                yield wait
        finally:
            timer.cancel()
            _leave(self._by_job, jobs, wait)
            _leave(self._by_batch, batches, wait)

    def job_changed(self, state: JobState) -> None:
        """Wake who waits for this job or its batch."""
        for wait in self._waits_for(state):
            wait.ring()

    def places_moved(self, board: Board) -> None:
        """Wake who minds the place of a job in the queue, if that is another one than at the last look."""
        before, self._places = self._places, {}
        if not self._by_job and not self._by_batch:
            return
        for state, place in board.waiting():
            minding = [wait for wait in self._waits_for(state) if wait.minds_places]
            if minding:
                self._places[state.id] = place
            if before.get(state.id) != place:
                for wait in minding:
                    wait.ring()

    def close(self) -> None:
        """Let everybody answer what is known, because this frontend stops."""
        self._is_closed = True
        for waits in chain(self._by_job.values(), self._by_batch.values()):
            for wait in waits:
                wait.end()

    def _waits_for(self, state: JobState) -> Iterator[Wait]:
        of_batch = self._by_batch.get(BatchId(state.batch_id), ()) if state.batch_id else ()
        return chain(self._by_job.get(state.id, ()), of_batch)


def _join(waits: dict[Id, set[Wait]], ids: Collection[Id], wait: Wait) -> None:
    for each in ids:
        waits.setdefault(each, set()).add(wait)


def _leave(waits: dict[Id, set[Wait]], ids: Collection[Id], wait: Wait) -> None:
    for each in ids:
        if each in waits:
            waits[each].discard(wait)
            if not waits[each]:
                del waits[each]
