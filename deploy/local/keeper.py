"""Keeps one program running: starts it again when it dies, stops it when told to."""

import asyncio
import contextlib
import logging
import os
import signal

from deploy.local.program import Program

log = logging.getLogger(__name__)

STEADY_AFTER_S = 10.0
FIRST_DELAY_S = 0.5
LONGEST_DELAY_S = 5.0


class Keeper:
    """Owns the process of one program at a time. While `restarts` is False its death is the end of it."""

    def __init__(self, program: Program, *, restarts: bool = True) -> None:
        self.name = program.name
        self.restarts = restarts
        self._program = program
        self._process: asyncio.subprocess.Process | None = None
        self._stop_asked = asyncio.Event()
        self._task = asyncio.create_task(self._keep(), name=f"keep {program.name}")

    @property
    def has_ended(self) -> bool:
        """Whether the program is not running and will not be started again."""
        return self._task.done()

    async def stop(self) -> None:
        """Ask the program to stop, kill it if it does not in time, and return when it has ended."""
        self._stop_asked.set()
        await self._task

    def kill(self) -> None:
        """End the program and whatever it has started, at once; `stop` still has to be awaited."""
        self._stop_asked.set()
        if self._process is not None:
            loop = asyncio.get_running_loop()
            loop.call_later(self._program.spared_s, _kill_unless_ended, self._process)

    async def _keep(self) -> None:
        early_deaths = 0
        while not self._stop_asked.is_set():
            started = asyncio.get_running_loop().time()
            end = await self._run_once()
            if self._stop_asked.is_set() or not self.restarts:
                return
            steady = asyncio.get_running_loop().time() - started > STEADY_AFTER_S
            early_deaths = 0 if steady else early_deaths + 1
            await self._pause(end, restart_delay_s(early_deaths))

    async def _run_once(self) -> str:
        """Run the program until it ends, or, once asked to, stop it. Returns how it ended."""
        process = self._process = await _open(self._program)
        ended = asyncio.create_task(process.wait(), name=f"wait for {self.name}")
        stop_asked = asyncio.create_task(self._stop_asked.wait(), name=f"stop of {self.name}")
        await asyncio.wait((ended, stop_asked), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            self._ask_to_stop(process)
            await asyncio.wait((ended,), timeout=self._program.stop_within_s)
        if not ended.done():
            log.warning("%s has not stopped within %g s; killed", self.name, self._program.stop_within_s)
        stop_asked.cancel()
        # Also what the program may have left behind: its whole session is its own.
        _kill_group(process)
        return how_it_ended(await ended)

    def _ask_to_stop(self, process: asyncio.subprocess.Process) -> None:
        if self._program.stops_at_eof:
            assert process.stdin is not None
            process.stdin.close()
        else:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()

    async def _pause(self, end: str, delay_s: float) -> None:
        when = f"in {delay_s:g} s" if delay_s else "now"
        log.warning("%s has ended (%s); starting it again %s", self.name, end, when)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._stop_asked.wait(), delay_s)


def restart_delay_s(early_deaths: int) -> float:
    """Seconds to wait after that many deaths in a row soon after a start: 0, 0, 0.5, 1, 2, 4, 5, 5 …"""
    return 0.0 if early_deaths < 2 else min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** (early_deaths - 2))


def how_it_ended(code: int) -> str:
    """A return code in words: below zero it is the signal that ended the program."""
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


async def _open(program: Program) -> asyncio.subprocess.Process:
    if program.output is None:
        return await asyncio.create_subprocess_exec(*program.launch, **program.options)
    with program.output.open("wb") as output:
        return await asyncio.create_subprocess_exec(
            *program.launch, stdout=output, stderr=output, **program.options
        )


def _kill_unless_ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        _kill_group(process)


def _kill_group(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
