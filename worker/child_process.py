"""A child of the pool, as its parent sees it: started, given a job, listened to, ended.

Each child has a stream of its own, so that one that dies in the middle of a word breaks nothing else. The
children come from a fork server: forked from the worker itself they would hold its AMQP sockets open after
it is gone, and the broker would wait for a dead worker.
"""

import asyncio
import multiprocessing
import os
import signal
import socket
import threading
from collections.abc import Awaitable, Callable, Sequence
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from pipeline.messages import Rendition
from worker.child import OUT_OF_MEMORY_EXIT_CODE, serve
from worker.child_protocol import Answer, Broken, Finished, Job, Made, Ready, Refused, frame_head, receive
from worker.imaging import ImageError, Rendered, RenderedImage
from worker.job_limits import MEBIBYTE, JobLimits
from worker.pool_errors import DecoderCrashed, ImageTookTooLong, OutOfMemory, RenderFailed

OnReady = Callable[[RenderedImage], Awaitable[None]]

START_TIMEOUT_S = 20.0

# multiprocessing keeps a list of its processes and looks after all of them in some of its calls.
_one_at_a_time = threading.Lock()


class ChildProcess:
    """One process that resizes. `ended` is done when it is gone, and has its exit code."""

    def __init__(
        self,
        process: ForkServerProcess,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        limits: JobLimits,
    ) -> None:
        self._process = process
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self.is_killed = False
        self.ended = asyncio.create_task(self._wait_for_end(), name=f"end of child {process.pid}")

    @classmethod
    async def start(cls, limits: JobLimits) -> "ChildProcess":
        """A new child that is ready for a job. Raises OSError, EOFError or TimeoutError if there is none."""
        ours, theirs = socket.socketpair()
        process = _fork_server().Process(target=serve, args=(theirs, limits), daemon=True)
        try:
            await asyncio.to_thread(_start, process)
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        child = cls(process, reader, writer, limits)
        await child._wait_until_ready()
        return child

    async def render(self, path: Path, renditions: Sequence[Rendition], *, on_ready: OnReady) -> Rendered:
        """Have the job done; each rendition is given to `on_ready` while the child goes on with the next.

        Raises an ImageError, an OSError if the file cannot be read, RenderFailed, and what `on_ready` raises.
        The child is killed after that, after one of LOST_CHILD, and when it is cancelled.
        """
        try:
            self._writer.write(frame_head(Job(os.fsencode(path), tuple(renditions))))
            answer = await self._listen(on_ready)
        except EOFError as error:
            self.kill()
            raise _death(await asyncio.shield(self.ended), self._limits) from error
        except BaseException:
            self.kill()
            raise
        return _rendered(answer)

    def kill(self) -> None:
        """End the child, whatever it is doing."""
        self.is_killed = True
        self._process.kill()

    async def _wait_until_ready(self) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                message = await receive(self._reader)
            if not isinstance(message, Ready):
                raise EOFError(f"a child began with {message!r}")
        except BaseException:
            self.kill()
            raise

    async def _listen(self, on_ready: OnReady) -> Answer:
        loop = asyncio.get_running_loop()
        left_s = self._limits.time_limit_s
        while True:
            begun = loop.time()
            message = await self._receive_within(left_s)
            left_s -= loop.time() - begun
            match message:
                case Made(image):
                    await on_ready(image)
                case Ready():
                    raise EOFError("a child says in mid-job that it is ready")
                case _:
                    return message

    async def _receive_within(self, seconds: float) -> Answer | Made | Ready:
        try:
            async with asyncio.timeout(seconds):
                return await receive(self._reader)
        except TimeoutError as error:
            raise _too_long(f"{self._limits.time_limit_s:g} s") from error

    async def _wait_for_end(self) -> int:
        loop, gone = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._process.sentinel, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(self._process.sentinel)
            self._writer.close()
        return await asyncio.to_thread(_exit_code, self._process)


def _fork_server() -> multiprocessing.context.ForkServerContext:
    """A context whose fork server is running.

    It is started here, by the thread of the event loop: it would end with any other one that starts it
    (see worker.death_signal), and threads come and go.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["worker.fork_server"])
    forkserver.ensure_running()
    return context


def _start(process: ForkServerProcess) -> None:
    with _one_at_a_time:
        process.start()


def _exit_code(process: ForkServerProcess) -> int:
    with _one_at_a_time:
        process.join()
    assert process.exitcode is not None, "a process that is joined has one"
    return process.exitcode


def _death(exit_code: int, limits: JobLimits) -> ImageError:
    if exit_code == OUT_OF_MEMORY_EXIT_CODE:
        return OutOfMemory(
            f"The image needs more memory than the {limits.memory_bytes // MEBIBYTE:,} MB of a job."
        )
    if exit_code == -signal.SIGXCPU:
        return _too_long(f"{limits.cpu_s} s of processor time")
    return DecoderCrashed(f"The process that was resizing the image died (exit code {exit_code}).")


def _image_error(code: str, detail: str) -> ImageError:
    for kind in ImageError.__subclasses__():
        if kind.code == code:
            return kind(detail)
    return DecoderCrashed(f"The process that was resizing the image said {code!r}, which means nothing.")


def _too_long(limit: str) -> ImageTookTooLong:
    return ImageTookTooLong(f"The image took longer than {limit}.")


def _rendered(answer: Answer) -> Rendered:
    match answer:
        case Finished(rendered):
            return rendered
        case Refused(code, detail):
            raise _image_error(code, detail)
        case Broken(errno=int(errno)):
            raise OSError(errno, os.strerror(errno))
        case Broken(kind=kind, traceback=traceback):
            error = RenderFailed(f"Resizing failed with a {kind}.")
            error.add_note(f"In the child: {traceback}")
            raise error
