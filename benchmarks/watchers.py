"""What many watchers cost a frontend, and how soon they are told.

    make bench-watchers
    make bench-watchers ARGS="--sockets 5000 --busy 500 --rate 200 --seconds 20 --json run.json"

It starts a broker and a frontend of its own, opens the WebSockets from this process, and looks at the
frontend's memory from outside. Then it publishes the events of jobs into the log, and takes the time from
giving an event to the broker to its arrival at each WebSocket that watches the batch. Both ends are in this
process, so one clock does; what the client itself takes to read is in the figures. A reader of the log in
this process tells how much of the time is the broker's and the machine's.
"""

import argparse
import asyncio
import gc
import json
import logging
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, islice
from math import ceil
from pathlib import Path

import aiohttp
import uvloop

from benchmarks.crowd import Crowd
from benchmarks.event_stream import EventStream
from benchmarks.open_files import TooFewFiles, allow_open_files
from benchmarks.watched_frontend import WatchedFrontend, watched_frontend
from pipeline.broker import EventLog, Publisher
from pipeline.ids import BatchId, new_batch_id
from pipeline.progress_line import ProgressLine

FILES_BESIDES = 200
WARM_UP = 20
CONNECTED_WITHIN_S = 10.0
LAST_WITHIN_S = 20.0
MOST = 50_000
REFUSED = 2


@dataclass(frozen=True)
class Report:
    """What was found; `delivered` of `expected` messages came, `lost` sockets were sent away."""

    sockets: int
    busy: int
    rate_per_s: float
    kib_per_socket: float
    p50_ms: float | None
    p99_ms: float | None
    max_ms: float | None
    log_p50_ms: float | None
    log_p99_ms: float | None
    expected: int
    delivered: int
    lost: int
    unconfirmed: int
    frontend_cores: float

    @property
    def is_whole(self) -> bool:
        """Whether everybody was told everything."""
        return self.delivered == self.expected and not self.lost and not self.unconfirmed

    def __str__(self) -> str:
        return "\n".join(
            [
                f"{self.sockets} WebSockets, {self.busy} on busy batches, {self.rate_per_s:g} events/s",
                f"  memory of the frontend     {self.kib_per_socket:.1f} KiB for each",
                f"  event to client            p50 {self.p50_ms} ms, p99 {self.p99_ms} ms, "
                f"longest {self.max_ms} ms",
                f"  event to a reader of the log  p50 {self.log_p50_ms} ms, p99 {self.log_p99_ms} ms",
                f"  messages                   {self.delivered} of {self.expected}, {self.lost} sent away, "
                f"{self.unconfirmed} events not confirmed in time",
                f"  processor of the frontend  {self.frontend_cores:.2f} of a core",
            ]
        )


