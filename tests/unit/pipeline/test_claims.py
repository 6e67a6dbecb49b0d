"""Claims: an upload with an idempotency key comes to one thing, whoever asks, for a day."""

import asyncio
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from pipeline.claims import VALID_FOR, Claims
from pipeline.errors import StorageFull
from pipeline.local_store import LocalImageStore
from pipeline.records import Claim, DamagedRecord
from tests.eventually import WITHIN_S
from tests.unit.full_disk import FillDisk
from tests.unit.pipeline.examples import BATCH_ID, JOB_RECORD

KEY = "9a0f-42"
SECOND = timedelta(seconds=1)


@pytest.fixture
def claims(tmp_path: Path) -> Claims:
    LocalImageStore(tmp_path)  # makes the folders
    return Claims(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "claims"


def claim(fingerprint: str = "f", *, age: timedelta = timedelta()) -> Claim:
    created_at = datetime.now(UTC) - age
    return Claim(fingerprint=fingerprint, batch_id=BATCH_ID, jobs=(JOB_RECORD,), created_at=created_at)


def files_below(folder: Path, pattern: str = "*.json") -> list[Path]:
    return [path for path in folder.rglob(pattern) if path.is_file()]


async def test_a_key_that_nobody_has_used_is_free(claims: Claims) -> None:
    assert await claims.find(KEY) is None


async def test_a_claim_is_read_as_it_was_made(claims: Claims, tmp_path: Path) -> None:
    made = claim()

    assert await claims.make(KEY, made) == made
    assert await Claims(tmp_path).find(KEY) == made
    assert await claims.find(KEY + "x") is None


async def test_the_first_claim_stands(claims: Claims, folder: Path) -> None:
    first = claim("first")
    await claims.make(KEY, first)

    assert await claims.make(KEY, claim("second")) == first
    assert len(files_below(folder)) == 1


async def test_a_claim_of_yesterday_still_stands_and_one_that_is_older_does_not(claims: Claims) -> None:
    young, old = claim(age=VALID_FOR - 60 * SECOND), claim(age=VALID_FOR + SECOND)

    assert await claims.make("young", young) == young
    assert await claims.find("young") == young
    await claims.make("old", old)
    assert await claims.find("old") is None


async def test_a_key_can_be_used_again_after_a_day(claims: Claims) -> None:
    await claims.make(KEY, claim("old", age=VALID_FOR + SECOND))

    new = claim("new")

    assert await claims.make(KEY, new) == new
    assert await claims.find(KEY) == new


async def test_a_claim_of_which_nothing_has_come_is_forgotten(claims: Claims, folder: Path) -> None:
    await claims.make(KEY, claim())

    for _ in range(2):
        await claims.drop(KEY)

    assert await claims.find(KEY) is None
    assert files_below(folder) == []


@pytest.mark.parametrize("key", ["../../etc/passwd", "a/b", "", "x" * 5000, "\udce9", "schlüssel"])
async def test_a_key_may_be_any_text(claims: Claims, folder: Path, key: str) -> None:
    made = await claims.make(key, claim())

    assert await claims.find(key) == made
    assert len(files_below(folder)) == 1


def test_of_many_at_the_same_moment_one_claim_stands_and_all_are_told_which(
    claims: Claims, tmp_path: Path
) -> None:
    together = threading.Barrier(8)

    def make(number: int) -> Claim:
        together.wait()
        return asyncio.run(Claims(tmp_path).make(KEY, claim(str(number))))

    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(make, range(8)))

    assert made == [asyncio.run(claims.find(KEY))] * 8


async def test_who_holds_a_key_keeps_the_others_waiting(claims: Claims, tmp_path: Path) -> None:
    story: list[str] = []

    async def act(name: str, with_claims: Claims) -> None:
        async with with_claims.held(KEY):
            story.append(f"{name} begins")
            await asyncio.sleep(0.05)
            story.append(f"{name} ends")

    await asyncio.gather(act("a", claims), act("b", Claims(tmp_path)), act("c", claims))

    begun = [one.split()[0] for one in story[::2]]
    assert story == [f"{name} {what}" for name in begun for what in ("begins", "ends")]


async def test_another_key_can_be_held_meanwhile(claims: Claims) -> None:
    async with asyncio.timeout(WITHIN_S), claims.held(KEY), claims.held("another"):
        pass


async def test_a_key_is_free_again_when_its_holder_fails(claims: Claims, folder: Path) -> None:
    with pytest.raises(LookupError):
        async with claims.held(KEY):
            raise LookupError

    async with asyncio.timeout(WITHIN_S), claims.held(KEY):
        pass
    assert files_below(folder, "*") == []


async def test_sweeping_takes_what_is_no_longer_valid(claims: Claims, folder: Path) -> None:
    kept = await claims.make(KEY, claim(age=timedelta(hours=23)))
    await claims.make("old", claim(age=timedelta(days=3)))
    async with claims.held("held"):
        await claims.sweep()

    assert await claims.find(KEY) == kept
    assert len(files_below(folder)) == 1


async def test_of_locks_that_dead_holders_have_left_those_are_swept_away_that_nobody_holds(
    claims: Claims, folder: Path
) -> None:
    left = [folder / "locks" / hashlib.sha256(key.encode()).hexdigest() for key in (KEY, "another")]
    left[0].parent.mkdir()
    for lock in left:
        lock.touch()
        os.utime(lock, (0, 0))

    async with claims.held(KEY):
        await claims.sweep()
        assert [lock.exists() for lock in left] == [True, False]


async def test_a_claim_that_cannot_be_read_is_not_taken_for_none(claims: Claims, folder: Path) -> None:
    await claims.make(KEY, claim())
    [file] = files_below(folder)
    file.write_bytes(b"{")

    with pytest.raises(DamagedRecord):
        await claims.find(KEY)


async def test_a_claim_that_does_not_fit_is_not_half_there(
    claims: Claims, folder: Path, fill_disk: FillDisk
) -> None:
    fill_disk()

    with pytest.raises(StorageFull):
        await claims.make(KEY, claim())

    assert files_below(folder) == []
