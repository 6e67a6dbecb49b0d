"""The whole way round: a photograph in, 300 x 300 out, the browser's socket told."""

import json

import aiohttp
from PIL import Image

from deploy.local.broker_node import BrokerNode
from pipeline.ids import day_of, new_job_id, parse_job_id
from tests import management
from tests.e2e.images import lying_photograph, small_photograph
from tests.e2e.uploads import JsonObject, get_job, job_with, upload
from tests.eventually import WITHIN_S, eventually
from tests.rig import Rig


async def test_a_photograph_comes_out_upright_and_300_by_300(rig: Rig, http: aiohttp.ClientSession) -> None:
    await rig.start(workers=1)

    job = await upload(http, lying_photograph(), "holiday.jpg")
    done = await job_with(http, job["id"], "done")

    day = day_of(parse_job_id(job["id"]))
    result = rig.storage / "processed" / day / job["id"] / "holiday_300x300.jpg"
    with Image.open(result) as image:
        assert (image.format, image.size) == ("JPEG", (300, 300))
        left, right = image.getpixel((20, 150)), image.getpixel((280, 150))
    assert isinstance(left, tuple) and left[0] > 200 and left[1] < 80, "the red edge is on the left"
    assert isinstance(right, tuple) and not (right[0] > 200 and right[1] < 80)
    assert (done["source"]["width"], done["source"]["height"]) == (3000, 4000)
    async with http.get(done["renditions"][0]["url"]) as response:
        assert response.content_type == "image/jpeg"
        assert await response.read() == result.read_bytes()


async def test_a_watcher_hears_of_every_step(rig: Rig, http: aiohttp.ClientSession) -> None:
    await rig.start(workers=0)
    job = await upload(http, small_photograph(1))

    async with http.ws_connect(f"/ws?batch={job['batch_id']}") as socket:
        snapshot = await socket.receive_json(timeout=WITHIN_S)
        assert [each["id"] for each in snapshot["jobs"]] == [job["id"]]
        rig.add_worker("worker-1")
        told: list[JsonObject] = []
        while not told or told[-1]["job"]["status"] != "done":
            message = await socket.receive_json(timeout=20)
            if message["type"] == "job":
                told.append(message)

    statuses = [message["job"]["status"] for message in told]
    assert statuses[0] in ("queued", "processing")
    assert "processing" in statuses
    offsets = [snapshot["offset"], *(message["offset"] for message in told)]
    assert offsets == sorted(offsets)
    assert told[-1]["job"] == await get_job(http, job["id"])


async def test_what_is_unreadable_fails_with_a_reason_and_the_worker_goes_on(
    rig: Rig, http: aiohttp.ClientSession
) -> None:
    await rig.start(workers=1)
    photograph = small_photograph(2)

    truncated = await upload(http, photograph[: len(photograph) // 2])
    garbage = await upload(http, b"GIF89a" + b"garbage" * 100, "x.gif")
    good = await upload(http, photograph)

    assert (await job_with(http, truncated["id"], "failed"))["error"]["code"] == "image_truncated"
    assert (await job_with(http, garbage["id"], "failed"))["error"]["code"] == "image_unreadable"
    await job_with(http, good["id"], "done")
    rig.workers["worker-1"].check_alive()


async def test_a_command_typed_into_the_console_gets_done(
    node: BrokerNode, rig: Rig, http: aiohttp.ClientSession
) -> None:
    await rig.start(workers=1)
    source = rig.storage / "uploads" / "by-hand.jpg"
    source.write_bytes(small_photograph(3))
    job_id = new_job_id()

    command = {"v": 1, "type": "resize_image", "job_id": job_id, "source": "uploads/by-hand.jpg"}
    assert management.publish(node, json.dumps(command))

    await eventually(lambda: (rig.storage / "processed" / day_of(job_id) / job_id / "receipt.json").exists())
    done = await get_job(http, job_id)
    assert (done["status"], done["name"]) == ("done", "by-hand.jpg")
    assert done["renditions"][0]["width"] == 300


async def test_garbage_lands_among_the_dead_with_its_reason_and_disturbs_nobody(
    node: BrokerNode, rig: Rig, http: aiohttp.ClientSession
) -> None:
    await rig.start(workers=1)

    for garbage in ("garbage", '{"v": 1, "type": "resize_image"}', '{"v": 2, "type": "resize_image"}'):
        assert management.publish(node, garbage)
    job = await upload(http, small_photograph(4))
    await job_with(http, job["id"], "done")

    await eventually(lambda: len(management.messages(node, "resize.dead")) == 3)
    dead = management.messages(node, "resize.dead")
    reasons = {message["payload"]: message["properties"]["headers"]["reason"] for message in dead}
    assert "malformed" in reasons["garbage"]
    assert "job_id" in reasons['{"v": 1, "type": "resize_image"}']
    assert all(message["properties"]["headers"]["origin"] == "images/resize" for message in dead)


async def test_the_console_tells_who_is_who(node: BrokerNode, rig: Rig, http: aiohttp.ClientSession) -> None:
    await rig.start(workers=2, slots=2)

    def connection_names() -> set[str]:
        connections = management.call(node, "GET", "/connections")
        parts = [each["client_properties"].get("connection_name", "").split() for each in connections]
        return {f"{service} {purpose}" for service, _, purpose in (each for each in parts if len(each) == 3)}

    await eventually(
        lambda: (
            connection_names()
            >= {
                "frontend publish",
                "frontend events",
                "worker-1 consume",
                "worker-1 publish",
                "worker-2 consume",
                "worker-2 publish",
            }
        ),
        timeout_s=20,
    )

    def consumers() -> dict[str, int]:
        return {
            each["consumer_tag"]: each["prefetch_count"]
            for each in management.call(node, "GET", "/consumers")
            if each["queue"]["name"].startswith("resize.")
        }

    slots = [f"worker-{worker}.slot-{slot}" for worker in (1, 2) for slot in (1, 2)]
    tags = {f"{slot}.{lane}" for slot in slots for lane in ("interactive", "bulk")}
    await eventually(lambda: consumers() == dict.fromkeys(tags, 1))
    assert management.queue(node, "resize.bulk")["type"] == "quorum"
    assert management.queue(node, "events.log")["type"] == "stream"
