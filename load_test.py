"""Upload many images at once, watch every job to its end, check the results and tell the speed.

Exit status: 0 if every image was accepted, resized, fetched and found right; 1 if any was not;
2 for wrong arguments or a server that cannot be reached; 130 after Ctrl-C.
"""

import argparse
import asyncio
import io
import json
import math
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from PIL import Image
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from yarl import URL

from benchmarks.photographs import make_photograph
from pipeline.ids import new_batch_id

EXPECTED_SIZE = (300, 300)
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif"}
BUSY_STATUSES, BUSY_TRIES, LONGEST_WAIT_S = (429, 503), 8, 30.0
WATCH_TRIES, WATCH_PAUSE_S = 20, 0.5

JsonObject = dict[str, Any]
Note = Callable[[str], None]  # called with a step each time an image has made it


class Unusable(Exception):
    """The load test cannot begin; the message says why."""


class Fault(Exception):
    """What went wrong with one image: its arguments are a code and a sentence."""


@dataclass
class Upload:
    """One image on its way. Times are of time.perf_counter, and 0 before it has come so far."""

    path: Path
    sent_at: float = 0.0
    accepted_at: float = 0.0
    ended_at: float = 0.0
    job: JsonObject | None = None
    fault: Fault | None = None

    @contextmanager
    def keeping_fault(self, code: str) -> Iterator[None]:
        """What goes wrong inside is the fault of this upload, and of no other."""
        try:
            yield
        except Fault as fault:
            self.fault = fault
        except TimeoutError:
            self.fault = Fault("not_ended", "The time was up before it had ended.")
        except (aiohttp.ClientError, OSError, SyntaxError, ValueError) as error:
            self.fault = Fault(code, str(error) or type(error).__name__)


