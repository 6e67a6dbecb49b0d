"""The marks in the store that say which jobs this worker is at.

A mark that is still there when its job is delivered once more tells of a worker that died at it. So a mark is
taken away when the attempt ends, in whatever way, and as soon as the broker may deliver the job to somebody
else although this worker lives and goes on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pipeline.ids import JobId
from pipeline.image_store import Beginning, ImageStore

log = logging.getLogger(__name__)


class Marks:
    """Sets marks and takes them away. It belongs to one event loop."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store
        self._set: set[tuple[JobId, str]] = set()
        self.losses = 0
        """How often others may have been given what this worker had taken."""

    @asynccontextmanager
    async def at(self, job_id: JobId, *, losses: int | None = None) -> AsyncIterator[Beginning]:
        """Be at this job, unless it has ended: what was found of it. Raises what `ImageStore.begin` does.

        `losses` is how many there were when the job was taken, if that was not just now.
        """
        losses = self.losses if losses is None else losses
        beginning = await self._begin(job_id)
        mark = (job_id, beginning.mark)
        if beginning.mark:
            self._set.add(mark)
        if losses != self.losses:
            self._let_go(mark)
        try:
            yield beginning
        finally:
            self._let_go(mark)

    def let_go_all(self) -> None:
        """Take away all marks, also those that are just being set: others may be given these jobs now."""
        self.losses += 1
        for mark in tuple(self._set):
            self._let_go(mark)

    async def _begin(self, job_id: JobId) -> Beginning:
        """A mark is set by a thread, which goes on when its task is cancelled: that mark has to go, too."""
        setting = asyncio.create_task(self._store.begin(job_id), name=f"mark at {job_id}")
        try:
            return await asyncio.shield(setting)
        except asyncio.CancelledError:
            for beginning in await asyncio.gather(setting, return_exceptions=True):
                if isinstance(beginning, Beginning) and beginning.mark:
                    self._remove(job_id, beginning.mark)
            raise

    def _let_go(self, mark: tuple[JobId, str]) -> None:
        if mark in self._set:
            self._set.remove(mark)
            self._remove(*mark)

    def _remove(self, job_id: JobId, mark: str) -> None:
        try:
            self._store.let_go(job_id, mark)
        except OSError as error:
            # Should the job come again it is taken for one that took a worker down: a try less, and no more.
            log.warning("job %s: the mark of this attempt stays: %s", job_id, error)
