"""The process around a worker: settings in, signals, exit code out."""

import asyncio
import logging
import os
import signal
import sys

import uvloop

from pipeline.errors import InvalidSetting
from pipeline.logs import configure_logging
from pipeline.settings import read_settings
from worker.app import run_worker
from worker.settings import WorkerSettings

log = logging.getLogger(__name__)


def main() -> int:
    """Run a worker with the settings of the environment. 0 after an orderly stop, 2 for a wrong setting."""
    try:
        settings = read_settings(WorkerSettings, os.environ)
    except InvalidSetting as error:
        sys.stderr.write(f"worker: {error}\n")
        return 2
    configure_logging(service=settings.name, level=settings.log_level)
    log.info("%d slots, images in %s", settings.slot_count, settings.storage_dir.resolve())
    uvloop.run(_work(settings))
    log.info("stopped")
    return 0


async def _work(settings: WorkerSettings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    await run_worker(settings, stopping)
