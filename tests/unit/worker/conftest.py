"""A real store, real pools of processes, and a worker's handler that uses them."""

import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from pipeline.local_store import LocalImageStore
from pipeline.reuse import Reuse
from pipeline.work_locks import WorkLocks
from tests.unit.worker.images import noise_png, png
from tests.unit.worker.jobs import DELAYS_S, Listener
from worker.image_pool import ImagePool
from worker.job_limits import JobLimits
from worker.rendering import PublishEvent
from worker.resize_handler import ResizeHandler, SendWebhook
from worker.shared_work import SharedWork

NewPool = Callable[..., ImagePool]
NewHandler = Callable[..., ResizeHandler]


@pytest.fixture
def store(tmp_path: Path) -> LocalImageStore:
    """An empty store."""
    return LocalImageStore(tmp_path / "storage")


@pytest.fixture
async def new_pool() -> AsyncIterator[NewPool]:
    """Makes pools, which are closed when the test is over."""
    pools: list[ImagePool] = []

    def make(*, processes: int = 1, limits: JobLimits | None = None) -> ImagePool:
        pools.append(ImagePool(processes=processes, limits=limits or JobLimits()))
        return pools[-1]

    yield make
    for pool in pools:
        await pool.close()


@pytest.fixture
def listener(store: LocalImageStore) -> Listener:
    """Somebody who listens to the handler."""
    return Listener(store)


@pytest.fixture
def new_handler(store: LocalImageStore, listener: Listener, new_pool: NewPool, tmp_path: Path) -> NewHandler:
    """Makes handlers that use the same store, each with a pool of its own unless it is given one."""
    root = tmp_path / "storage"

    def make(
        worker: str = "worker-1",
        *,
        pool: ImagePool | None = None,
        publish: PublishEvent = listener.publish,
        send_webhook: SendWebhook = listener.send_webhook,
        min_free_bytes: int = 0,
    ) -> ResizeHandler:
        return ResizeHandler(
            store=store,
            shared_work=SharedWork(store=store, reuse=Reuse(root), locks=WorkLocks(root)),
            pool=pool or new_pool(),
            publish=publish,
            send_webhook=send_webhook,
            worker=worker,
            delays_s=DELAYS_S,
            min_free_bytes=min_free_bytes,
        )

    return make


@pytest.fixture
def handler(new_handler: NewHandler) -> ResizeHandler:
    """A handler that tries a job three times."""
    return new_handler()


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A file with a PNG of 400 × 300 pixels."""
    path = tmp_path / "image.png"
    path.write_bytes(png(400, 300))
    return path


@pytest.fixture
def noise(tmp_path: Path) -> Path:
    """A file with a PNG of 1000 × 800 pixels, large as a file too."""
    path = tmp_path / "noise.png"
    path.write_bytes(noise_png(1000, 800))
    return path


@pytest.fixture
def pipes(tmp_path: Path) -> list[Path]:
    """Two named pipes."""
    paths = [tmp_path / "first", tmp_path / "second"]
    for path in paths:
        os.mkfifo(path)
    return paths


@pytest.fixture
def endless(pipes: list[Path]) -> Path:
    """An image that takes for ever: a named pipe."""
    return pipes[0]
