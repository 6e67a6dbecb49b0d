"""Keeps the board true: reads the event log into it, asks the store about jobs whose event may be lost.

Whether the log has been read up to now is found out by publishing a mark into it and meeting that again.
A mark that does not come means that the log is another one than before (the broker lost its data), in which
the offsets of the old one mean nothing: it is then read from its beginning.
"""

import asyncio
import logging
import time
from collections.abc import Iterable, Sequence

from frontend.board import Board
from frontend.jobs import Jobs
from frontend.news import News
from frontend.settings import FrontendSettings
from frontend.waits import Waits
from pipeline.broker import EventLog, Publisher, QueueCounts
from pipeline.errors import BrokerUnavailable, PipelineError
from pipeline.ids import JobId, new_job_id
from pipeline.log_id import LogId
from pipeline.messages import AnyEvent, FrontendOnline

log = logging.getLogger(__name__)

TICK_S = 1.0
FIRST_TICK_S = 0.1
"""So often until the log has been read for the first time."""
MARK_TIMEOUT_S = 10.0
DOUBTFUL_AT_A_TIME = 50
DOUBT_EVERY_TICKS = 5
LOOK_EVERY_S = 5.0
"""So often the store is asked what other frontends have taken, while the log tells nothing."""


class _Turns:
    """Some of many jobs at a time, others each time."""

    def __init__(self) -> None:
        self._start = 0

    def next_of(self, jobs: Sequence[JobId]) -> Sequence[JobId]:
        """Those whose turn it is."""
        start = self._start if self._start < len(jobs) else 0
        self._start = start + DOUBTFUL_AT_A_TIME
        return jobs[start : self._start]


class Feed:
    """The event log of a frontend, and the task that looks after it once a second."""

    def __init__(
        self,
        settings: FrontendSettings,
        *,
        service: str,
        publisher: Publisher,
        board: Board,
        jobs: Jobs,
        news: News,
        waits: Waits,
    ) -> None:
        self._publisher = publisher
        self._board = board
        self._jobs = jobs
        self._news = news
        self._waits = waits
        self._log = EventLog(
            settings.amqp_url, service=service, history_s=settings.board_history_s, on_event=self._take
        )
        self._mark = ""
        self._mark_sessions = (0, 0)
        self._mark_time = 0.0
        self._is_mark_met = False
        self._looked_at = float("-inf")
        self._waited_for, self._unfinished = _Turns(), _Turns()
        self._task: asyncio.Task[None] | None = None

    @property
    def is_caught_up(self) -> bool:
        """Whether everything that had been in the log when it was opened is on the board."""
        return self._log.link.is_open and self._is_mark_met

    def start(self) -> None:
        """Begin to read."""
        self._log.link.start()
        self._task = asyncio.create_task(self._look_after(), name="feed")

    async def close(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._log.link.close()

    def _take(self, place: LogId, event: AnyEvent) -> None:
        if isinstance(event, FrontendOnline) and event.frontend == self._mark:
            self._is_mark_met = True
        self._board.take(place, event, is_replay=not self._is_mark_met)

    async def _look_after(self) -> None:
        ticks = 0
        while True:
            try:
                await self._tick(ticks)
            except Exception:
                # The board still follows the log; what is lost is one look at the queue.
                log.exception("a look at the queue failed")
            ticks += 1
            await asyncio.sleep(TICK_S if self.is_caught_up else FIRST_TICK_S)

    async def _tick(self, ticks: int) -> None:
        await self._see_to_mark()
        self._news.pipeline_counted(await self._count())
        self._news.tell_positions()
        self._waits.places_moved(self._board)
        await self._ask_store(self._board.pop_contested())
        # Also while nobody looks: a client whose images count as unfinished for ever would stay in bulk.
        if ticks % DOUBT_EVERY_TICKS == 0:
            await self._ask_store(self._doubtful())
        if not self.is_caught_up and time.monotonic() - self._looked_at > LOOK_EVERY_S:
            await self._look_into_batches()

    def _doubtful(self) -> Iterable[JobId]:
        """Some jobs that may have ended: those that should be next, and of all others each in its turn.

        Nobody watches all batches for whose jobs requests wait, and what is retried for long is no news.
        """
        unfinished = self._board.doubtful()
        next_ones = unfinished[:DOUBTFUL_AT_A_TIME]
        waited_for = self._waited_for.next_of(list(self._waits.jobs))
        return dict.fromkeys([*waited_for, *next_ones, *self._unfinished.next_of(unfinished)])

    async def _see_to_mark(self) -> None:
        if not (self._log.link.is_open and self._publisher.link.is_open):
            self._is_mark_met = False
        elif self._mark_sessions != self._sessions:
            await self._set_mark()
        elif not self._is_mark_met and time.monotonic() - self._mark_time > MARK_TIMEOUT_S:
            self._log.rewind()

    @property
    def _sessions(self) -> tuple[int, int]:
        """Of the link that reads and of the one that publishes: each new one needs a new mark."""
        return self._log.link.sessions, self._publisher.link.sessions

    async def _set_mark(self) -> None:
        sessions = self._sessions
        self._mark, self._is_mark_met = new_job_id(), False
        if await self._publisher.publish_event(FrontendOnline(frontend=self._mark)):
            self._mark_sessions, self._mark_time = sessions, time.monotonic()

    async def _ask_store(self, job_ids: Iterable[JobId]) -> None:
        """Looking a job up tells the board what the store knows better."""
        for job_id in job_ids:
            try:
                await self._jobs.find(job_id)
            except PipelineError as error:
                log.debug("job %s: %s", job_id, error)

    async def _look_into_batches(self) -> None:
        """Without the log, what another frontend takes or removes is seen in the store only."""
        self._looked_at = time.monotonic()
        for batch in {*self._news.watched_batches, *self._waits.batches}:
            await self._jobs.catch_up(batch)

    async def _count(self) -> QueueCounts | None:
        try:
            return await self._publisher.count_queue()
        except BrokerUnavailable:
            return None
