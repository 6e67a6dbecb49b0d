"""Who follows a batch through a frontend that is killed goes on through another one, and misses nothing."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.checked_session import checked_session
from tests.e2e.images import small_photograph
from tests.e2e.uploads import upload
from tests.eventually import eventually
from tests.rig import Rig

JsonObject = dict[str, Any]

WITHIN_S = 60.0
ORDER = ("queued", "processing", "done")
FIRST, MORE = 6, 2


async def events(http: aiohttp.ClientSession, batch_id: str, last_id: str) -> AsyncIterator[JsonObject]:
    """What /api/events tells, until the connection breaks."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    async with http.get("/api/events", params={"batch": batch_id}, headers=headers) as response:
        assert response.status == 200
        async for line in response.content:
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: "))


async def socket(http: aiohttp.ClientSession, batch_id: str, last_id: str) -> AsyncIterator[JsonObject]:
    """What /ws tells, until the connection breaks."""
    after = {"after": last_id} if last_id else {}
    async with http.ws_connect("/ws", params={"batch": batch_id} | after) as opened:
        async for message in opened:
            yield message.json()


WAYS = {"events": events, "socket": socket}


class Follower:
    """A client that follows a batch, and comes back with the last id that it has seen."""

    def __init__(self, way: str, batch_id: str) -> None:
        self._way, self._batch_id = WAYS[way], batch_id
        self.last_id = ""
        self.last_offset = -1
        self.snapshots = 0
        self.told: list[JsonObject] = []
        """The jobs in the order in which they were told, as they were told."""

    async def follow(self, http: aiohttp.ClientSession, *, done: int) -> None:
        """Listen until so many jobs are done, or nothing more comes of this frontend."""
        try:
            async for message in self._way(http, self._batch_id, self.last_id):
                self._take(message)
                if sum(job["status"] == "done" for job in self.jobs.values()) >= done:
                    return
        except aiohttp.ClientError:
            """It has been killed."""

    @property
    def jobs(self) -> dict[str, JsonObject]:
        """The jobs as they were told last."""
        return {job["id"]: job for job in self.told}

    def _take(self, message: JsonObject) -> None:
        self.last_id = str(message.get("id", self.last_id))
        self.last_offset = int(message.get("offset", self.last_offset))
        self.snapshots += message["type"] == "snapshot"
        self.told += message.get("jobs", [message["job"]] if "job" in message else [])


def check_never_backwards(told: list[JsonObject]) -> None:
    seen: dict[str, tuple[int, int, int]] = {}
    for job in told:
        place = (job["attempt"], ORDER.index(job["status"]), len(job["renditions"]))
        assert place >= seen.get(job["id"], place), f"{job['id']} was {seen[job['id']]}, and then {place}"
        seen[job["id"]] = place


async def offset_at(http: aiohttp.ClientSession) -> int:
    async with http.ws_connect("/ws") as opened:
        return int((await opened.receive_json())["offset"])


@pytest.mark.parametrize("way", WAYS)
async def test_who_comes_back_to_another_frontend_after_a_kill_is_told_what_was_missed_and_no_more(
    rig: Rig, way: str
) -> None:
    rig.prepare_frontend("frontend-2")
    await rig.start(workers=0)
    async with (
        asyncio.timeout(WITHIN_S),
        checked_session(rig.urls["frontend"]) as one,
        checked_session(rig.urls["frontend-2"]) as two,
    ):
        first = await upload(one, small_photograph(0))
        batch = {"batch_id": first["batch_id"]}
        for seed in range(1, FIRST):
            await upload(one, small_photograph(seed), fields=batch)
        follower = Follower(way, first["batch_id"])
        following = asyncio.create_task(follower.follow(one, done=FIRST + MORE))
        await eventually(lambda: follower.snapshots == 1)

        rig.add_worker("worker-1")
        await eventually(lambda: any(job["status"] == "done" for job in follower.jobs.values()))
        rig.frontends["frontend"].kill()
        await following
        before = len(follower.told)
        ended = {job_id for job_id, job in follower.jobs.items() if job["status"] == "done"}

        async def is_ahead() -> bool:
            return await offset_at(two) >= follower.last_offset

        await eventually(is_ahead)
        resumed = asyncio.create_task(follower.follow(two, done=FIRST + MORE))
        for seed in range(MORE):
            await upload(two, small_photograph(FIRST + seed), fields=batch)
        await resumed

    assert follower.snapshots == 1
    assert not ended & {job["id"] for job in follower.told[before:]}
    check_never_backwards(follower.told)
    assert [job["status"] for job in follower.jobs.values()] == ["done"] * (FIRST + MORE)
