"""The short forms of `make chaos`: everything is killed while jobs run, and the promise is kept."""

import asyncio
import sys
from pathlib import Path

import pytest

from tests.chaos.scenarios import SHORT

ROOT = Path(__file__).parents[2]
SEED = 7
WITHIN_S = 500.0


@pytest.mark.parametrize("name", SHORT)
async def test_what_was_accepted_ends_once_whatever_dies(name: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos",
        "--short",
        f"--seed={SEED}",
        name,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()  # it ends what it has started
            await process.wait()

    assert process.returncode == 0, told.decode()
