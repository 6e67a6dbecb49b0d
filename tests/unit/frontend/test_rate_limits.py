"""How much a client may send in a minute, by all frontends together, and how it is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from pipeline import meters
from pipeline.ids import new_job_id
from tests.unit.frontend.conftest import Client, NewFrontend, commands_in_queue, left_in, when_ready
from tests.unit.frontend.key_files import KeyFile, key_file
from tests.unit.frontend.requests import PNG


@pytest.fixture(autouse=True)
def _time_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes back while a test runs."""

    class Clock:
        def time(self) -> float:
            return 1_800_000_000.0

    monkeypatch.setattr(meters, "time", Clock())


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return key_file(
        tmp_path / "keys.toml",
        shop="",
        small="requests_per_minute = 2",
        free="requests_per_minute = 0\nbytes_per_minute = 0",
    )


async def test_who_has_no_limits_is_told_of_none(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await new_frontend(amqp_url)

    async with client.get("/api/jobs") as response:
        assert not {"RateLimit", "RateLimit-Policy"} & response.headers.keys()


async def test_each_answer_tells_what_is_left(new_frontend: NewFrontend, amqp_url: str) -> None:
    client = await when_ready(await new_frontend(amqp_url, requests_per_minute=60, bytes_per_minute=6000))

    async with client.put("/upload/a.png", data=PNG) as response:
        assert response.status == 202
    policy, left = response.headers["RateLimit-Policy"], response.headers["RateLimit"]

    assert policy == '"requests";q=60;w=60, "bytes";q=6000;w=60;qu="content-bytes"'
    assert left == f'"requests";r=59;t=1, "bytes";r={6000 - len(PNG)};t={round(len(PNG) / 100)}'
    async with client.get("/api/jobs/x") as response:
        assert response.headers["RateLimit"].startswith('"requests";r=58;')


async def test_who_has_sent_too_many_is_told_when_to_come_back(
    new_frontend: NewFrontend, amqp_url: str
) -> None:
    client = await new_frontend(amqp_url, requests_per_minute=2)
    for _ in range(2):
        async with client.get("/api/jobs") as response:
            assert response.status == 200

    async with client.get("/api/jobs") as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"]) == (429, "rate_limited")
    assert response.headers["Retry-After"] == "30"
    assert response.headers["RateLimit"] == '"requests";r=0;t=60'
    async with client.get("/health/live") as response:
        assert response.status == 200
    async with client.get("/static/base.css") as response:
        assert response.status == 200
    for file in ("source", "renditions/300x300"):
        async with client.get(f"/api/jobs/{new_job_id()}/{file}") as response:
            assert (await response.json(content_type=None))["code"] == "job_not_found"


@pytest.mark.parametrize("says_size", [True, False])
async def test_who_has_sent_too_much_is_refused_before_a_byte_is_read(
    new_frontend: NewFrontend, amqp_url: str, storage: Path, says_size: bool
) -> None:
    client = await when_ready(await new_frontend(amqp_url, bytes_per_minute=len(PNG)))

    async def body() -> AsyncIterator[bytes]:
        yield PNG

    async with client.put("/upload/a.png", data=PNG if says_size else body()) as response:
        assert response.status == 202
    before = left_in(storage)

    async with client.put("/upload/a.png", data=PNG, expect100=True) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"]) == (429, "rate_limited")
    assert left_in(storage) == before
    assert len(await commands_in_queue(amqp_url)) == 1
    async with client.get("/api/jobs") as response:
        assert response.status == 200


async def test_what_is_refused_for_the_size_that_it_says_is_not_counted_as_brought(
    new_frontend: NewFrontend, amqp_url: str
) -> None:
    client = await when_ready(await new_frontend(amqp_url, bytes_per_minute=6000))
    size = {"Content-Length": str(10**18)}

    async with client.put("/upload/a.png", data=b"", headers=size, expect100=True) as response:
        assert response.status == 413

    async with client.put("/upload/a.png", data=PNG) as response:
        assert response.status == 202


async def test_a_key_may_have_limits_of_its_own(
    new_frontend: NewFrontend, amqp_url: str, keys: KeyFile
) -> None:
    client = await new_frontend(amqp_url, api_keys=keys.path, requests_per_minute=3)

    taken = {name: await taken_of(client, keys, name, 5) for name in ("shop", "small", "free")}

    assert taken == {"shop": 3, "small": 2, "free": 5}


async def test_several_frontends_count_together(
    new_frontend: NewFrontend, amqp_url: str, keys: KeyFile
) -> None:
    one, other = [await new_frontend(amqp_url, api_keys=keys.path, requests_per_minute=3) for _ in range(2)]

    assert await taken_of(one, keys, "shop", 2) + await taken_of(other, keys, "shop", 2) == 3


async def taken_of(client: Client, keys: KeyFile, name: str, requests: int) -> int:
    """How many of so many requests are answered."""
    statuses = []
    for _ in range(requests):
        async with client.get("/api/jobs", headers=keys.bearer(name)) as response:
            statuses.append(response.status)
    return statuses.count(200)


async def test_a_meter_that_cannot_be_kept_refuses_nobody(
    new_frontend: NewFrontend, amqp_url: str, storage: Path
) -> None:
    client = await when_ready(await new_frontend(amqp_url, requests_per_minute=1, bytes_per_minute=1))
    (storage / "meters").write_text("in the way")

    for _ in range(2):
        async with client.put("/upload/a.png", data=PNG, expect100=True) as response:
            assert response.status == 202
            assert "RateLimit" not in response.headers
