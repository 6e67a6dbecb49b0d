"""A queue and a disk that are full: the sender is told, and nothing stays that nobody will resize."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.broker_node import BrokerNode
from tests import management
from tests.eventually import eventually
from tests.unit.frontend.conftest import Client, left_in
from tests.unit.frontend.requests import FORM, PAGE, PNG, file_part, form
from tests.unit.full_disk import FillDisk


@pytest.fixture
def short_queue(node: BrokerNode) -> Iterator[None]:
    """The queue takes one command and no more."""
    with management.short_queue(node):
        yield


@pytest.mark.usefixtures("short_queue")
async def test_a_full_queue_takes_nothing_and_what_it_has_not_taken_is_not_kept(
    client: Client, storage: Path
) -> None:
    accepted: list[str] = []

    async def is_full() -> bool:
        async with client.put("/upload/a.png", data=PNG) as response:
            answer = await response.json(content_type=None)
            if response.status == 202:
                accepted.append(answer["jobs"][0]["id"])
                return False
            assert (response.status, answer["code"]) == (503, "queue_full")
            assert int(response.headers["Retry-After"]) > 0
            return True

    await eventually(is_full)

    assert accepted
    assert {path.parts[-1] for path in (storage / "uploads").glob("*/*")} == set(accepted)
    assert {path.parts[-1] for path in (storage / "batches").glob("*/*/*")} == set(accepted)


async def test_a_disk_that_fills_up_while_an_image_comes_keeps_nothing_of_it(
    client: Client, storage: Path, fill_disk: FillDisk
) -> None:
    fill_disk()

    async with client.post("/upload", data=form(file_part(PNG)), headers=FORM) as response:
        problem = await response.json(content_type=None)

    assert (response.status, problem["code"]) == (507, "storage_full")
    assert left_in(storage) == []


async def test_a_disk_without_room_for_a_folder_keeps_nothing_either(
    client: Client, storage: Path, fill_disk: FillDisk
) -> None:
    fill_disk(for_folders=True)

    async with client.post("/upload", data=form(file_part(PNG)), headers=FORM | PAGE) as response:
        assert (response.status, response.content_type) == (507, "text/html")

    assert left_in(storage) == []