class Batch:
    """A batch of uploads: sends them, follows their jobs over one WebSocket, checks the results."""

    def __init__(self, session: aiohttp.ClientSession, url: URL, note: Note) -> None:
        self._session, self._url, self._note = session, url, note
        self._id = new_batch_id()
        # Made by whoever asks first: a job may end before the answer to its upload is here.
        self._ends = defaultdict[str, "asyncio.Future[tuple[float, JsonObject]]"](asyncio.Future)

    async def check_server(self) -> None:
        """Raise Unusable if there is no server, before any work is done for it."""
        await (await self._connect()).close()

    async def run(self, uploads: Sequence[Upload], *, concurrency: int, timeout_s: float) -> None:
        """Return when every upload has ended or the time is up. Raises Unusable if there is no server."""
        watching = asyncio.create_task(self._watch(await self._connect()))
        turns, deadline = asyncio.Semaphore(concurrency), asyncio.get_running_loop().time() + timeout_s
        await asyncio.gather(*(self._follow(upload, turns, deadline) for upload in uploads))
        watching.cancel()
        # Only now, so that it does not count as part of what is measured.
        await asyncio.gather(*(self._check(upload, turns) for upload in uploads if not upload.fault))

    async def _connect(self) -> aiohttp.ClientWebSocketResponse:
        where = self._url.join(URL("/ws")).with_query(batch=self._id)
        try:
            # A snapshot has every job of the batch in it and may be long.
            return await self._session.ws_connect(where, heartbeat=20, max_msg_size=0)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unusable(f"{self._url} cannot be used: {type(error).__name__}: {error}") from error

    async def _watch(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        for _ in range(WATCH_TRIES):
            async for message in socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._hear(message.json())
            await asyncio.sleep(WATCH_PAUSE_S)
            with suppress(Unusable):
                socket = await self._connect()

    def _hear(self, message: JsonObject) -> None:
        jobs: Any = {"snapshot": message.get("jobs"), "job": [message.get("job")]}.get(message["type"])
        for job in jobs or ():
            if job["status"] in ("done", "failed") and not self._ends[job["id"]].done():
                self._ends[job["id"]].set_result((time.perf_counter(), job))

    async def _follow(self, upload: Upload, turns: asyncio.Semaphore, deadline: float) -> None:
        with upload.keeping_fault("not_sent"):
            async with asyncio.timeout_at(deadline):
                async with turns:
                    job_id = await self._send(upload)
                upload.accepted_at = time.perf_counter()
                self._note("accepted")
                upload.ended_at, upload.job = await self._ends[job_id]
            if error := upload.job["error"]:
                raise Fault(error["code"], error["detail"])
        self._note("failed" if upload.fault else "done")

    async def _check(self, upload: Upload, turns: asyncio.Semaphore) -> None:
        with upload.keeping_fault("not_verified"):
            renditions = upload.job["renditions"] if upload.job else []
            if not renditions:
                raise ValueError("The job is done, and has no rendition.")
            for rendition in renditions:
                where = self._url.join(URL(rendition["url"]))
                async with turns, self._session.get(where, raise_for_status=True) as response:
                    await asyncio.to_thread(check_file, await response.read())

    async def _send(self, upload: Upload) -> str:
        """The id of the job that the image has become; waits and tries again while the server is busy."""
        content = await asyncio.to_thread(upload.path.read_bytes)
        upload.sent_at = time.perf_counter()
        for _ in range(BUSY_TRIES):
            form = aiohttp.FormData({"batch_id": self._id})
            form.add_field("file", io.BytesIO(content), filename=upload.path.name)
            async with self._session.post(self._url.join(URL("/upload")), data=form) as response:
                if response.status not in BUSY_STATUSES:
                    answer = await response.json() if "json" in response.content_type else {}
                    return accepted_job(response.status, answer)
            asked = response.headers.get("Retry-After", "")
            await asyncio.sleep(min(int(asked), LONGEST_WAIT_S) if asked.isdecimal() else 1)
        raise Fault(f"http_{response.status}", f"The server was busy {BUSY_TRIES} times in a row.")


def accepted_job(status: int, answer: JsonObject) -> str:
    """The id of the one job in the answer to an upload; raises Fault with the server's own words."""
    if status == 202 and answer.get("jobs"):
        return str(answer["jobs"][0]["id"])
    problem = (answer.get("rejected") or [answer])[0]
    raise Fault(problem.get("code", f"http_{status}"), problem.get("detail", "The server gave no reason."))


def check_file(data: bytes) -> None:
    """Raise what Pillow raises, or ValueError, unless the file can be decoded and has the right size."""
    with Image.open(io.BytesIO(data)) as image:
        image.load()
    if image.size != EXPECTED_SIZE:
        raise ValueError(f"The result is {image.width}×{image.height} pixels.")


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that so many percent of the values do not exceed (nearest rank); None of nothing."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)] if values else None


def summarise(uploads: Sequence[Upload]) -> JsonObject:
    """What a run has come to, ready for JSON. A failure is a list of name, code and sentence."""
    begun = min((u.sent_at for u in uploads if u.sent_at), default=0.0)
    accepted = [u for u in uploads if u.accepted_at]
    done = [u for u in uploads if u.job and u.job["status"] == "done"]
    return {
        "uploads": len(uploads),
        "accepted": len(accepted),
        "done": len(done),
        "right": sum(u.job is not None and u.fault is None for u in uploads),
        "accepted_per_s": rate([u.accepted_at for u in accepted], begun),
        "done_per_s": rate([u.ended_at for u in done], begun),
        "accepted_ms": latencies([u.accepted_at - u.sent_at for u in accepted]),
        "done_ms": latencies([u.ended_at - u.sent_at for u in done]),
        "workers": dict(sorted(Counter(str(u.job["worker"]) for u in done if u.job).items())),
        "failures": [[u.path.name, *u.fault.args] for u in uploads if u.fault],
    }


def rate(moments: Sequence[float], begun: float) -> float:
    """How many a second, from when the first byte was sent to the last of the moments."""
    return round(len(moments) / max(max(moments) - begun, 1e-6), 1) if moments else 0.0


def latencies(seconds: Sequence[float]) -> dict[str, float | None]:
    """The percentiles that matter, in milliseconds."""
    milliseconds = [round(each * 1000, 1) for each in seconds]
    return {f"p{percent}": percentile(milliseconds, percent) for percent in (50, 95, 99)}


def show(summary: JsonObject) -> None:
    """Print the summary for people: a table, then every failure."""
    table = Table("", "in all", "per second", "p50 ms", "p95 ms", "p99 ms")
    for name in ("accepted", "done"):
        cells = [summary[name], summary[f"{name}_per_s"], *summary[f"{name}_ms"].values()]
        table.add_row(name, *("–" if cell is None else f"{cell:,}" for cell in cells))
    table.add_row("fetched and right", f"{summary['right']:,}")
    for worker, jobs in summary["workers"].items():
        table.add_row(f"by {worker}", f"{jobs:,}")
    Console().print(table)
    for failure in summary["failures"]:
        print(": ".join(failure))


async def pictures(options: argparse.Namespace, folder: str, note: Note) -> list[Path]:
    """The files to upload: those of --dir in turn, or as many new photographs in `folder`."""

    def make(number: int) -> Path:
        path = Path(folder, f"photograph-{number:05}.jpg")
        path.write_bytes(make_photograph(*options.size, seed=number))
        note("made")
        return path

    if not options.dir:
        return await asyncio.gather(*(asyncio.to_thread(make, n) for n in range(options.count)))
    found = sorted(path for path in options.dir.glob("*") if path.suffix.lower() in SUFFIXES)
    if not found:
        raise Unusable(f"There is no image in {options.dir}.")
    return [found[number % len(found)] for number in range(options.count)]


async def run(options: argparse.Namespace, note: Note) -> list[Upload]:
    """Make or find the images, upload them, watch, check. Raises Unusable."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        batch = Batch(session, options.url, note)
        await batch.check_server()
        with tempfile.TemporaryDirectory(prefix="load-test-") as folder:
            uploads = [Upload(path) for path in await pictures(options, folder, note)]
            await batch.run(uploads, concurrency=options.concurrency, timeout_s=options.timeout)
    return uploads


def positive(text: str) -> int:
    """The type of options that count something."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def size(text: str) -> tuple[int, int]:
    """The type of --size."""
    width, _, height = text.partition("x")
    return positive(width), positive(height)


def parse_options(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line; ends the program with status 2 if they make no sense."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--url", type=URL, default="http://localhost:5000", help="the server")
    parser.add_argument("--count", type=positive, default=10, help="how many images")
    parser.add_argument("--concurrency", type=positive, default=10, help="how many uploads at a time")
    parser.add_argument("--size", type=size, default="1600x1200", help="of the photographs, in pixels")
    parser.add_argument("--dir", type=Path, help="send the images of this folder instead")
    parser.add_argument("--timeout", type=positive, default=120, help="seconds in which all must end")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    return parser.parse_args(arguments)


def main() -> int:
    """Run and print; the exit status."""
    options = parse_options()
    steps = ("made", "accepted", "done", "failed")
    columns = (TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn())
    try:
        with Progress(*columns, console=Console(stderr=True), disable=options.json) as progress:
            bars = {step: progress.add_task(step, total=options.count) for step in steps}
            summary = summarise(asyncio.run(run(options, lambda step: progress.advance(bars[step]))))
    except Unusable as error:
        print(f"load_test.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("load_test.py: interrupted; what was accepted will be resized all the same.", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(summary, indent=1))
    else:
        show(summary)
    return 0 if summary["right"] == options.count else 1


if __name__ == "__main__":
    sys.exit(main())
