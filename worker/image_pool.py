"""The one door to CPU work: child processes that decode untrusted bytes under limits of time and memory.

The pool has a fixed number of places in each lane, each with one child at a time. A child that ends, for
whatever reason and whether it had a job or not, is followed by a new one at once; the other places notice
nothing. The children of the bulk lane give way to those of the interactive one.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from pipeline.messages import LANES, Lane, Rendition
from worker.child_process import ChildProcess, OnReady
from worker.free_memory import free_memory_bytes
from worker.imaging import Rendered, RenderedImage
from worker.job_limits import JobLimits
from worker.pool_errors import LOST_CHILD, PoolClosed

log = logging.getLogger(__name__)

PAUSE_S = 1.0
"""Between two tries to start a child, after one that did not go well."""


class ImagePool:
    """`processes` children for each lane that resize, all its jobs under the same limits.

    It belongs to one event loop. Nothing is started before it is needed or `warm_up` is called.
    """

    def __init__(self, *, processes: int, limits: JobLimits) -> None:
        self._limits = limits
        self._processes = processes
        self._places: list[_Place] = []
        self._free: dict[Lane, asyncio.Queue[_Place]] = {lane: asyncio.Queue() for lane in LANES}
        # Two that each hold some of the places and wait for the others would wait for ever.
        self._quarantine = asyncio.Lock()
        for lane, free in self._free.items():
            for _ in range(processes):
                place = _Place(limits.in_lane(lane))
                self._places.append(place)
                free.put_nowait(place)

    async def warm_up(self) -> None:
        """Return when every child is ready, so that the first jobs need not wait for them."""
        await asyncio.gather(*(place.child() for place in self._places))

    async def render(
        self,
        path: Path,
        renditions: Sequence[Rendition],
        *,
        on_ready: OnReady,
        lane: Lane = "interactive",
    ) -> Rendered:
        """Make the renditions of the image file at `path`, as soon as a child of the lane is free.

        Each is given to `on_ready` once, when it is made; the child goes on meanwhile. A child that is lost
        with the job is followed by a fresh one, which tries it once more.
        Raises an ImageError when the image is to blame (LOST_CHILD among them), an OSError if the file cannot
        be read, RenderFailed, PoolClosed, and whatever `on_ready` raises.
        """
        place = await self._free[lane].get()
        try:
            return await _render_twice(place, path, renditions, _Once(on_ready))
        finally:
            self._free[lane].put_nowait(place)

    async def render_in_quarantine(
        self, path: Path, renditions: Sequence[Rendition], *, on_ready: OnReady
    ) -> Rendered:
        """As `render`, for a job that may have taken a worker down: nothing else is rendered meanwhile.

        It has a fresh child of its own, with no more memory than is free, and no second try.
        """
        async with self._all_places():
            limits = self._limits.in_quarantine(await asyncio.to_thread(free_memory_bytes))
            self._places[0].check_open()  # from here on the new place is closed with the others
            place = _Place(limits)
            self._places.append(place)
            try:
                return await _render(place, path, renditions, on_ready)
            finally:
                self._places.remove(place)
                await place.close()

    async def close(self) -> None:
        """End the children, whatever they are doing. Jobs that are under way or wait raise PoolClosed."""
        await asyncio.gather(*(place.close() for place in self._places))

    @asynccontextmanager
    async def _all_places(self) -> AsyncIterator[None]:
        taken: list[tuple[Lane, _Place]] = []
        async with self._quarantine:
            try:
                # Bulk first: it may take longer, and meanwhile the other lane goes on.
                for lane in reversed(LANES):
                    for _ in range(self._processes):
                        place = await self._free[lane].get()
                        taken.append((lane, place))
                yield
            finally:
                for lane, place in taken:
                    self._free[lane].put_nowait(place)


async def _render_twice(
    place: "_Place", path: Path, renditions: Sequence[Rendition], once: "_Once"
) -> Rendered:
    try:
        return await _render(place, path, renditions, once)
    except LOST_CHILD as error:
        log.warning("%s A fresh process tries once more.", error)
    return await _render(place, path, renditions, once)


async def _render(
    place: "_Place", path: Path, renditions: Sequence[Rendition], on_ready: OnReady
) -> Rendered:
    try:
        return await (await place.child()).render(path, renditions, on_ready=on_ready)
    except LOST_CHILD:
        place.check_open()
        raise


class _Once:
    """Passes on each rendition the first time that it is made."""

    def __init__(self, on_ready: OnReady) -> None:
        self._on_ready = on_ready
        self._passed: set[str] = set()

    async def __call__(self, image: RenderedImage) -> None:
        if image.name not in self._passed:
            await self._on_ready(image)
            self._passed.add(image.name)


class _Place:
    """One place of the pool: it has a child, or one is being started, until it is closed."""

    def __init__(self, limits: JobLimits) -> None:
        self._limits = limits
        self._is_closed = False
        self._starting: asyncio.Task[ChildProcess] | None = None

    async def child(self) -> ChildProcess:
        """The child that is here now; raises PoolClosed."""
        while True:
            self.check_open()
            child = await asyncio.shield(self._starting or self._fill())
            if not child.is_killed and not self._is_closed:
                return child
            await asyncio.shield(child.ended)

    def check_open(self) -> None:
        """Raise PoolClosed if the place is closed."""
        if self._is_closed:
            raise PoolClosed

    async def close(self) -> None:
        """End the child that is here and let no other follow."""
        self._is_closed = True
        if self._starting is not None:
            with suppress(PoolClosed):
                child = await asyncio.shield(self._starting)
                child.kill()
                await asyncio.shield(child.ended)

    def _fill(self) -> asyncio.Task[ChildProcess]:
        self._starting = asyncio.create_task(self._start(), name="start of a child")
        return self._starting

    async def _start(self) -> ChildProcess:
        while True:
            try:
                child = await ChildProcess.start(self._limits)
            except (OSError, EOFError):
                self.check_open()
                log.exception("a process to resize with could not be started; the next try follows")
                await asyncio.sleep(PAUSE_S)
            else:
                # Called before anybody else who waits for the end gets to know of it.
                child.ended.add_done_callback(self._refill)
                return child

    def _refill(self, ended: asyncio.Task[int]) -> None:
        if not self._is_closed:
            self._fill()
