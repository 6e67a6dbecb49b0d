"""How long a page of the list of jobs takes in a store of 100,000 jobs.

    make bench-listing
    make bench-listing ARGS="--jobs 20000 --rounds 20"

The store is made in a temporary folder, with records and without images. A frontend without a broker answers
over HTTP on loopback, so that everything comes from the store; what is timed is the whole request.
"""

import argparse
import asyncio
import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import aiohttp
from aiohttp import web
from rich.console import Console
from rich.progress import Progress, track
from rich.table import Table

from benchmarks.load.summary import percentile
from benchmarks.stored_jobs import StoredJob, stored_jobs
from frontend.app import create_app
from frontend.collector import collect_rarely
from frontend.settings import FrontendSettings
from pipeline.index_repair import IndexRepair
from pipeline.local_store import LocalImageStore

AT_ONCE = 1_000
NOWHERE = "amqp://guest:guest@127.0.0.1:1/"
LIMITS = (50, 200)


@dataclass(frozen=True)
class Question:
    """What is asked, and in words."""

    words: str
    query: dict[str, str]


def main() -> None:
    """Make the store, ask, print."""
    options = _options()
    logging.disable()  # that there is no broker is known
    jobs = list(stored_jobs(options.jobs, hours=options.hours, batches=options.batches))
    with TemporaryDirectory(prefix="listing-", dir=options.dir) as folder:
        root = Path(folder)
        _make_store(root, jobs)
        print(f"{options.jobs:,} jobs of {options.hours:g} hours, {os.cpu_count()} CPUs")
        print(f"an index made from nothing: {_time_of_repair(root):.1f} s")
        asyncio.run(_ask(root, _questions(jobs), options.rounds))


def _make_store(root: Path, jobs: list[StoredJob]) -> None:
    LocalImageStore(root)
    with Progress() as progress, ThreadPoolExecutor(4) as pool:
        task = progress.add_task("making the store", total=len(jobs))
        for start in range(0, len(jobs), AT_ONCE):
            chunk = jobs[start : start + AT_ONCE]
            list(pool.map(lambda job: job.write(root), chunk))
            progress.advance(task, len(chunk))


def _time_of_repair(root: Path) -> float:
    begin = time.perf_counter()
    with Console().status("making the index"):
        asyncio.run(IndexRepair(root).mend())
    return time.perf_counter() - begin


def _questions(jobs: list[StoredJob]) -> Iterator[Question]:
    batch = jobs[len(jobs) // 2].batch_id
    yield Question("all", {})
    for status in ("queued", "processing", "retrying", "done", "failed", "cancelled"):
        yield Question(status, {"status": status})
    yield Question("batch", {"batch": batch})
    for status in ("queued", "done", "failed", "cancelled"):
        yield Question(f"batch, {status}", {"batch": batch, "status": status})


async def _ask(root: Path, questions: Iterator[Question], rounds: int) -> None:
    settings = FrontendSettings(amqp_url=NOWHERE, storage_dir=root, min_free_bytes=0, sweep_after_s=86_400.0)
    collect_rarely()  # as a frontend does: what has made the store is no part of it
    runner = web.AppRunner(create_app(settings))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    table = Table(
        "ms per page", *(f"{limit} {figure}" for limit in LIMITS for figure in ("p50", "p99", "jobs"))
    )
    try:
        async with aiohttp.ClientSession(f"http://{host}:{port}") as session:
            for question in track(list(questions), description="asking", console=Console(stderr=True)):
                cells = [cell for limit in LIMITS for cell in await _row(session, question, limit, rounds)]
                table.add_row(question.words, *cells)
    finally:
        await runner.cleanup()
    Console().print(table)


async def _row(session: aiohttp.ClientSession, question: Question, limit: int, rounds: int) -> list[str]:
    """The median and p99 over pages: the first one, those that follow it, and from the first again."""
    cursor: str | None = None
    times, most = [], 0
    for number in range(rounds + 1):
        query = question.query | {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        begin = time.perf_counter()
        async with session.get("/api/jobs", params=query, raise_for_status=True) as response:
            answer = await response.json()
        if number:  # the first one warms the cache
            times.append((time.perf_counter() - begin) * 1000)
        cursor, most = answer["next"], max(most, len(answer["jobs"]))
    return [f"{percentile(times, 50):.1f}", f"{percentile(times, 99):.1f}", str(most)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench-listing", description="Time pages of the list of jobs.")
    parser.add_argument("--jobs", type=int, default=100_000, help="how many there are (default: %(default)s)")
    parser.add_argument("--hours", type=float, default=4.0, help="in which they came (default: %(default)s)")
    parser.add_argument("--batches", type=int, default=100, help="that they belong to (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=100, help="pages of each kind (default: %(default)s)")
    parser.add_argument("--dir", type=Path, help="where the store is made (default: the system's)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
