"""Running a module of the project as a program, as a person at a terminal does."""

import asyncio
import os
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
WITHIN_S = 60.0


@dataclass(frozen=True)
class Ended:
    """How a program has ended, and what it has said."""

    code: int
    output: str
    errors: str


async def start(module: str, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    """`python -m module`, not waited for."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        *arguments,
        env={**os.environ, **environment},
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(module: str, *arguments: str, within_s: float = WITHIN_S, **environment: str) -> Ended:
    """`python -m module`, until it ends."""
    process = await start(module, *arguments, **environment)
    try:
        async with asyncio.timeout(within_s):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        raise
    return Ended(process.returncode or 0, output.decode(), errors.decode())
