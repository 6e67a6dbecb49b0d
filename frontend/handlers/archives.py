"""GET /api/batches/<id>.zip: all results of a batch that are there by now, as one file."""

import asyncio
import logging
from collections.abc import Iterator

from aiohttp import hdrs, web

from frontend.batch_archive import BatchArchive, members_of
from frontend.content_disposition import content_disposition
from frontend.errors import NothingDone
from frontend.keys import STORE
from frontend.own import batch_id_of, own_batch
from pipeline.ids import BatchId

log = logging.getLogger(__name__)


async def batch(request: web.Request) -> web.StreamResponse:
    """Send the archive while it is being made. Raises NothingDone."""
    batch_id, states, store = batch_id_of(request), await own_batch(request), request.app[STORE]
    archive = await asyncio.to_thread(lambda: BatchArchive(members_of(states, store)))
    if archive.is_empty:
        raise NothingDone
    response = _response(batch_id, archive)
    await response.prepare(request)
    if request.method != hdrs.METH_HEAD:
        await _send(request, response, archive.parts())
    return response


def _response(batch_id: BatchId, archive: BatchArchive) -> web.StreamResponse:
    name = f"batch-{batch_id}.zip"
    headers = {
        hdrs.CONTENT_TYPE: "application/zip",
        hdrs.CONTENT_LENGTH: str(archive.size),
        hdrs.CONTENT_DISPOSITION: content_disposition(name, is_download=True),
        hdrs.ACCEPT_RANGES: "none",
        # There is more in it when more jobs are done.
        hdrs.CACHE_CONTROL: "private, no-store",
    }
    return web.StreamResponse(headers=headers)


async def _send(request: web.Request, response: web.StreamResponse, parts: Iterator[bytes]) -> None:
    """Send what is there, as fast as the client takes it; a client that has gone is a ConnectionError."""
    try:
        while part := await asyncio.to_thread(next, parts, b""):
            await response.write(part)
    except ConnectionError:
        raise
    except Exception as error:
        # Its size is promised already: only a connection that breaks tells that this is not the whole.
        log.warning("request for %s: the archive cannot be finished: %s", request.path, error)
        if request.transport is not None:
            request.transport.abort()
        raise ConnectionAbortedError from error
