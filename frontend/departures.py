"""Clients that leave while nothing is read from them or written to them: somebody has to look.

aiohttp tells a handler of it only by cancelling, for all handlers or for none; uploads must not be cancelled.
One look a second at all who wait costs less than a timer for each.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

LOOK_EVERY_S = 1.0


class Departures:
    """Who is there, and what is to be done when it has gone."""

    def __init__(self) -> None:
        self._present: dict[object, tuple[web.Request, Callable[[], None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._keep_looking(), name="departures")

    async def close(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @contextmanager
    def noticed(self, request: web.Request, on_gone: Callable[[], None]) -> Iterator[None]:
        """While this lasts `on_gone` is called, maybe several times, once the client has gone."""
        key = object()
        self._present[key] = request, on_gone
        try:
            yield
        finally:
            del self._present[key]

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            for request, on_gone in list(self._present.values()):
                if request.transport is None:
                    on_gone()
