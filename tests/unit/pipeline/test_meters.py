"""What clients may use in a minute: all of it at once, then as fast as it comes back."""

import os
from pathlib import Path

import pytest

from pipeline import meters
from pipeline.meters import Level, Meters

UNLIMITED = 0


class Clock:
    """The time, as a test sets it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(meters, "time", clock)
    return clock


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


async def request(root: Path, client: str = "shop", most: int = 60) -> Level:
    """One request of a client that may send so many."""
    [level] = await Meters(root).use(client, (most, UNLIMITED), (1, 0))
    return level


async def upload(root: Path, size: int, most: int = 6000) -> Level:
    """So many bytes of a client that may send so many."""
    [level] = await Meters(root).use("shop", (UNLIMITED, most), (1, size))
    return level


async def test_all_of_a_minute_may_be_used_at_once_and_no_more(clock: Clock, root: Path) -> None:
    levels = [await request(root) for _ in range(61)]

    assert [level.left for level in levels] == [*range(59, -1, -1), 0]
    assert [level.wait_s > 0 for level in levels] == [False] * 60 + [True]
    assert levels[60].wait_s == pytest.approx(1.0, abs=0.01)


async def test_what_was_used_comes_back_little_by_little(clock: Clock, root: Path) -> None:
    for _ in range(60):
        await request(root)

    clock.now += 3
    levels = [await request(root) for _ in range(4)]

    assert [level.wait_s > 0 for level in levels] == [False, False, False, True]


async def test_a_minute_later_everything_is_there_again_and_not_twice(clock: Clock, root: Path) -> None:
    for _ in range(60):
        await request(root)

    clock.now += 3600

    assert (await request(root)).left == 59


async def test_who_is_refused_has_used_nothing(clock: Clock, root: Path) -> None:
    for _ in range(90):
        refused = await request(root)

    clock.now += refused.wait_s

    assert (await request(root)).wait_s == 0


async def test_an_upload_is_taken_while_a_byte_is_left_and_is_paid_for_afterwards(
    clock: Clock, root: Path
) -> None:
    assert (await upload(root, 5999)).left == 1
    large = await upload(root, 6000)
    assert (large.left, large.wait_s) == (0, 0)

    refused = await upload(root, 1)

    assert refused.wait_s == pytest.approx(60, abs=0.1)
    clock.now += refused.wait_s
    assert (await upload(root, 1)).wait_s == 0


async def test_requests_without_a_body_go_on_when_no_bytes_are_left(clock: Clock, root: Path) -> None:
    await upload(root, 9000)

    assert (await upload(root, 0)).wait_s == 0


async def test_nothing_is_counted_of_a_request_for_which_the_bytes_are_missing(
    clock: Clock, root: Path
) -> None:
    await Meters(root).use("shop", (60, 6000), (1, 6000))

    requests, size = await Meters(root).use("shop", (60, 6000), (1, 1))

    assert (requests.left, requests.wait_s) == (59, 0)
    assert size.wait_s > 0


async def test_what_was_not_used_after_all_is_given_back_and_no_more(clock: Clock, root: Path) -> None:
    await upload(root, 9000)

    assert (await upload(root, -5000)).left == 2000
    assert (await upload(root, -5000)).left == 6000


async def test_clients_are_counted_apart(clock: Clock, root: Path) -> None:
    await request(root, "shop", most=1)

    assert (await request(root, "shop", most=1)).wait_s > 0
    assert (await request(root, "rival", most=1)).wait_s == 0


async def test_a_meter_that_is_damaged_begins_anew(clock: Clock, root: Path) -> None:
    await request(root)
    [meter] = (root / "meters").iterdir()
    os.truncate(meter, 5)

    assert (await request(root)).left == 59


async def test_who_has_paid_for_everything_is_forgotten_in_time(clock: Clock, root: Path) -> None:
    await request(root, "gone")
    clock.now += 700
    await request(root, "here")

    await Meters(root).sweep()

    assert len(list((root / "meters").iterdir())) == 1
    assert (await request(root, "here")).left == 58


async def test_what_another_frontend_has_just_swept_away_is_not_in_the_way(clock: Clock, root: Path) -> None:
    await request(root, "gone")
    clock.now += 700
    (root / "meters" / "swept").symlink_to("nowhere")  # it is in the folder, and cannot be read any more

    await Meters(root).sweep()

    assert [path.name for path in (root / "meters").iterdir()] == ["swept"]


async def test_there_is_nothing_to_sweep_where_nobody_was_counted(root: Path) -> None:
    await Meters(root).sweep()
