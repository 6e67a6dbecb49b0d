"""The examples of docs/following.md, run as they stand but for the address."""

import asyncio
import json
import re
import sys
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Browser

from tests.e2e.images import small_photograph
from tests.e2e.uploads import upload
from tests.eventually import eventually
from tests.rig import ROOT, Rig

PAGE = (ROOT / "docs" / "following.md").read_text()
WITHIN_S = 60.0


def blocks(language: str) -> list[str]:
    """The ``` blocks of the page in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


# One more or one less, and the test of it is missing too: nothing on the page is left unrun.
[CURL_UPLOAD, CURL_JOB, CURL_BATCH, CURL_EVENTS, CURL_POLL] = blocks("sh")
[PYTHON_UPLOAD, PYTHON_JOB, PYTHON_SOCKET] = blocks("python")


def test_every_example_is_in_a_language_that_is_run() -> None:
    fences = re.findall(r"^ *(?:```|~~~)(.*)$", PAGE, re.MULTILINE)
    assert set(fences[::2]) == {"sh", "python", "js"}
    assert set(fences[1::2]) == {""}
    outside = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    assert not re.search(r"^(?: {4}|\t)", outside, re.MULTILINE)


async def output_of(rig: Rig, folder: Path, *command: str, text: str) -> str:
    """What the command makes of the text, run in a folder with a holiday.jpg; it has to succeed."""
    (folder / "holiday.jpg").write_bytes(small_photograph(1))
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            said, _ = await process.communicate(
                text.replace("localhost:5000", rig.url.removeprefix("http://")).encode()
            )
    except BaseException:
        process.kill()
        raise
    assert process.returncode == 0, said.decode()
    return said.decode()


def is_photograph(path: Path) -> bool:
    return path.read_bytes().startswith(b"\xff\xd8\xff")


async def test_curl_waits_with_its_upload_for_the_image(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)

    await output_of(rig, tmp_path, "sh", "-e", text=CURL_UPLOAD)

    assert is_photograph(tmp_path / "small.jpg")


async def test_curl_waits_for_a_job(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)

    said = await output_of(rig, tmp_path, "sh", "-e", text=CURL_JOB)

    assert json.loads(said)["status"] == "done"


async def test_curl_waits_for_a_batch(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)

    said = await output_of(rig, tmp_path, "sh", "-e", text=CURL_BATCH)

    assert json.loads(said)["counts"] == {"done": 2}


async def test_curl_follows_a_batch(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)

    said = await output_of(rig, tmp_path, "sh", "-e", text=CURL_EVENTS)

    assert '"status":"done"' in said


async def test_curl_asks_for_a_batch_until_it_is_done(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=0)
    polling = asyncio.create_task(output_of(rig, tmp_path, "sh", "-e", text=CURL_POLL))
    await eventually((tmp_path / "batch.json").exists)
    rig.add_worker("worker-1")

    await polling

    assert json.loads((tmp_path / "batch.json").read_text())["counts"] == {"done": 1}
    assert (tmp_path / "etag.txt").read_text().startswith("W/")


async def test_python_waits_with_its_upload_for_the_image(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)

    said = await output_of(rig, tmp_path, sys.executable, "-", text=PYTHON_UPLOAD)

    assert said == "200 image/jpeg\n"
    assert is_photograph(tmp_path / "small.jpg")


async def test_python_waits_for_a_job(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)

    said = await output_of(rig, tmp_path, sys.executable, "-", text=PYTHON_JOB)

    assert said.startswith("done ['/api/jobs/")


async def test_python_follows_a_batch(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)

    said = await output_of(rig, tmp_path, sys.executable, "-", text=PYTHON_SOCKET)

    assert said == "['done']\n"


USES = {
    "fetch": "return (await ended(jobId)).status;",
    "EventSource": """
        while (jobs.get(jobId)?.status !== "done") await pause();
        events.close();
        return "done";
    """,
    "WebSocket": """
        let status;
        follow(batchId, (message) => {
          for (const job of message.jobs ?? [message.job]) status = job?.status ?? status;
        });
        while (status !== "done") await pause();
        return status;
    """,
}
"""What a page does with each example, in the order of the page."""


@pytest.mark.parametrize(("example", "use"), [*zip(blocks("js"), USES.values(), strict=True)], ids=USES)
async def test_a_page_follows_a_job(
    rig: Rig, http: aiohttp.ClientSession, browser: Browser, example: str, use: str
) -> None:
    await rig.start(workers=0)
    job = await upload(http, small_photograph(2))
    page = await browser.new_page()
    await page.goto(rig.url)
    pause = "const pause = () => new Promise((go) => setTimeout(go, 20));"
    script = f"async ([jobId, batchId]) => {{ {pause} {example} {use} }}"

    answer = asyncio.create_task(page.evaluate(script, [job["id"], job["batch_id"]]))
    rig.add_worker("worker-1")

    async with asyncio.timeout(WITHIN_S):
        assert await answer == "done"
