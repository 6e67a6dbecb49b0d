"""Upload many images at once, follow every job to its end, check the results and tell the speed.

Exit status: 0 if every image was accepted, resized, fetched and found right; 1 if any was not;
2 for wrong arguments, or a server that cannot be reached or wants a key; 130 after Ctrl-C.
"""

import argparse
import asyncio
import json
import sys
import tempfile

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from benchmarks.load.batch import Batch, Note
from benchmarks.load.errors import Unusable
from benchmarks.load.followers import FOLLOWERS
from benchmarks.load.images import images
from benchmarks.load.options import parse_options
from benchmarks.load.site import JsonObject, Site
from benchmarks.load.summary import show, summarise
from benchmarks.load.upload import Upload
from pipeline.ids import new_batch_id


async def run(options: argparse.Namespace, note: Note) -> list[Upload]:
    """Make or find the images, upload them, follow, check. Raises Unusable."""
    async with Site.opened(options.url, key=options.key) as site:
        await site.check()
        batch_id = new_batch_id()
        batch = Batch(site, batch_id, FOLLOWERS[options.follow](site, batch_id), note)
        with tempfile.TemporaryDirectory(prefix="load-test-") as folder:
            uploads = [Upload(path) for path in await images(options, folder, note)]
            await batch.run(uploads, concurrency=options.concurrency, timeout_s=options.timeout)
    return uploads


def measure(options: argparse.Namespace) -> JsonObject:
    """Run with bars that show how far it is; the summary. Raises Unusable."""
    columns = (TextColumn("{task.description:>9}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), disable=options.json) as progress:
        steps = ("made", "accepted", "done", "failed")
        bars = {step: progress.add_task(step, total=options.count) for step in steps}
        uploads = asyncio.run(run(options, lambda step: progress.advance(bars[step])))
    return summarise(uploads, follow=options.follow)


def main() -> int:
    """Run and print; the exit status."""
    options = parse_options((__doc__ or "").partition("\n")[0])
    try:
        summary = measure(options)
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
