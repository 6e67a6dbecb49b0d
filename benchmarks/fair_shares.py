"""How long one image takes beside thousands that somebody else has sent: `make bench-fair-shares`.

First one client sends single images to an idle server. Then another one sends so many that thousands wait,
and the first sends single images again: in turn for some seconds one a second, and for some seconds none, so
that it is seen too what that costs those in bulk. The two are told apart by API keys, or else by addresses of
this machine. How fast bulk went is read from the ends of its jobs: the server has to be on this machine.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from random import Random
from statistics import median

import aiohttp
from rich.console import Console
from rich.table import Table
from yarl import URL

from benchmarks.load.errors import Fault, Unusable
from benchmarks.load.options import address, api_key, positive, size
from benchmarks.load.site import JsonObject, Site
from benchmarks.load.summary import latencies
from benchmarks.photographs import make_photograph
from pipeline.ids import new_batch_id

ONE, MANY = "127.0.0.1", "127.0.0.2"
SENDERS = 10
REMOVERS = 16
WISH = {"reuse": "no", "width": "1280"}
"""Of both. With less to do the workers would be through before all single images have been sent."""
MOST_UPLOADS_EACH = 4
"""So many uploads for each that shall wait, at most: workers may be as fast as the sender."""

Window = tuple[float, float]


@dataclass
class Found:
    """Seconds from upload to end, and the times (POSIX) in which single images were sent, or none."""

    idle_s: list[float] = field(default_factory=list)
    beside_s: list[float] = field(default_factory=list)
    asked: list[Window] = field(default_factory=list)
    quiet: list[Window] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    waiting: list[int] = field(default_factory=list)

    @property
    def summary(self) -> JsonObject:
        """All of it in numbers; `bulk_change` is the share by which bulk went faster, slower below 0."""
        idle, beside = latencies(self.idle_s), latencies(self.beside_s)
        pairs = list(zip(self.quiet, self.asked, strict=True))
        rates = {"quiet": self._rate(self.quiet), "asked": self._rate(self.asked)}
        changes = [self._rate([asked]) / self._rate([quiet]) - 1 for quiet, asked in pairs]
        return {
            "images": [len(self.idle_s), len(self.beside_s)],
            "waiting": [self.waiting[0], self.waiting[-1]],
            "idle_ms": idle,
            "beside_ms": beside,
            "times_as_long": {name: round((beside[name] or 0) / (idle[name] or 1), 2) for name in idle},
            "bulk_per_s": {name: round(rate, 1) for name, rate in rates.items()},
            "bulk_change": round(rates["asked"] / rates["quiet"] - 1, 3),
            "bulk_change_median": round(median(changes), 3),
        }

    def _rate(self, windows: list[Window]) -> float:
        seconds = sum(end - begin for begin, end in windows)
        ended = sum(begin <= moment < end for moment in self.ends for begin, end in windows)
        return ended / seconds


async def measure(options: argparse.Namespace) -> Found:
    """Measure as the options say. Raises Unusable."""
    found, dice = Found(), Random()
    async with AsyncExitStack() as stack:
        one = await stack.enter_async_context(_site(options.url, options.key_of_one, ONE))
        many = await stack.enter_async_context(_site(options.url, options.key_of_many, MANY))
        for site in (one, many):
            await site.check()
        picture = make_photograph(*options.size, seed=dice.getrandbits(32), quality=options.quality)
        if await _waiting(one):
            raise Unusable("The server is not idle: jobs wait.")
        await _ask(one, picture, options.images, options.every, found.idle_s)
        batch = await _send_many(many, picture, options.waiting)
        try:
            await _ask_in_turn(one, picture, options, found)
            found.ends = await _ends(many, batch)
        finally:
            await _call_off(many, batch)
    return found


@asynccontextmanager
async def _site(url: URL, key: str, own_address: str) -> AsyncIterator[Site]:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    local = None if key else (own_address, 0)
    connector = aiohttp.TCPConnector(limit=0, local_addr=local)
    async with aiohttp.ClientSession(url.origin(), headers=headers, connector=connector) as session:
        yield Site(session, url)


async def _waiting(site: Site) -> int:
    async with site.answer("GET", "/api/pipeline") as response:
        return int((await site.json(response))["queue"]["ready"] or 0)


async def _ask(site: Site, picture: bytes, images: int, every_s: int, took_s: list[float]) -> None:
    """Send so many images, one in so many seconds, each followed to its end."""
    for number in range(images):
        begun = time.perf_counter()
        request = site.session.put(
            f"/upload/one-{number}.jpg", params=WISH, data=picture, headers={"Prefer": "wait=60"}
        )
        async with request as response:
            [job] = (await site.json(response))["jobs"]
        if job["status"] != "done":
            raise Unusable(f"The image of one client is not done: {job['status']}")
        took_s.append(time.perf_counter() - begun)
        await asyncio.sleep(max(0.0, every_s - took_s[-1]))


async def _ask_in_turn(site: Site, picture: bytes, options: argparse.Namespace, found: Found) -> None:
    """In turn some seconds with and without single images, until all have been sent."""
    while len(found.beside_s) < options.images:
        await _note_waiting(site, found)
        begun = time.time()
        await asyncio.sleep(options.in_a_row * options.every)
        found.quiet.append((begun, time.time()))
        begun = time.time()
        await _ask(site, picture, options.in_a_row, options.every, found.beside_s)
        found.asked.append((begun, time.time()))
    await _note_waiting(site, found)


async def _note_waiting(site: Site, found: Found) -> None:
    found.waiting.append(await _waiting(site))
    if not found.waiting[-1]:
        raise Unusable("The workers were through before all single images were sent: ask for fewer.")


async def _send_many(site: Site, picture: bytes, waiting: int) -> str:
    """Send images until so many wait; the batch that they are in."""
    batch, numbers, is_enough = new_batch_id(), count(), asyncio.Event()

    async def send() -> None:
        while not is_enough.is_set() and (number := next(numbers)) < MOST_UPLOADS_EACH * waiting:
            wish = WISH | {"batch_id": batch}
            async with site.session.put(f"/upload/many-{number}.jpg", params=wish, data=picture) as response:
                await site.json(response)

    senders = [asyncio.create_task(send()) for _ in range(SENDERS)]
    while not all(sender.done() for sender in senders):
        await asyncio.sleep(1.0)
        if await _waiting(site) >= waiting:
            is_enough.set()
    await asyncio.gather(*senders)
    if not is_enough.is_set():
        raise Unusable("The workers are faster than the sender: so many never wait. Ask for fewer.")
    return batch


async def _ends(site: Site, batch: str) -> list[float]:
    """When the jobs of the batch that are done have ended."""
    ended = [job["finished_at"] for job in await _jobs(site, batch) if job["status"] == "done"]
    return [datetime.fromisoformat(moment).timestamp() for moment in ended]


async def _jobs(site: Site, batch: str) -> list[JsonObject]:
    async with site.answer("GET", f"/api/batches/{batch}") as response:
        jobs: list[JsonObject] = (await site.json(response))["jobs"]
        return jobs


async def _call_off(site: Site, batch: str) -> None:
    """Leave nothing behind that waits."""
    waiting = iter([job["id"] for job in await _jobs(site, batch) if job["status"] == "queued"])

    async def remove() -> None:
        for job_id in waiting:
            async with site.session.delete(f"/api/jobs/{job_id}"):
                """It may have begun, or ended, meanwhile."""

    await asyncio.gather(*(remove() for _ in range(REMOVERS)))


def show(summary: JsonObject) -> None:
    """Print it for people."""
    table = Table("one image", "p50 ms", "p95 ms")
    for title, name in (
        ("idle", "idle_ms"),
        ("beside many", "beside_ms"),
        ("times as long", "times_as_long"),
    ):
        table.add_row(title, *(f"{summary[name][each]:,}" for each in ("p50", "p95")))
    Console().print(table)
    first, last = summary["waiting"]
    rates = summary["bulk_per_s"]
    print(f"{first:,} waited at first, {last:,} in the end")
    print(f"bulk: {rates['quiet']} a second, {rates['asked']} while single images came")
    print(f"a change of {summary['bulk_change']:+.1%}, {summary['bulk_change_median']:+.1%} in the median")


def main() -> int:
    """Run and print; 0 if every single image was done."""
    options = _options()
    try:
        found = asyncio.run(measure(options))
    except (Unusable, Fault) as error:
        print(f"make bench-fair-shares: {error.args[-1]}", file=sys.stderr)
        return 2
    if options.json:
        print(json.dumps(found.summary))
    else:
        show(found.summary)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-fair-shares", description="One image beside thousands of another client."
    )
    parser.add_argument("--url", type=address, default=URL("http://localhost:5000"), help="the server")
    parser.add_argument("--key-of-one", type=api_key, default="", help="the key of the client with one image")
    parser.add_argument("--key-of-many", type=api_key, default="", help="that of the one with many")
    parser.add_argument("--waiting", type=positive, default=5_000, help="jobs that shall wait (%(default)s)")
    parser.add_argument("--images", type=positive, default=60, help="single images (%(default)s)")
    parser.add_argument("--in-a-row", type=positive, default=5, help="of them at a time (%(default)s)")
    parser.add_argument("--every", type=positive, default=1, help="seconds for each of them (%(default)s)")
    parser.add_argument("--size", type=size, default="4032x3024", help="in pixels (%(default)s)")
    parser.add_argument("--quality", type=positive, default=40, help="of the JPEG (%(default)s)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
