"""A worker with a mistake in it: its slots die at the first command."""

import sys

from pipeline.delivery import Outcome
from pipeline.messages import ResizeImage
from worker.command import main
from worker.resize_handler import ResizeHandler


async def _die(self: ResizeHandler, command: ResizeImage, *, is_redelivered: bool = False) -> Outcome:
    raise LookupError("a mistake")


if __name__ == "__main__":
    ResizeHandler.handle = _die  # type: ignore[method-assign]  # that is the mistake
    sys.exit(main())
