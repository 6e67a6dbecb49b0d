"""A program with a pool of processes, some of each lane at work without end, to be killed by a test."""

import asyncio
import sys
from itertools import cycle
from pathlib import Path

from pipeline.messages import DEFAULT_RENDITION, LANES
from tests.unit.worker.receivers import ignore
from worker.image_pool import ImagePool
from worker.job_limits import JobLimits


async def main(pipes: list[Path]) -> None:
    """Render from every pipe at once, in either lane, which lasts until somebody writes to them."""
    pool = ImagePool(processes=len(pipes), limits=JobLimits(time_limit_s=600))
    lanes = zip(pipes, cycle(LANES), strict=False)
    await asyncio.gather(
        *(pool.render(pipe, [DEFAULT_RENDITION], on_ready=ignore, lane=lane) for pipe, lane in lanes)
    )


if __name__ == "__main__":
    asyncio.run(main([Path(text) for text in sys.argv[1:]]))
