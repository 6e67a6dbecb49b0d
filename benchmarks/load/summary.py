"""What a load test has come to, in numbers: the same ones whichever way the jobs were followed."""

import math
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.load.site import JsonObject
from benchmarks.load.upload import Upload


def summarise(uploads: Sequence[Upload], *, follow: str) -> JsonObject:
    """What a run has come to, ready for JSON. A failure is a list of name, code and sentence."""
    begun = min((u.sent_at for u in uploads if u.sent_at), default=0.0)
    accepted = [u for u in uploads if u.accepted_at]
    done = [u for u in uploads if u.job and u.job["status"] == "done"]
    return {
        "follow": follow,
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


def percentile(values: Sequence[float], percent: float) -> float | None:
    """The smallest value that so many percent of the values do not exceed (nearest rank); None of nothing."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)] if values else None


def show(summary: JsonObject) -> None:
    """Print the summary for people: a table, then every failure."""
    table = Table(f"followed: {summary['follow']}", "in all", "per second", "p50 ms", "p95 ms", "p99 ms")
    for name in ("accepted", "done"):
        cells = [summary[name], summary[f"{name}_per_s"], *summary[f"{name}_ms"].values()]
        table.add_row(name, *("–" if cell is None else f"{cell:,}" for cell in cells))
    table.add_row("fetched and right", f"{summary['right']:,}")
    for worker, jobs in summary["workers"].items():
        table.add_row(f"by {worker}", f"{jobs:,}")
    Console().print(table)
    for failure in summary["failures"]:
        print(": ".join(failure))
