"""The benchmark of `seconds_to_go`, with few images: that it compares what was told with what came."""

import asyncio
import re

from tests import programs
from tests.eventually import eventually
from tests.rig import Rig

COUNT = 150


async def test_it_compares_what_waiting_jobs_are_told_with_when_they_end(rig: Rig) -> None:
    await rig.start(workers=0)
    running = asyncio.create_task(
        programs.run(
            *("benchmarks.prediction", "--url", rig.url, "--count", str(COUNT), "--photographs", "4"),
            within_s=240,
        )
    )
    # Only who has waited for a second counts, so the worker must not be done with them as they come.
    await eventually(lambda: len(list(rig.storage.glob("uploads/*/*/job.json"))) == COUNT, 120)
    rig.add_worker("worker-1")
    ended = await running

    assert ended.code in (0, 1), ended.errors  # 1: beside other tests the error may be a large one
    found = re.search(r"1 s and more\s+│\s+([\d,]+)\s+│\s+(\d+)%", ended.output)
    assert found is not None, ended.output
    assert int(found[1].replace(",", "")) > 0


async def test_it_says_so_when_there_is_no_server() -> None:
    ended = await programs.run("benchmarks.prediction", "--url", "http://127.0.0.1:1", "--photographs", "1")

    assert ended.code == 2
    assert "The server cannot be used" in ended.errors
