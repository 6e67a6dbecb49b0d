"""The lines under "API" in the README, pasted into bash as they stand but for the address."""

import asyncio
import json
import re
import zipfile
from pathlib import Path

import aiohttp
import pytest
from PIL import Image

from tests.e2e.images import small_photograph
from tests.rig import ROOT, Rig

README = (ROOT / "README.md").read_text()
BLOCK = re.compile(r"^## API\n.*?^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)
MARK = "=== next line ==="
WITHIN_S = 90.0


def lines() -> list[str]:
    """The lines that are to be pasted."""
    [block] = BLOCK.findall(README)
    return str(block).splitlines()


async def said_by_each(rig: Rig, folder: Path) -> list[str]:
    """What each of the lines prints in one bash, which is in this folder."""
    pasted = f"\necho; echo '{MARK}'\n".join(lines())
    bash = await asyncio.create_subprocess_exec(
        "bash",
        cwd=folder,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            here = rig.url.removeprefix("http://")
            said, _ = await bash.communicate(pasted.replace("localhost:5000", here).encode())
    except TimeoutError:
        bash.kill()
        raise
    return said.decode().split(MARK)


async def test_the_ten_lines_of_the_readme_work_when_they_are_pasted(rig: Rig, tmp_path: Path) -> None:
    await rig.start(workers=1)
    (tmp_path / "holiday.jpg").write_bytes(small_photograph(1))

    said = await said_by_each(rig, tmp_path)

    [upload, ids, waited, events, archive, image, listed, pipeline, away, described] = said
    [accepted] = json.loads(upload)["jobs"]
    assert accepted["name"] == "holiday.jpg"
    job = json.loads(waited)
    assert (job["id"], job["status"]) == (accepted["id"], "done")
    snapshot = json.loads(re.findall(r"^data: (.*)$", events, re.MULTILINE)[0])
    assert [(one["id"], one["status"]) for one in snapshot["jobs"]] == [(job["id"], "done")]
    with zipfile.ZipFile(tmp_path / "all.zip") as packed:
        assert packed.namelist() == ["holiday_640w.jpg"]
    with Image.open(tmp_path / "small.jpg") as small:
        assert small.size == (300, 300)
    assert {one["status"] for one in json.loads(listed)["jobs"]} == {"done"}
    assert [worker["name"] for worker in json.loads(pipeline)["workers"]] == ["worker-1"]
    assert json.loads(away) == {"jobs": []}
    assert job["id"] not in [one["id"] for one in rig.get("/api/jobs")["jobs"]]
    assert json.loads((tmp_path / "openapi.json").read_text())["openapi"].startswith("3.1")
    assert (ids + archive + image + described).strip() == ""


@pytest.mark.parametrize("path", sorted(set(re.findall(r"<http://localhost:5000(/[^>]*)>", README))))
async def test_the_addresses_in_the_readme_are_there(
    rig: Rig, http: aiohttp.ClientSession, path: str
) -> None:
    await rig.start(workers=0)

    async with http.get(path) as response:
        assert response.status == 200
