"""How long a server that has gone away is waited for."""

import asyncio

import aiohttp

from benchmarks.load.site import Site

PASSING = (aiohttp.ClientError, OSError)
"""What may be over at the next try. TimeoutError is an OSError."""
TRIES, PAUSE_S = 20, 0.5


class Patience:
    """So many failures in a row are borne."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._failures = 0

    def renew(self) -> None:
        """Something has succeeded."""
        self._failures = 0

    async def bear(self, why: object) -> None:
        """Pause before the next try. Raises Unusable if there have been too many."""
        self._failures += 1
        if self._failures >= TRIES:
            raise self._site.unusable(f"it went away, and did not come back: {why}")
        await asyncio.sleep(PAUSE_S)
