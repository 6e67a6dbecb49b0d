"""Somebody who sends many images, and somebody who wants one: the example of the page, with real services."""

import asyncio
import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.images import image_of_a_moment
from tests.eventually import eventually
from tests.rig import ROOT, Rig
from tests.unit.frontend.key_files import KeyFile, key_file

pytestmark = pytest.mark.delivery

PAGE = (ROOT / "docs" / "fair_shares.md").read_text()
[EXAMPLE] = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
MANY, FIRST = 24, 10


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return key_file(tmp_path / "keys.toml", shop="", editor="", operator="sees_all = true")


async def run_example(rig: Rig, keys: KeyFile, folder: Path) -> None:
    (folder / "holiday.jpg").write_bytes(image_of_a_moment())
    example = EXAMPLE.replace("localhost:5000", rig.url).replace("seq 40", f"seq {MANY}")
    secrets = {"SHOP": keys.secrets["shop"], "EDITOR_KEY": keys.secrets["editor"]}
    bash = await asyncio.create_subprocess_exec(
        "bash", "-e", "-c", example, cwd=folder, env={**os.environ, **secrets}
    )
    assert await bash.wait() == 0


def answered(path: Path) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(path.read_bytes())
    return answer


def lanes_of(rig: Rig, job_ids: list[str]) -> Counter[str]:
    """In which lanes the jobs were sent, as their records tell."""
    records = [next(rig.storage.glob(f"uploads/*/{job_id}/job.json")) for job_id in job_ids]
    return Counter(json.loads(record.read_bytes())["lane"] for record in records)


async def test_one_image_is_done_before_the_many_that_another_client_has_sent_before(
    amqp_url: str, tmp_path: Path, keys: KeyFile
) -> None:
    async with Rig(amqp_url, tmp_path, API_KEYS=str(keys.path), BULK_NICENESS="10") as rig:
        await rig.start(workers=0)
        running = asyncio.create_task(run_example(rig, keys, tmp_path))
        # None of the many ends before all are sent: each that does lets one more into the other lane.
        await eventually(lambda: answered(tmp_path / "many.json"))
        rig.add_worker("worker-1", slots=2)
        await running

        ended = [path.parent.name for path in rig.storage.glob("processed/*/*/receipt.json")]
    many, [one] = answered(tmp_path / "many.json")["jobs"], answered(tmp_path / "one.json")["jobs"]
    assert one["status"] == "done"
    assert lanes_of(rig, [job["id"] for job in many]) == {"interactive": FIRST, "bulk": MANY - FIRST}
    assert lanes_of(rig, [one["id"]]) == {"interactive": 1}
    assert len(ended) < MANY, "all of them came first"
    waiting = [job for job in many if job["lane"] == "bulk"]
    assert [job["position"] for job in waiting] == sorted(job["position"] for job in waiting)
    assert len(waiting) > 1
