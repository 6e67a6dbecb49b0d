"""Keeps the store clean: the task that takes away what the dead have left, and what is too old."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

log = logging.getLogger(__name__)

FIRST_AFTER_S = 1.0
LONGEST_PAUSE_S = 600.0
BUSY_PAUSE_S = 10.0
MUCH = 1_000
"""After so much there is probably more."""

Step = Callable[[], Awaitable[int | None]]


class Sweeper:
    """Takes one step after the other, `steps` by what they take away, again and again."""

    def __init__(self, steps: Mapping[str, Step], *, every_s: float) -> None:
        self._steps = steps
        self._pause_s = min(LONGEST_PAUSE_S, every_s)
        self._task: asyncio.Task[None] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the task is alive; it only ends when it is told to."""
        return self._task is not None and not self._task.done()

    def start(self) -> None:
        """Begin, but not at once: a frontend that starts has better things to do."""
        self._task = asyncio.create_task(self._run(), name="sweeper")

    async def close(self) -> None:
        """Stop. What is removed halfway is removed on by the next frontend."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            removed = [await self._take(what, step) for what, step in self._steps.items()]
            await asyncio.sleep(self._pause_s if max(removed) < MUCH else min(BUSY_PAUSE_S, self._pause_s))

    async def _take(self, what: str, step: Step) -> int:
        try:
            removed = await step() or 0
        except Exception:
            # Tomorrow it may go better, and until then the other steps are of use.
            log.exception("the sweep of %s was broken off", what)
            return 0
        if removed:
            log.info("swept away: %d %s", removed, what)
        return removed
