"""A real store, real pools of processes, and a worker's handler that uses them."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pipeline.image_store import LocalImageStore
from tests.unit.worker.jobs import Listener
from worker.image_pool import ImagePool
from worker.resize_handler import ResizeHandler

MEGABYTE = 1024 * 1024
NewPool = Callable[..., ImagePool]


@pytest.fixture
def store(tmp_path: Path) -> LocalImageStore:
    """An empty store."""
    return LocalImageStore(tmp_path / "storage")


@pytest.fixture
async def new_pool() -> AsyncIterator[NewPool]:
    """Makes pools, which are closed when the test is over."""
    pools: list[ImagePool] = []

    def make(
        *,
        processes: int = 1,
        time_limit_s: float = 30.0,
        memory_bytes: int = 2048 * MEGABYTE,
        max_pixels: int = 100_000_000,
    ) -> ImagePool:
        pools.append(
            ImagePool(
                processes=processes,
                time_limit_s=time_limit_s,
                memory_bytes=memory_bytes,
                max_pixels=max_pixels,
            )
        )
        return pools[-1]

    yield make
    for pool in pools:
        await pool.close()


@pytest.fixture
def listener(store: LocalImageStore) -> Listener:
    """Somebody who listens to the handler."""
    return Listener(store)


@pytest.fixture
def handler(store: LocalImageStore, listener: Listener, new_pool: NewPool) -> ResizeHandler:
    """A handler that tries a job three times."""
    return ResizeHandler(
        store=store, pool=new_pool(), publish=listener.publish, worker="worker-1", max_attempts=3
    )
