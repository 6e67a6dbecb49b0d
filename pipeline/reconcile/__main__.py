"""`python -m pipeline.reconcile`: put back into the queue every job that waits, after the broker has lost it.

AMQP_URL and STORAGE_DIR are those of the services; `make reconcile` takes those of `make run`.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

from pipeline.broker import Publisher
from pipeline.errors import BrokerUnavailable, InvalidSetting
from pipeline.local_store import LocalImageStore
from pipeline.logs import configure_logging
from pipeline.outbox import Outbox
from pipeline.progress_line import ProgressLine
from pipeline.reconcile.lookout import Lookout, Standing
from pipeline.reconcile.reconciliation import Reconciliation
from pipeline.settings import ServiceSettings, positive_seconds, read_settings
from pipeline.webhook_log import WebhookLogs

DONE, INCOMPLETE, REFUSED = 0, 1, 2

SERVICE = "reconcile"
CONNECT_WITHIN_S = 10.0
PATIENCE_S = 150.0
"""Longer than a worker is at a job: twice JOB_TIMEOUT_S, unless somebody has set that higher.

In bulk it may be ten times as long. What is put back then is in the queue twice.
"""


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """0 if every job that waits is in the queue, 1 if not all of them are, 2 if nothing could be begun."""
    options = _parser().parse_args(arguments)
    try:
        settings = read_settings(ServiceSettings, environ)
    except InvalidSetting as error:
        return _refuse(str(error))
    if not (settings.storage_dir / "uploads").is_dir():
        return _refuse(f"There is no store in {str(settings.storage_dir)!r}: STORAGE_DIR says where it is.")
    configure_logging(service=SERVICE, level="WARNING")
    try:
        return asyncio.run(_reconcile(settings, is_dry_run=options.dry_run, patience_s=options.patience))
    except KeyboardInterrupt:
        print("Broken off. What was put back stays; run it again for the rest.", file=sys.stderr)
        return INCOMPLETE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.reconcile",
        description="Put back into the queue every job that waits, after the broker has lost it. "
        "It may be done at any time, and again.",
    )
    parser.add_argument("--dry-run", action="store_true", help="only list the jobs that wait")
    parser.add_argument(
        "--patience",
        type=positive_seconds,
        default=PATIENCE_S,
        metavar="SECONDS",
        help="for how long a worker may be at one job (default: %(default)g); it is waited for so long",
    )
    return parser


async def _reconcile(settings: ServiceSettings, *, is_dry_run: bool, patience_s: float) -> int:
    store, line = LocalImageStore(settings.storage_dir), ProgressLine()
    publisher = None if is_dry_run else Publisher(settings.amqp_url, service=SERVICE)
    lookout = Lookout(
        store=store,
        outbox=Outbox(settings.storage_dir),
        webhooks=WebhookLogs(settings.storage_dir),
        patience_s=patience_s,
    )
    run = Reconciliation(store=store, lookout=lookout, publisher=publisher, tell=line.tell)
    try:
        if publisher is not None:
            publisher.link.start()
            await publisher.link.wait_open(CONNECT_WITHIN_S)
        await run.run()
    except BrokerUnavailable as error:
        line.end()
        _report(run, is_dry_run=is_dry_run)
        print(f"{error} Run it again for the rest.", file=sys.stderr)
        return INCOMPLETE
    finally:
        if publisher is not None:
            await publisher.link.close()
    line.end()
    _report(run, is_dry_run=is_dry_run)
    return INCOMPLETE if run.damaged else DONE


def _report(run: Reconciliation, *, is_dry_run: bool) -> None:
    if is_dry_run:
        print(*sorted(run.waiting), sep="\n")
    for job_id in sorted(run.damaged):
        print(f"job {job_id}: {Standing.DAMAGED.value}", file=sys.stderr)
    what = "would be put back into the queue" if is_dry_run else "put back into the queue"
    parts = [
        (Standing.UNTOLD, "have ended and are told once more"),
        (Standing.ENDED, "have ended"),
        (Standing.IN_OUTBOX, "wait in the outbox"),
        (Standing.NOT_OURS, "came without a frontend"),
        (Standing.DAMAGED, "cannot be read"),
        (Standing.FRESH, "are just being worked at"),
    ]
    others = "".join(f", {run.counts[kind]:,} {words}" for kind, words in parts if run.counts[kind])
    print(f"{run.counts[Standing.WAITING]:,} jobs {what}{others}.", file=sys.stderr if is_dry_run else None)


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return REFUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
