"""load_test.py as anybody runs it."""

import asyncio
import json
import sys
from pathlib import Path

from tests.e2e.images import small_photograph
from tests.rig import ROOT, Rig


async def run(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the script."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "load_test.py",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_ten_concurrent_uploads_are_all_done_and_right(rig: Rig) -> None:
    await rig.start(workers=2)

    code, out, err = await run("--url", rig.url, "--json")

    assert code == 0, err
    report = json.loads(out)
    assert report["accepted"] == report["done"] == report["right"] == 10
    assert set(report["workers"]) == {"worker-1", "worker-2"}
    assert sum(report["workers"].values()) == 10
    assert 0 < report["accepted_ms"]["p50"] < report["done_ms"]["p50"]


async def test_an_image_that_is_missing_at_the_end_is_a_failure(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    (photographs / "good.jpg").write_bytes(small_photograph(1))
    (photographs / "bad.jpg").write_bytes(small_photograph(2)[:5000])

    code, out, err = await run("--url", rig.url, "--dir", str(photographs), "--count", "2")

    assert code == 1
    assert "image_truncated" in out + err


async def test_a_server_that_is_not_there_is_said_in_a_sentence(unused_tcp_port: int) -> None:
    code, _, err = await run("--url", f"http://127.0.0.1:{unused_tcp_port}", "--count", "1")

    assert code == 2
    assert "Traceback" not in err
