"""Mending the index of a store: jobs of which it does not know, and entries that lie.

A store that has no index yet, or has lost it, gets one in this way.
"""

import asyncio
import logging
import time
from pathlib import Path

from pipeline.errors import PipelineError
from pipeline.filed_jobs import FiledJobs
from pipeline.folders import names_in
from pipeline.ids import JobId, is_day, is_id, parse_job_id
from pipeline.job_index import FILINGS, Filing, JobIndexes
from pipeline.store_paths import StorePaths

log = logging.getLogger(__name__)

AT_ONCE = 200
SLACK_S = 86_400.0
"""A job that is older than a day when it ends is found by those who read its entry."""


class IndexRepair:
    """Compares the index with what is in the store, the newest day first."""

    def __init__(self, root: Path) -> None:
        self._paths = StorePaths(root.resolve())
        self._indexes = JobIndexes(self._paths)
        self._filed = FiledJobs(self._paths)
        self._looked_through_at = 0.0

    async def mend(self) -> None:
        """Mend what is wrong. Days in which nothing has come or gone since the last time are left alone."""
        begin, mended = time.time(), 0
        for day in await asyncio.to_thread(self._days):
            suspects = await asyncio.to_thread(self._suspects, day)
            for start in range(0, len(suspects), AT_ONCE):
                await asyncio.to_thread(self._refile, suspects[start : start + AT_ONCE])
            mended += len(suspects)
        self._looked_through_at = begin
        log.debug("looked at the entries of %d jobs", mended)

    def _days(self) -> list[str]:
        filed = set[str]().union(*(index.days() for index in self._indexes.of_all()))
        days = filed.union(names_in(self._paths.uploads), names_in(self._paths.processed))
        return sorted((day for day in days if is_day(day) and self._is_changed(day)), reverse=True)

    def _is_changed(self, day: str) -> bool:
        parts = (self._paths.uploads / day, self._paths.processed / day)
        times = [part.stat().st_mtime for part in parts if part.exists()]
        return max(times, default=time.time()) > self._looked_through_at - SLACK_S

    def _suspects(self, day: str) -> list[JobId]:
        """The jobs of a day that may be filed wrongly, newest first."""
        asked, begun = names_in(self._paths.uploads / day), names_in(self._paths.processed / day)
        entries = {filing: self._filed_so(filing, day) for filing in FILINGS}
        filed = set[str]().union(*entries.values())
        suspects = (asked | begun) - filed
        for filing, job_ids in entries.items():
            suspects |= self._ended(job_ids & begun) if filing == "open" else job_ids - begun
        # No list shows what was removed, so nobody else would notice that it was not.
        suspects |= (entries["open"] - asked) | (entries["removed"] & asked)
        return sorted((parse_job_id(name) for name in suspects if is_id(name)), reverse=True)

    def _filed_so(self, filing: Filing, day: str) -> set[JobId]:
        return set[JobId]().union(*(index.of_day(filing, day) for index in self._indexes.of_all()))

    def _ended(self, job_ids: set[JobId]) -> set[JobId]:
        return {job_id for job_id in job_ids if self._paths.receipt(job_id).exists()}

    def _refile(self, job_ids: list[JobId]) -> None:
        for job_id in job_ids:
            try:
                self._filed.refile(job_id)
            except (PipelineError, OSError) as error:
                log.warning("job %s cannot be filed: %s", job_id, error)
