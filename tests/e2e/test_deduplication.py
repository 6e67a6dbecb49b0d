"""The same image many times at once, with real frontends, workers and a broker: worked once, never lost."""

import asyncio
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path

import aiohttp
import pytest

from tests.checked_session import checked_session
from tests.e2e.holding import hold, let_go
from tests.e2e.images import image_of_a_moment, small_photograph
from tests.e2e.uploads import JsonObject, get_job, job_with, until_all_done, upload
from tests.rig import ROOT, Rig

pytestmark = pytest.mark.delivery

REUSE = {"reuse": "yes"}
PAGE = (ROOT / "docs" / "deduplication.md").read_text()
[EXAMPLE] = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


async def sent(
    http: aiohttp.ClientSession, data: bytes, count: int, *, fields: dict[str, str] = REUSE
) -> list[str]:
    """Send the image so many times at once, each time under another name."""
    uploads = (upload(http, data, f"photo-{number}.png", fields=fields) for number in range(count))
    return [str(job["id"]) for job in await asyncio.gather(*uploads)]


async def ends(http: aiohttp.ClientSession, job_ids: list[str]) -> list[JsonObject]:
    """The receipts of the jobs once all of them are done."""
    await until_all_done(http, job_ids)
    receipts = []
    for job_id in job_ids:
        async with http.get(f"/api/jobs/{job_id}/receipt") as response:
            receipts.append(await response.json())
    return receipts


async def check_pictures(http: aiohttp.ClientSession, receipts: list[JsonObject]) -> None:
    """Each job has files of its own name, and they are the same."""
    digests = set()
    for number, receipt in enumerate(receipts):
        job = await get_job(http, receipt["job_id"])
        assert (job["name"], job["status"]) == (f"photo-{number}.png", "done")
        assert all(result["file"].startswith(f"photo-{number}_") for result in receipt["renditions"])
        async with http.get(job["renditions"][0]["url"]) as response:
            assert response.status == 200
            digests.add(hashlib.sha256(await response.read()).hexdigest())
    assert digests == {receipts[0]["renditions"][0]["sha256"]}


def times_worked(rig: Rig) -> int:
    """How many jobs the workers have worked, and not been given results for, as their logs say."""
    return sum(worker.output.count(" -> ") for worker in rig.workers.values())


async def test_what_comes_many_times_at_once_is_worked_once(rig: Rig, http: aiohttp.ClientSession) -> None:
    rig.prepare_frontend("frontend-2")
    await rig.start(workers=2, slots=2)
    async with checked_session(rig.urls["frontend-2"]) as http_of_other:
        both = await asyncio.gather(*(sent(each, image_of_a_moment(), 20) for each in (http, http_of_other)))

    receipts = [await ends(http, job_ids) for job_ids in both]

    everything = [receipt for each in receipts for receipt in each]
    assert Counter(receipt["reused"] for receipt in everything) == {False: 1, True: 39}
    assert times_worked(rig) == 1
    assert len({receipt["batch_id"] for receipt in everything}) == 40
    for each in receipts:
        await check_pictures(http, each)


async def begun(rig: Rig, http: aiohttp.ClientSession) -> tuple[str, str]:
    """The id of a job that one of two workers has begun and gets nowhere with, and which one that is."""
    await rig.start(workers=2)
    for worker in rig.workers.values():
        await hold(worker)
    job = await upload(http, small_photograph(0), "photo-0.png", fields=REUSE)
    at_it = str((await job_with(http, job["id"], "processing"))["worker"])
    for name, worker in rig.workers.items():
        if name != at_it:
            let_go(worker)
    return str(job["id"]), at_it


async def test_work_whose_worker_is_killed_is_done_by_another_one_for_all_that_wait(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    first, victim = await begun(rig, http)
    others = await sent(http, small_photograph(0), 3)
    await job_with(http, others[0], "queued", "retrying")

    rig.workers[victim].kill()

    receipts = await ends(http, [first, *others])
    assert Counter(receipt["reused"] for receipt in receipts) == {False: 1, True: 3}
    assert victim not in {receipt["worker"] for receipt in receipts}


async def test_slots_that_have_waited_do_other_work_meanwhile(rig: Rig, http: aiohttp.ClientSession) -> None:
    first, at_it = await begun(rig, http)
    same = [first, *await sent(http, small_photograph(0), 2)]

    other = await upload(http, small_photograph(1))
    await job_with(http, other["id"], "done")

    assert (await get_job(http, first))["status"] == "processing"
    let_go(rig.workers[at_it])
    assert Counter(receipt["reused"] for receipt in await ends(http, same)) == {False: 1, True: 2}


async def test_the_example_of_the_page_does_what_is_said_there(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)
    (tmp_path / "holiday.jpg").write_bytes(small_photograph(1))
    example = EXAMPLE.replace("localhost:5000", rig.url)

    process = await asyncio.create_subprocess_exec("sh", "-e", "-c", example, cwd=tmp_path)

    assert await process.wait() == 0
    first, again, anew = (answered(tmp_path / f"{name}.json") for name in ("first", "again", "anew"))
    assert (first["status"], first["reused"], first["name"]) == ("done", False, "holiday.jpg")
    assert (again["status"], again["reused"], again["worker"]) == ("done", True, None)
    assert again["name"] == "beach.jpg"
    assert anew["reused"] is False
    assert anew["id"] not in (first["id"], again["id"])


async def test_the_benchmark_tells_how_much_it_saves(rig: Rig) -> None:
    await rig.start(workers=1)
    options = ("--url", rig.url, "--count", "6", "--rounds", "1", "--size", "640x480")

    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.repeats", *options, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await process.communicate()

    assert process.returncode == 0, told.decode()
    assert "times as many a second" in told.decode()
    assert times_worked(rig) == 6 + 1


def answered(path: Path) -> JsonObject:
    [job] = json.loads(path.read_text())["jobs"]
    return dict(job)
