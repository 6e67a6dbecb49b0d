"""A program with a pool of two processes, both at work without end, to be killed by a test."""

import asyncio
import sys
from pathlib import Path

from pipeline.messages import DEFAULT_RENDITION
from worker.image_pool import ImagePool


async def main(pipes: list[Path]) -> None:
    """Render from every pipe at once, which lasts until somebody writes to them."""
    pool = ImagePool(processes=len(pipes), time_limit_s=600, memory_bytes=2 * 1024**3, max_pixels=1_000_000)
    await asyncio.gather(*(pool.render(pipe, [DEFAULT_RENDITION]) for pipe in pipes))


if __name__ == "__main__":
    asyncio.run(main([Path(text) for text in sys.argv[1:]]))
