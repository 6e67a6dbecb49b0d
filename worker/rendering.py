"""An attempt in, its renditions in the store and the receipt that tells of them out."""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from pipeline.file_names import rendition_name
from pipeline.image_formats import format_named
from pipeline.image_store import ImageStore
from pipeline.messages import AnyEvent, Result
from pipeline.records import Receipt
from worker.attempt import Attempt
from worker.image_pool import ImagePool
from worker.imaging import Rendered, RenderedImage
from worker.results import Results
from worker.source_file import reading

PublishEvent = Callable[[AnyEvent], Awaitable[object]]


class Rendering:
    """Renders and stores; each rendition has its event as soon as it is stored."""

    def __init__(self, *, store: ImageStore, pool: ImagePool, publish: PublishEvent) -> None:
        self._store = store
        self._pool = pool
        self._publish = publish

    async def receipt_of(self, attempt: Attempt) -> Receipt:
        """The receipt of a job that is done, which is not stored yet. Raises what there is to raise."""
        begin = time.perf_counter()
        path = self._store.source_file(attempt.command.source)
        results = Results(partial(self._save, attempt))
        async with reading(path) as source:
            rendered = await self._render(attempt, path, results)
            source_file = await source
        timings_ms = {"store": results.spent_ms, "total": 1000 * (time.perf_counter() - begin)}
        return attempt.done(rendered, results.ordered(attempt.command.renditions), source_file, timings_ms)

    async def _render(self, attempt: Attempt, path: Path, results: Results) -> Rendered:
        renditions = attempt.command.renditions
        if attempt.in_quarantine:
            return await self._pool.render_in_quarantine(path, renditions, on_ready=results.add)
        return await self._pool.render(path, renditions, on_ready=results.add, lane=attempt.command.lane)

    async def _save(self, attempt: Attempt, image: RenderedImage) -> Result:
        image_format = format_named(image.image_format)
        file_name = rendition_name(attempt.command.source, image.name, image_format)
        sha256, _ = await asyncio.gather(
            asyncio.to_thread(_sha256, image.data),
            self._store.save_rendition(attempt.job_id, file_name, image.data),
        )
        result = Result(
            name=image.name,
            file=file_name,
            width=image.width,
            height=image.height,
            media_type=image_format.media_type,
            bytes=len(image.data),
            frames=image.frames,
            alpha=image.alpha,
            metadata=image.metadata,
            sha256=sha256,
        )
        await self._publish(attempt.rendition_ready(result))
        return result


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
