"""load_test.py as anybody runs it."""

import asyncio
import json
import sys
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

from benchmarks.load.followers import FOLLOWERS
from tests.e2e.images import small_photograph
from tests.eventually import eventually
from tests.rig import ROOT, Rig

WAYS = pytest.mark.parametrize("way", FOLLOWERS)
SMALL = ("--size", "640x480")
NUMBERS = {
    "uploads",
    "accepted",
    "done",
    "right",
    "accepted_per_s",
    "done_per_s",
    "accepted_ms",
    "done_ms",
    "workers",
    "failures",
}


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


@WAYS
async def test_each_way_of_following_reports_the_same_numbers(rig: Rig, way: str) -> None:
    await rig.start(workers=1)

    code, out, err = await run("--url", rig.url, "--json", "--follow", way, *SMALL, "--count", "4")

    assert code == 0, err
    report = json.loads(out)
    assert report.pop("follow") == way
    assert report.keys() == NUMBERS
    assert report["uploads"] == report["accepted"] == report["done"] == report["right"] == 4
    assert report["accepted_per_s"] > 0
    assert report["done_per_s"] > 0
    for name in ("p50", "p95", "p99"):
        assert report["accepted_ms"][name] > 0
        assert report["done_ms"][name] > 0
    assert report["workers"] == {"worker-1": 4}
    assert report["failures"] == []


@WAYS
async def test_each_way_of_following_outlives_a_frontend_that_is_started_anew(rig: Rig, way: str) -> None:
    await rig.start(workers=0)
    testing = asyncio.create_task(run("--url", rig.url, "--follow", way, *SMALL, "--count", "3"))
    await eventually(lambda: len(rig.get("/api/jobs")["jobs"]) == 3)

    rig.frontend.stop()
    rig.frontend.start()
    rig.add_worker("worker-1")

    code, out, err = await testing
    assert code == 0, out + err


@WAYS
async def test_each_way_of_following_tells_of_an_image_that_cannot_be_resized(
    rig: Rig, tmp_path: Path, way: str
) -> None:
    await rig.start(workers=1)
    photographs = tmp_path / "photographs"
    photographs.mkdir()
    (photographs / "bad.jpg").write_bytes(small_photograph(2)[:5000])

    folder = ("--dir", str(photographs))
    code, out, err = await run("--url", rig.url, "--json", "--follow", way, *folder, "--count", "1")

    assert code == 1, err
    [[name, reason, _]] = json.loads(out)["failures"]
    assert (name, reason) == ("bad.jpg", "image_truncated")


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


@pytest.mark.parametrize("way", ["events", "upload"])
async def test_a_server_that_wants_another_key_is_said_in_its_own_words(
    aiohttp_server: AiohttpServer, way: str
) -> None:
    keys = []

    async def refuse(request: web.Request) -> web.Response:
        keys.append(request.headers.get("Authorization"))
        problem = {"code": "unknown_key", "detail": "This key is not known."}
        return web.json_response(problem, status=401, content_type="application/problem+json")

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    server = await aiohttp_server(app)

    code, _, err = await run("--url", str(server.make_url("/")), "--key", "secret", "--follow", way)

    assert code == 2
    assert "This key is not known." in err
    assert "Traceback" not in err
    assert keys == ["Bearer secret"]


@pytest.mark.parametrize(
    ("option", "value"), [("--key", "se\ncret"), ("--follow", "pigeon"), ("--url", "localhost:5000")]
)
async def test_an_option_that_makes_no_sense_is_said_in_a_sentence(option: str, value: str) -> None:
    code, _, err = await run(option, value)

    assert code == 2
    assert option in err
    assert "cret" not in err
