"""Workers that are in the middle of a job for as long as a test wants, whatever the machine."""

from contextlib import suppress

import psutil

from tests.chaos.processes import decoders_of
from tests.eventually import eventually
from tests.rig import Service


async def hold(worker: Service) -> None:
    """Stop the processes in which this worker resizes: it begins jobs, and gets nowhere until it is let go.

    Those that it starts later, in the place of others or for a job in quarantine, are not stopped.
    """
    await eventually(lambda: "consume: connected" in worker.output)  # it has all its processes by then
    for decoder in decoders_of(worker):
        decoder.suspend()


def let_go(worker: Service) -> None:
    """Have it go on with what it has begun."""
    for decoder in decoders_of(worker):
        with suppress(psutil.NoSuchProcess):
            decoder.resume()
