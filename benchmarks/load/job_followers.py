"""Two ways to follow each job by itself: an answer that waits for its end, to a question or to the upload."""

import time
from collections.abc import Mapping

from benchmarks.load.follower import ENDED, End
from benchmarks.load.patience import PASSING, Patience
from benchmarks.load.site import JsonObject, Site
from pipeline.ids import BatchId

WAIT_S = 30


class WaitFollower:
    """A long poll for each job, again and again until it has ended."""

    upload_headers: Mapping[str, str] = {}

    def __init__(self, site: Site, _: BatchId) -> None:
        self._site = site

    async def follow(self) -> None:
        """Nothing is told unasked."""

    async def end_of(self, job: JsonObject) -> End:
        """The end of this job. Raises Fault if it does not exist any more, and Unusable."""
        patience = Patience(self._site)
        while job["status"] not in ENDED:
            try:
                async with self._site.answer("GET", f"/api/jobs/{job['id']}?wait={WAIT_S}") as response:
                    job = await self._site.json(response)
                patience.renew()
            except PASSING as error:
                await patience.bear(error)
        return End(job, time.perf_counter())


class UploadFollower(WaitFollower):
    """The upload itself is answered with the ended job. If it took too long for that, it is asked for."""

    upload_headers: Mapping[str, str] = {"Prefer": f"wait={WAIT_S}"}
