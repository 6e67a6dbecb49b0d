"""How long something is tried again that does not go forward."""

import asyncio
import random
import time

from image_resizer.errors import Passing

TOO_MANY_REQUESTS = "rate_limited"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.25, 10.0


class Patience:
    """Of one request: pauses, each twice as long as the one before, until `within_s` without progress.

    They are counted from the first error on: a request may take long and go well until it breaks.
    A pause that the server asks for is made as it wants it. One for a limit of so much a minute does not
    count: it is certain to pass.
    """

    def __init__(self, within_s: float) -> None:
        self._within_s = within_s
        self.progressed()

    def progressed(self) -> None:
        """Something has gone forward: all begins anew."""
        self._until: float | None = None
        self._pause_s = FIRST_PAUSE_S

    async def bear(self, error: Passing) -> None:
        """Wait before the next try. Raises the error when the time is up, or would be after the pause."""
        pause_s, now = self._next_pause_s(error), time.monotonic()
        if self._until is None:
            self._until = now + self._within_s
        if error.code == TOO_MANY_REQUESTS:
            self._until += pause_s
        elif now + pause_s > self._until:
            raise error
        await asyncio.sleep(pause_s)

    def _next_pause_s(self, error: Passing) -> float:
        # Spread out, so that those who were sent away together do not come back together.
        spread = 1 + random.random() / 4  # noqa: S311 # nothing secret depends on it
        if error.retry_after_s is not None:
            return max(error.retry_after_s, FIRST_PAUSE_S) * spread
        self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        return self._pause_s / 2 * spread
