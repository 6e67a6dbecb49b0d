"""The renditions of one job that are stored by now."""

import time
from collections.abc import Awaitable, Callable, Iterable

from pipeline.messages import Rendition, Result
from worker.imaging import RenderedImage

Save = Callable[[RenderedImage], Awaitable[Result]]


class Results:
    """Takes renditions as they are made, has each saved, and adds up the milliseconds that this takes."""

    def __init__(self, save: Save) -> None:
        self.spent_ms = 0.0
        self._save = save
        self._by_name: dict[str, Result] = {}

    async def add(self, image: RenderedImage) -> None:
        """Save one."""
        begin = time.perf_counter()
        self._by_name[image.name] = await self._save(image)
        self.spent_ms += 1000 * (time.perf_counter() - begin)

    def ordered(self, renditions: Iterable[Rendition]) -> tuple[Result, ...]:
        """All of them, in the order in which they were asked for."""
        return tuple(self._by_name[rendition.name] for rendition in renditions)
