"""The benchmark of the watchers, with few of them: that it measures, and says what it cannot do."""

import json
import resource
import subprocess
import sys
from pathlib import Path

from tests import programs


async def test_it_opens_sockets_weighs_them_and_times_what_comes(tmp_path: Path) -> None:
    found = tmp_path / "found.json"

    ended = await programs.run(
        "benchmarks.watchers",
        *("--sockets", "20", "--busy", "10", "--batches", "2", "--rate", "40", "--seconds", "1"),
        *("--json", str(found)),
    )

    assert ended.code in (0, 1), ended.errors  # 1: on a busy machine an event may not be confirmed in time
    report = json.loads(found.read_text())
    assert "10 on busy batches" in ended.output
    assert report["expected"] == 40 * 5
    assert 0 < report["delivered"] <= report["expected"]
    assert report["lost"] == 0
    assert 0 < report["p50_ms"] <= report["p99_ms"] <= report["max_ms"]
    assert 0 < report["log_p50_ms"] <= report["log_p99_ms"]


def test_it_says_so_when_there_may_not_be_so_many_files_open() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.watchers", "--sockets", "5000"],
        cwd=programs.ROOT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (1000, 1000)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert ended.returncode == 2
    assert ended.stderr.startswith("5200 open files are needed and 1000 are allowed")
