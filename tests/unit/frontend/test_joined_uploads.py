"""Uploads that are made of others (tus: concatenation)."""

from pathlib import Path

import pytest

from frontend.keys import INTAKE
from pipeline.errors import QueueFull
from pipeline.local_store import LocalImageStore
from tests.unit.frontend.conftest import NOWHERE, Client, NewFrontend, left_in
from tests.unit.frontend.tus import (
    BIG,
    TUS,
    asked,
    begun,
    code_of,
    created,
    id_of,
    joined,
    metadata,
    offset_of,
    part,
    sent,
)

THIRD = len(BIG) // 3
PIECES = (BIG[:THIRD], BIG[THIRD : 2 * THIRD], BIG[2 * THIRD :])


async def test_parts_that_are_joined_are_one_job(
    lonely: Client, store: LocalImageStore, storage: Path
) -> None:
    parts = [await part(lonely, piece) for piece in PIECES]

    response = await joined(lonely, *parts, **metadata(filename="a.png", width="64"))

    final = response.headers["Location"]
    record = await store.load_job(id_of(final))
    assert (response.status, response.headers["Upload-Job"]) == (201, f"/api/jobs/{id_of(final)}")
    assert store.source_file(record.source_path).read_bytes() == BIG
    assert (record.name, record.renditions[0].width) == ("a.png", 64)
    assert [one.name for one in (storage / "outbox").iterdir()] == [id_of(final)]
    assert not list((storage / "unfinished").glob("*/image"))


async def test_the_parts_and_the_whole_say_what_they_are(lonely: Client) -> None:
    parts = [await part(lonely, piece) for piece in PIECES]
    before = await asked(lonely, parts[0])
    final = (await joined(lonely, *parts)).headers["Location"]

    whole = await asked(lonely, final)

    assert (before.headers["Upload-Concat"], before.headers["Upload-Offset"]) == ("partial", str(THIRD))
    assert "Upload-Job" not in before.headers
    assert whole.headers["Upload-Concat"] == f"final;{' '.join(parts)}"
    assert whole.headers["Upload-Length"] == whole.headers["Upload-Offset"] == str(len(BIG))
    assert await offset_of(lonely, parts[0]) == THIRD


async def test_the_parts_may_be_named_by_whole_addresses(lonely: Client) -> None:
    parts = [await part(lonely, piece) for piece in PIECES]

    response = await joined(lonely, *(str(lonely.make_url(one)) for one in parts))

    assert "Upload-Job" in response.headers


async def test_who_joins_the_same_parts_again_is_told_of_the_same_job(lonely: Client, storage: Path) -> None:
    parts = [await part(lonely, piece) for piece in PIECES]

    first, second = await joined(lonely, *parts), await joined(lonely, *parts)

    assert first.headers["Upload-Job"] == second.headers["Upload-Job"]
    assert len(list((storage / "outbox").iterdir())) == 1


async def test_nothing_can_be_added_to_what_was_made_of_others(lonely: Client) -> None:
    final = (await joined(lonely, *[await part(lonely, piece) for piece in PIECES])).headers["Location"]

    assert await code_of(await sent(lonely, final, b"x", len(BIG))) == (403, "final_upload")


async def test_a_part_that_has_not_come_in_whole_is_waited_for(lonely: Client, storage: Path) -> None:
    whole = await part(lonely, PIECES[0])
    half = (await created(lonely, THIRD, PIECES[1][:10], **{"Upload-Concat": "partial"})).headers["Location"]

    assert await code_of(await joined(lonely, whole, half)) == (409, "part_unfinished")

    await sent(lonely, half, PIECES[1][10:], 10)
    assert "Upload-Job" in (await joined(lonely, whole, half)).headers


async def test_parts_that_have_become_a_job_are_used_up(lonely: Client) -> None:
    parts = [await part(lonely, piece) for piece in PIECES]
    await joined(lonely, *parts)

    assert await code_of(await joined(lonely, *parts, **metadata(width="9"))) == (404, "upload_not_found")


async def test_a_whole_with_other_options_in_the_address_is_not_taken_for_the_first_one(
    lonely: Client,
) -> None:
    parts = [await part(lonely, piece) for piece in PIECES]
    headers = TUS | {"Upload-Concat": f"final;{' '.join(parts)}"}

    async with lonely.post("/files/?width=64", headers=headers) as response:
        job = response.headers["Upload-Job"]
    async with lonely.post("/files/?width=64", headers=headers) as response:
        assert response.headers["Upload-Job"] == job
    async with lonely.post("/files/?width=128", headers=headers) as response:
        assert await code_of(response) == (404, "upload_not_found")


async def test_parts_that_are_no_image_together_leave_no_whole(lonely: Client, storage: Path) -> None:
    parts = [await part(lonely, b"text"), await part(lonely, b"")]

    assert await code_of(await joined(lonely, *parts)) == (415, "not_an_image")

    kept = {Path(one).parts[1] for one in left_in(storage)}
    assert kept == {id_of(one) for one in parts}


async def test_parts_are_not_more_together_than_an_image_may_be(new_frontend: NewFrontend) -> None:
    client = await new_frontend(NOWHERE, max_upload_bytes=len(BIG) - 1)
    parts = [await part(client, piece) for piece in PIECES]

    assert await code_of(await joined(client, *parts)) == (413, "image_too_large")


async def test_wholes_for_which_there_is_no_room_in_the_queue_count_beside_their_parts(
    new_frontend: NewFrontend, storage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await new_frontend(NOWHERE, max_unfinished=3)
    parts = [await part(client, piece) for piece in PIECES]

    async def full(_: object) -> None:
        raise QueueFull

    monkeypatch.setattr(client.app[INTAKE], "take", full)
    answers = [await joined(client, *parts, **metadata(width=str(width))) for width in range(1, 9)]

    assert [answer.status for answer in answers] == [503] * 3 + [507] * 5
    assert sum(one.endswith("/image") for one in left_in(storage)) == len(parts) + 3


@pytest.mark.parametrize("length", ["5", "3000000"])
async def test_a_whole_has_no_length_of_its_own(lonely: Client, length: str) -> None:
    response = await joined(lonely, await part(lonely, PIECES[0]), **{"Upload-Length": length})

    assert await code_of(response) == (400, "invalid_tus_header")


async def test_a_whole_upload_is_no_part(lonely: Client) -> None:
    ordinary = await begun(lonely, len(BIG))

    assert await code_of(await joined(lonely, ordinary)) == (400, "invalid_tus_header")


async def test_a_part_that_was_given_up_cannot_be_used(lonely: Client) -> None:
    parts = [await part(lonely, piece) for piece in PIECES]
    async with lonely.delete(parts[1], headers=TUS):
        pass

    assert await code_of(await joined(lonely, *parts)) == (404, "upload_not_found")
