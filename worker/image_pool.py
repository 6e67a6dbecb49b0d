"""The one door to CPU work: child processes that decode untrusted bytes under limits of time and memory.

pebble's pool is used because a job over its time kills its child, and a child that dies fails its own job
only. The children come from a fork server: forked from the worker itself they would hold its AMQP sockets
open after it is gone, and the broker would wait for a dead worker.
"""

import asyncio
import logging
import multiprocessing
import os
import resource
import signal
from collections.abc import Sequence
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from pipeline.errors import PipelineError
from pipeline.messages import Rendition
from worker.death_signal import die_with_parent
from worker.imaging import ImageError, Rendered, render

log = logging.getLogger(__name__)


class TimeLimitPassed(ImageError):
    """The image took too long to resize."""

    code = "time_limit"


class DecoderDied(PipelineError):
    """The process that was resizing the image died."""


class ImagePool:
    """`processes` children that resize, each under `time_limit_s` seconds and `memory_bytes` of memory."""

    def __init__(self, *, processes: int, time_limit_s: float, memory_bytes: int, max_pixels: int) -> None:
        self._processes = processes
        self._time_limit_s = time_limit_s
        self._memory_bytes = memory_bytes
        self._max_pixels = max_pixels
        self._pool = self._new_pool()

    async def warm_up(self) -> None:
        """Return when the first child is ready, so that the first job need not wait for it."""
        await asyncio.wrap_future(self._pool.schedule(os.getpid))

    async def render(self, path: Path, renditions: Sequence[Rendition]) -> Rendered:
        """The renditions of the image file at `path`.

        Raises ImageError when the image is to blame (TimeLimitPassed among them), DecoderDied when the
        child was killed, by the system's out-of-memory killer for one.
        """
        pool = self._pool
        try:
            return await self._render(pool, path, renditions)
        except BrokenProcessPool:
            # A child that was killed between two jobs leaves pebble with a pool that takes no more.
            await self._replace(pool)
            return await self._render(self._pool, path, renditions)

    async def close(self) -> None:
        """End the children, whatever they are doing."""
        await asyncio.to_thread(_end, self._pool)

    async def _render(self, pool: ProcessPool, path: Path, renditions: Sequence[Rendition]) -> Rendered:
        if not pool.active:
            raise BrokenProcessPool
        future = pool.schedule(
            render,
            args=(path, tuple(renditions)),
            kwargs={"max_pixels": self._max_pixels},
            timeout=self._time_limit_s,
        )
        try:
            return await asyncio.wrap_future(future)
        except TimeoutError as error:
            raise TimeLimitPassed(f"The image took longer than {self._time_limit_s:g} s.") from error
        except ProcessExpired as error:
            raise DecoderDied(f"The process resizing the image died (exit code {error.exitcode}).") from error

    async def _replace(self, broken: ProcessPool) -> None:
        if self._pool is broken:  # otherwise another job has met the same pool and replaced it
            log.warning("the pool of processes was broken and is made anew")
            self._pool = self._new_pool()
            await asyncio.to_thread(_end, broken)

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["worker.fork_server"])
        return ProcessPool(
            max_workers=self._processes,
            initializer=_prepare_child,
            initargs=(self._memory_bytes,),
            context=context,
        )


def _end(pool: ProcessPool) -> None:
    pool.stop()  # type: ignore[no-untyped-call]  # pebble annotates its public methods but for this one
    pool.join()


def _prepare_child(memory_bytes: int) -> None:
    die_with_parent()
    # Ctrl-C reaches the whole foreground group; it is for the worker to say when a child ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