def main() -> int:
    """0 if everybody was told everything, 1 if not, 2 if so many sockets cannot be had."""
    options = _options()
    logging.disable(logging.WARNING)  # what is not confirmed is counted
    try:
        allow_open_files(options.sockets + FILES_BESIDES)
    except TooFewFiles as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    with (
        tempfile.TemporaryDirectory() as folder,
        watched_frontend(Path(folder)) as frontend,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        report = runner.run(measure(frontend, options, ProgressLine()))
    sys.stdout.write(f"{report}\n")
    if options.json:
        options.json.write_text(json.dumps(asdict(report), indent=2) + "\n")
    return 0 if report.is_whole else 1


async def measure(frontend: WatchedFrontend, options: argparse.Namespace, line: ProgressLine) -> Report:
    """Open, weigh, publish, and wait for the last message."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(frontend.url, connector=connector) as session:
        await _warm_up(session)
        crowd = Crowd(session)
        before = frontend.memory_bytes()

        def tell(count: int) -> None:
            line.tell(f"{count} of {options.sockets} WebSockets are open")

        try:
            await crowd.join(_different(options.sockets - options.busy), is_noted=False, tell=tell)
            await crowd.join(_shared(options.busy, options.batches), is_noted=True, tell=tell)
            kib = (frontend.memory_bytes() - before) / options.sockets / 1024
            stream, cores = await _flow(frontend, crowd, options, line)
            return _report(crowd, stream, options, kib=kib, cores=cores)
        finally:
            line.end()
            await crowd.leave()


def _different(count: int) -> list[BatchId]:
    return [new_batch_id() for _ in range(count)]


def _shared(count: int, batches: int) -> list[BatchId]:
    return list(islice(cycle(_different(batches)), count))


async def _warm_up(session: aiohttp.ClientSession) -> None:
    """What a frontend loads for its first watchers, and keeps, is not theirs."""
    crowd = Crowd(session)
    await crowd.join((new_batch_id() for _ in range(WARM_UP)), is_noted=False, tell=lambda _: None)
    await crowd.leave()


async def _flow(
    frontend: WatchedFrontend, crowd: Crowd, options: argparse.Namespace, line: ProgressLine
) -> tuple[EventStream, float]:
    """Publish to those who watch, until the last message has come or is not going to; the cores it took."""
    publisher = Publisher(frontend.amqp_url, service="benchmark")
    stream = EventStream(publisher, list(crowd.noted), options.rate)
    log = EventLog(frontend.amqp_url, service="benchmark", history_s=1, on_event=stream.read)
    try:
        for link in (publisher.link, log.link):
            link.start()
            await link.wait_open(CONNECTED_WITHIN_S)
        line.tell(f"{options.rate:g} events/s for {options.seconds:g} s")
        gc.disable()  # its search through 5,000 clients would be taken for a delay of the frontend
        cpu_s = frontend.cpu_s()
        await stream.flow(options.seconds)
        await crowd.told(crowd.expected_of(stream.sent_to), within_s=LAST_WITHIN_S)
        cores = (frontend.cpu_s() - cpu_s) / options.seconds
    finally:
        gc.enable()
        await log.link.close()
        await publisher.link.close()
    return stream, cores


def _report(
    crowd: Crowd, stream: EventStream, options: argparse.Namespace, *, kib: float, cores: float
) -> Report:
    delays_ms = [1000 * (moment - stream.sent_at[step]) for step, moment in crowd.arrivals]
    return Report(
        sockets=options.sockets,
        busy=options.busy,
        rate_per_s=options.rate,
        kib_per_socket=round(kib, 1),
        p50_ms=_percentile(delays_ms, 50),
        p99_ms=_percentile(delays_ms, 99),
        max_ms=_percentile(delays_ms, 100),
        log_p50_ms=_percentile(stream.log_delays_ms, 50),
        log_p99_ms=_percentile(stream.log_delays_ms, 99),
        expected=crowd.expected_of(stream.sent_to),
        delivered=len(delays_ms),
        lost=crowd.lost,
        unconfirmed=stream.unconfirmed,
        frontend_cores=round(cores, 2),
    )


def _percentile(values: Sequence[float], percent: int) -> float | None:
    """By the nearest rank; None of nothing."""
    ranked = sorted(values)
    return round(ranked[ceil(len(ranked) * percent / 100) - 1], 2) if ranked else None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make bench-watchers", description="What many watchers cost, and how soon they are told."
    )
    parser.add_argument("--sockets", type=_count, default=5000, help="WebSockets in all (default: 5000)")
    parser.add_argument("--busy", type=_count, default=500, help="how many watch busy batches (default: 500)")
    parser.add_argument("--batches", type=_count, default=50, help="how many busy batches (default: 50)")
    parser.add_argument("--rate", type=_seconds, default=200.0, help="events in a second (default: 200)")
    parser.add_argument("--seconds", type=_seconds, default=20.0, help="for how long (default: 20)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found")
    options = parser.parse_args()
    if not options.batches <= options.busy <= options.sockets:
        parser.error("there are to be at least as many sockets as busy ones, and of these as batches")
    return options


def _count(text: str) -> int:
    if not 1 <= int(text) <= MOST:
        raise ValueError
    return int(text)


def _seconds(text: str) -> float:
    if not 0 < float(text) <= MOST:
        raise ValueError
    return float(text)


if __name__ == "__main__":
    sys.exit(main())
