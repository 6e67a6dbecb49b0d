"""`python -m pipeline.dead_letters` on a real broker: nothing is lost by looking, nor by being killed."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import aio_pika
import pytest
from aio_pika.abc import AbstractIncomingMessage
from msgspec.structs import replace

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from pipeline.broker import Consumer, DeliverySlots, Publisher
from pipeline.ids import new_job_id
from pipeline.messages import LANES, Lane, ResizeImage, encode
from tests import management
from tests.eventually import eventually
from tests.links import opened
from tests.programs import Ended, run, start

MODULE = "pipeline.dead_letters"
CONSUMER = Consumer("worker-1.slot-1", "interactive")
COUNTED_ANEW = {"x-delivery-count": 0, "x-acquired-count": 0}
"""What the broker writes to a delivery."""


@pytest.fixture
async def publisher(amqp_url: str) -> AsyncIterator[Publisher]:
    """Whoever sends commands and buries letters."""
    async with opened(Publisher(amqp_url, service="dead-letter-test")) as publisher:
        yield publisher


@pytest.fixture
def full_queue(node: BrokerNode) -> Iterator[None]:
    with management.short_queue(node):
        yield


def command() -> ResizeImage:
    return ResizeImage(job_id=new_job_id(), source="uploads/a.jpg")


async def bury(
    publisher: Publisher, *bodies: bytes, lane: Lane = "interactive", reason: str = "of no use"
) -> None:
    for body in bodies:
        await publisher.publish_dead_letter(
            body, lane=lane, reason=reason, headers={"worker": "w", "origin": "o"}
        )


async def dead_letters(amqp_url: str, *arguments: str) -> Ended:
    return await run(MODULE, *arguments, AMQP_URL=amqp_url)


async def listed(amqp_url: str, *arguments: str) -> list[dict[str, Any]]:
    ended = await dead_letters(amqp_url, "list", "--json", *arguments)
    assert ended.code == 0, ended.errors
    return [json.loads(line) for line in ended.output.splitlines()]


async def taken_from(amqp_url: str, queue: topology.Queue) -> list[AbstractIncomingMessage]:
    """All that is in the queue, taken out."""
    found = []
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        asked = await channel.get_queue(queue.name, ensure=False)
        while message := await asked.get(fail=False):
            found.append(message)
            await message.ack()
    return found


async def let_the_broker_bury(amqp_url: str, publisher: Publisher) -> ResizeImage:
    """A command that has come back once too often."""
    sent = command()
    await publisher.publish_command(sent)
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        queue = await channel.get_queue(topology.INTERACTIVE.name, ensure=False)
        while message := await queue.get(fail=False):
            await message.reject(requeue=True)  # from RabbitMQ 4.3 on, a nack would not count
    await eventually(lambda: listed_is_not_empty(amqp_url))
    return sent


async def listed_is_not_empty(amqp_url: str) -> bool:
    return bool(await listed(amqp_url))


async def test_a_letter_is_a_line_that_tells_what_it_is_about(amqp_url: str, publisher: Publisher) -> None:
    about = command()
    await bury(publisher, encode(about), reason="no such preset")

    ended = await dead_letters(amqp_url, "list")

    [line] = ended.output.splitlines()
    assert ended.code == 0
    assert "no such preset" in line
    assert about.job_id in line
    assert f"{len(encode(about))} B" in line
    assert line.split()[1].startswith("20")  # the date


async def test_an_empty_list_says_so_to_people_and_is_empty_for_machines(amqp_url: str) -> None:
    ended = await dead_letters(amqp_url, "list")

    assert (ended.code, ended.output) == (0, "")
    assert "No dead letters" in ended.errors


async def test_looking_changes_neither_what_is_there_nor_its_order(
    amqp_url: str, publisher: Publisher
) -> None:
    bodies = [b"body %d" % number for number in range(30)]
    await bury(publisher, *bodies)

    first, second = await listed(amqp_url), await listed(amqp_url)
    await dead_letters(amqp_url, "show", first[10]["id"])

    assert first == second
    assert len({letter["id"] for letter in first}) == 30
    assert [message.body for message in await taken_from(amqp_url, topology.RESIZE_DEAD)] == bodies


async def test_an_id_names_a_letter_wherever_it_is(amqp_url: str, publisher: Publisher) -> None:
    await bury(publisher, b"one", b"two", b"three")
    one, two, three = await listed(amqp_url)

    assert (await dead_letters(amqp_url, "drop", one["id"])).code == 0
    await bury(publisher, b"four")

    assert (await listed(amqp_url))[:2] == [two, three]


async def test_what_strangers_wrote_is_shown_safely(amqp_url: str, publisher: Publisher) -> None:
    evil = b"\xff\x1b[2J\x1b]0;title\x07" + b"x" * 100_000
    await bury(publisher, evil, reason="line one\nline two\x1b[31m")
    [letter] = await listed(amqp_url)

    line = (await dead_letters(amqp_url, "list")).output
    page = (await dead_letters(amqp_url, "show", letter["id"])).output

    assert len(line.splitlines()) == 1
    assert all(sign.isprintable() or sign == "\n" for sign in line + page)
    assert "\\xff\\x1b[2J" in page
    assert len(page) < 10_000


async def test_the_whole_body_can_be_had_as_json(amqp_url: str, publisher: Publisher) -> None:
    await bury(publisher, b"\xff\xfe", b"text " * 5_000)
    binary, text = await listed(amqp_url)

    shown = [await dead_letters(amqp_url, "show", one["id"], "--json") for one in (binary, text)]

    assert json.loads(shown[0].output)["body_base64"] == "//4="
    assert json.loads(shown[1].output)["body"] == "text " * 5_000


async def test_a_letter_that_is_sent_again_is_a_command_without_marks_of_death(
    amqp_url: str, publisher: Publisher
) -> None:
    sent = await let_the_broker_bury(amqp_url, publisher)
    [letter] = await listed(amqp_url)
    assert letter["job_id"] == sent.job_id
    assert "delivery_limit" in letter["reason"]

    assert (await dead_letters(amqp_url, "retry", letter["id"])).code == 0

    assert await listed(amqp_url) == []
    [message] = await taken_from(amqp_url, topology.INTERACTIVE)
    assert message.body == encode(sent)
    assert dict(message.headers) | COUNTED_ANEW == {"job_id": sent.job_id} | COUNTED_ANEW
    assert (message.correlation_id, message.type, message.delivery_mode) == (sent.job_id, "resize_image", 2)


@pytest.mark.parametrize("lane", LANES)
async def test_a_letter_that_is_sent_again_goes_into_the_lane_in_which_it_died(
    amqp_url: str, publisher: Publisher, lane: Lane
) -> None:
    about = replace(command(), lane="interactive")
    await bury(publisher, encode(about), lane=lane)

    assert (await dead_letters(amqp_url, "retry", "--all")).code == 0

    [message] = await taken_from(amqp_url, topology.LANE_QUEUES[lane])
    assert (message.body, message.routing_key) == (encode(about), f"resize.{lane}")


async def test_sent_again_it_has_all_its_deliveries_before_it(amqp_url: str, publisher: Publisher) -> None:
    await let_the_broker_bury(amqp_url, publisher)
    await dead_letters(amqp_url, "retry", "--all")

    async with opened(DeliverySlots(amqp_url, service="worker-1", consumers=[CONSUMER])) as slots:
        delivery = await slots.take(CONSUMER)
        await delivery.acknowledge()

    assert delivery.returns == 0


async def test_some_are_chosen_by_reason_or_by_job(amqp_url: str, publisher: Publisher) -> None:
    about = command()
    await bury(publisher, b"1", reason="Expected int")
    await bury(publisher, b"2", encode(about), reason="something else")

    assert [letter["size"] for letter in await listed(amqp_url, "--reason", "expected INT")] == [1]
    retried = await dead_letters(amqp_url, "retry", "--all", "--job", about.job_id.upper())
    dropped = await dead_letters(amqp_url, "drop", "--all", "--reason", "expected")

    assert (retried.output, dropped.output) == ("1 put back into the queue.\n", "1 thrown away.\n")
    assert [message.body for message in await taken_from(amqp_url, topology.INTERACTIVE)] == [encode(about)]
    assert [message.body for message in await taken_from(amqp_url, topology.RESIZE_DEAD)] == [b"2"]


@pytest.mark.parametrize(
    "arguments", [[], ["retry"], ["drop"], ["drop", "abc", "--all"], ["drop", "abc", "--reason", "x"]]
)
async def test_what_is_not_clear_is_not_done(
    amqp_url: str, publisher: Publisher, arguments: list[str]
) -> None:
    await bury(publisher, b"1")

    assert (await dead_letters(amqp_url, *arguments)).code == 2
    assert len(await listed(amqp_url)) == 1


@pytest.mark.parametrize("what", ["show", "retry", "drop"])
async def test_an_id_that_no_letter_has_is_an_error(amqp_url: str, publisher: Publisher, what: str) -> None:
    await bury(publisher, b"1")

    ended = await dead_letters(amqp_url, what, "0123456789")

    assert ended.code == 1
    assert "no dead letter '0123456789'" in ended.errors
    assert len(await listed(amqp_url)) == 1


async def test_a_broker_that_is_away_is_an_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    ended = await dead_letters(f"amqp://guest:guest@127.0.0.1:{port}/", "list")

    assert ended.code == 1
    assert "cannot be reached" in ended.errors
    assert "Traceback" not in ended.errors


@pytest.mark.usefixtures("full_queue")
async def test_what_does_not_fit_into_the_queue_stays_a_dead_letter(
    amqp_url: str, publisher: Publisher
) -> None:
    bodies = [b"body %d" % number for number in range(20)]
    await bury(publisher, *bodies)

    ended = await dead_letters(amqp_url, "retry", "--all")

    queued = [message.body for message in await taken_from(amqp_url, topology.INTERACTIVE)]
    dead = [message.body for message in await taken_from(amqp_url, topology.RESIZE_DEAD)]
    assert ended.code == 1
    assert "takes no more work" in ended.errors
    assert queued + dead == bodies
    assert ended.output == f"{len(queued)} put back into the queue.\n"


async def test_what_dies_again_at_once_is_sent_again_once(amqp_url: str, publisher: Publisher) -> None:
    await bury(publisher, b"1", b"2", b"3")
    died: list[bytes] = []

    async def die_at_once(slots: DeliverySlots) -> None:
        while True:
            delivery = await slots.take(CONSUMER)
            died.append(delivery.body)
            await bury(publisher, delivery.body)
            await delivery.acknowledge()

    async with opened(DeliverySlots(amqp_url, service="worker-1", consumers=[CONSUMER])) as slots:
        worker = asyncio.create_task(die_at_once(slots))
        ended = await dead_letters(amqp_url, "retry", "--all")
        await eventually(lambda: len(died) >= 3)
        worker.cancel()

    assert ended.output == "3 put back into the queue.\n"
    assert died == [b"1", b"2", b"3"]


async def test_killed_in_the_middle_it_has_lost_nothing(
    node: BrokerNode, amqp_url: str, publisher: Publisher
) -> None:
    bodies = {b"body %d" % number for number in range(2_000)}
    await asyncio.gather(*(bury(publisher, body) for body in bodies))
    process = await start(MODULE, "retry", "--all", AMQP_URL=amqp_url)

    async def has_begun() -> bool:
        return (await publisher.count_queue()).ready > 20

    await eventually(has_begun)
    process.kill()
    await process.communicate()
    await eventually(lambda: management.queue(node, "resize.dead")["messages_unacknowledged"] == 0)

    queued = {message.body for message in await taken_from(amqp_url, topology.INTERACTIVE)}
    dead = {message.body for message in await taken_from(amqp_url, topology.RESIZE_DEAD)}
    assert 20 < len(queued) < 2_000
    assert queued | dead == bodies
