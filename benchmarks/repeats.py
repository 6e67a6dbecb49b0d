"""What it saves to give an image that comes again the results of the first time: `make bench-repeats`.

One photograph is sent many times, each time under a name of its own; one round so that each upload is
worked (`reuse=no`), the next one so that the server may reuse. Each round has another photograph, of which
nothing was made before: the first upload is worked, and those that come meanwhile wait for it.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path
from random import Random
from statistics import median

from rich.console import Console
from rich.table import Table
from yarl import URL

from benchmarks.load.batch import Batch
from benchmarks.load.errors import Unusable
from benchmarks.load.followers import FOLLOWERS
from benchmarks.load.options import address, api_key, positive, size
from benchmarks.load.site import JsonObject, Site
from benchmarks.load.summary import summarise
from benchmarks.load.upload import Upload
from benchmarks.photographs import make_photograph
from pipeline.ids import new_batch_id

FOLLOW = "socket"
WAYS = {False: "each worked", True: "reused"}


async def measure(options: argparse.Namespace) -> dict[bool, list[JsonObject]]:
    """The summaries of all rounds, without reuse and with it. Raises Unusable."""
    found: dict[bool, list[JsonObject]] = {False: [], True: []}
    async with Site.opened(options.url, key=options.key) as site:
        await site.check()
        for _ in range(options.rounds):
            for may_reuse, summaries in found.items():
                summaries.append(await _round(site, options, may_reuse=may_reuse))
    return found


async def _round(site: Site, options: argparse.Namespace, *, may_reuse: bool) -> JsonObject:
    photograph = make_photograph(*options.size, seed=Random().getrandbits(32))
    batch_id = new_batch_id()
    follower = FOLLOWERS[FOLLOW](site, batch_id)
    batch = Batch(site, batch_id, follower, lambda _: None, may_reuse=may_reuse)
    with tempfile.TemporaryDirectory(prefix="repeats-") as folder:
        uploads = [Upload(_named(folder, number, photograph)) for number in range(options.count)]
        await batch.run(uploads, concurrency=options.concurrency, timeout_s=options.timeout)
    worked = sum(not upload.job["reused"] for upload in uploads if upload.job)
    return {**summarise(uploads, follow=FOLLOW), "worked": worked}


def _named(folder: str, number: int, photograph: bytes) -> Path:
    path = Path(folder, f"photograph-{number:05}.jpg")
    path.write_bytes(photograph)
    return path


def show(found: dict[bool, list[JsonObject]]) -> None:
    """Print the medians, and how many times as many a second there are with reuse."""
    table = Table("", "done", "right", "worked", "done per s", "p50 ms", "p95 ms")
    rates = {}
    for may_reuse, summaries in found.items():
        rates[may_reuse] = median(summary["done_per_s"] for summary in summaries)
        counts = [sum(summary[name] for summary in summaries) for name in ("done", "right", "worked")]
        times = [median(summary["done_ms"][name] for summary in summaries) for name in ("p50", "p95")]
        table.add_row(WAYS[may_reuse], *(f"{n:,}" for n in (*counts, rates[may_reuse], *times)))
    Console().print(table)
    print(f"{rates[True] / rates[False]:.1f} times as many a second")


def main() -> int:
    """Run and print; 0 if every image was done and right."""
    options = _options()
    try:
        found = asyncio.run(measure(options))
    except Unusable as error:
        print(f"make bench-repeats: {error}", file=sys.stderr)
        return 2
    show(found)
    is_right = all(s["right"] == options.count for summaries in found.values() for s in summaries)
    return 0 if is_right else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-repeats", description="Send one photograph many times, with and without reuse."
    )
    parser.add_argument("--url", type=address, default=URL("http://localhost:5000"), help="the server")
    parser.add_argument("--key", type=api_key, default="", help="the API key, if it wants one")
    parser.add_argument("--count", type=positive, default=200, help="uploads a round (%(default)s)")
    parser.add_argument("--rounds", type=positive, default=3, help="of each kind (%(default)s)")
    parser.add_argument("--concurrency", type=positive, default=10, help="uploads at a time (%(default)s)")
    parser.add_argument("--size", type=size, default="4032x3024", help="in pixels (%(default)s)")
    parser.add_argument("--timeout", type=positive, default=300, help="seconds for a round (%(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
