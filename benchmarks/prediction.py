"""How honest `seconds_to_go` is: what waiting jobs were told, beside when they really ended.

    make run                                               elsewhere
    python -m benchmarks.prediction --count 200

Sends new photographs to a running server as one batch, watches it, and remembers what is told of each job
that waits: when it comes, and whenever it has moved up. Exit status: 0 if the median error is under 30 %,
1 if not, 2 without a server.
"""

import argparse
import asyncio
import io
import sys
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from statistics import median
from typing import Any

import aiohttp
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from benchmarks.load.options import size
from benchmarks.load.summary import percentile
from benchmarks.photographs import make_photograph
from frontend.pace import Forecast
from pipeline.ids import new_batch_id

SHORTEST_S = 1.0
"""What ends sooner than this has ended before anybody has read when it will."""
HIGHEST_MEDIAN_ERROR = 0.30


@dataclass(frozen=True)
class Prediction:
    """What a job said at a moment (POSIX seconds)."""

    job_id: str
    told_at: float
    seconds: float


class Run:
    """One batch: `predictions` are what its jobs said, `ends` when they ended (POSIX seconds)."""

    def __init__(self, session: aiohttp.ClientSession, progress: Progress) -> None:
        self._session = session
        self._progress = progress
        self._batch_id = new_batch_id()
        self.predictions: list[Prediction] = []
        self.ends: dict[str, float] = {}

    async def run(self, images: list[bytes], *, concurrency: int) -> None:
        """Return when all jobs have ended."""
        sent = self._progress.add_task("sent", total=len(images))
        ended = self._progress.add_task("ended", total=len(images))
        watching = asyncio.create_task(self._watch(len(images), ended))
        turns = asyncio.Semaphore(concurrency)
        await asyncio.gather(*(self._send(image, turns, sent) for image in images))
        await watching

    async def _send(self, image: bytes, turns: asyncio.Semaphore, sent: TaskID) -> None:
        form = aiohttp.FormData({"batch_id": self._batch_id, "reuse": "no"})
        form.add_field("file", io.BytesIO(image), filename="photograph.jpg")
        async with turns, self._session.post("/upload", data=form, raise_for_status=True):
            self._progress.advance(sent)

    async def _watch(self, count: int, ended: TaskID) -> None:
        where = f"/ws?batch={self._batch_id}"
        async with self._session.ws_connect(where, heartbeat=20, max_msg_size=0) as socket:
            async for message in socket:
                self._hear(message.json(), time.time())
                self._progress.update(ended, completed=len(self.ends))
                if len(self.ends) == count:
                    return
        raise aiohttp.ClientConnectionError("the server has gone away")

    def _hear(self, message: dict[str, Any], now: float) -> None:
        match message:
            case {"type": "job", "job": {"id": job_id, "finished_at": str(end)}}:
                self.ends[job_id] = datetime.fromisoformat(end).timestamp()
            case {"type": "job", "job": {"id": job_id, "seconds_to_go": float(seconds)}}:
                self.predictions.append(Prediction(job_id, now, seconds))
            case {"type": "positions", "positions": places, "forecast": dict(told)}:
                forecast = Forecast(**told)
                self.predictions += [
                    Prediction(job_id, now, forecast.seconds_to_go(place)) for job_id, place in places.items()
                ]


def errors(run: Run) -> list[tuple[float, float]]:
    """For each prediction the real seconds, and by which part of them it was wrong: above 0 if too long."""
    found = []
    for prediction in run.predictions:
        real = run.ends[prediction.job_id] - prediction.told_at
        if real >= SHORTEST_S:
            found.append((real, (prediction.seconds - real) / real))
    return found


def show(found: list[tuple[float, float]]) -> float:
    """Print the errors by how far ahead they looked; the median of all."""
    table = Table("really", "predictions", "median error", "p90", "median, signed")
    edges = (SHORTEST_S, 3.0, 10.0, 30.0, float("inf"))
    for low, high in (*pairwise(edges), (SHORTEST_S, float("inf"))):
        signed = [error for real, error in found if low <= real < high]
        part = [abs(error) for error in signed]
        if part:
            words = f"{low:g} s and more" if high == float("inf") else f"{low:g} to {high:g} s"
            figures = (f"{median(part):.0%}", f"{percentile(part, 90):.0%}", f"{median(signed):+.0%}")
            table.add_row(words, f"{len(part):,}", *figures)
    Console().print(table)
    return median(abs(error) for _, error in found)


async def measure(options: argparse.Namespace) -> Run:
    """Make the photographs, send them, and watch."""
    with Progress(console=Console(stderr=True)) as progress:
        made = progress.add_task("made", total=options.photographs)
        photographs = []
        for seed in range(options.photographs):
            photographs.append(await asyncio.to_thread(make_photograph, *options.size, seed=seed))
            progress.advance(made)
        images = [photographs[number % len(photographs)] for number in range(options.count)]
        async with aiohttp.ClientSession(options.url) as session:
            run = Run(session, progress)
            await run.run(images, concurrency=options.concurrency)
    return run


def main() -> int:
    """Run and print; the exit status."""
    parser = argparse.ArgumentParser(description="Compare what waiting jobs say with when they end.")
    parser.add_argument("--url", default="http://localhost:5000", help="the server (default: %(default)s)")
    parser.add_argument("--count", type=int, default=300, help="how many images (default: %(default)s)")
    parser.add_argument("--photographs", type=int, default=20, help="different ones (default: %(default)s)")
    parser.add_argument("--size", type=size, default="2400x1800", help="in pixels (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=10, help="uploads at a time (%(default)s)")
    try:
        found = errors(asyncio.run(measure(parser.parse_args())))
    except (aiohttp.ClientError, TimeoutError) as error:
        print(f"The server cannot be used: {error}", file=sys.stderr)
        return 2
    if not found:
        print("No job had to wait for long enough: send more images.", file=sys.stderr)
        return 2
    return 0 if show(found) < HIGHEST_MEDIAN_ERROR else 1


if __name__ == "__main__":
    sys.exit(main())
