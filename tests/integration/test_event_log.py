"""Reading the stream: everything once, in order, over lost connections and even over a lost log."""

from deploy.local.broker_node import BrokerNode
from pipeline.broker import EventLog, Publisher
from pipeline.log_id import LogId
from pipeline.messages import AnyEvent, WorkerOffline
from tests import management
from tests.eventually import eventually
from tests.links import opened

SERVICE = "log-test"

Seen = list[tuple[LogId, AnyEvent]]


def log_on(url: str, seen: Seen) -> EventLog:
    return EventLog(url, service=SERVICE, history_s=3600, on_event=lambda *event: seen.append(event))


def teller_on(url: str) -> Publisher:
    return Publisher(url, service="teller")


async def tell(publisher: Publisher, *names: str) -> None:
    for name in names:
        await publisher.publish_event(WorkerOffline(worker=name))


def names(seen: Seen) -> list[str]:
    return [event.worker for _, event in seen if isinstance(event, WorkerOffline)]


async def test_what_was_told_before_is_read_and_then_what_is_told_now(node: BrokerNode) -> None:
    seen: Seen = []
    with management.virtual_host(node, "log1") as url:
        async with opened(teller_on(url)) as publisher:
            await tell(publisher, "a", "b")
            async with opened(log_on(url, seen)):
                await eventually(lambda: names(seen) == ["a", "b"])
                await tell(publisher, "c")
                await eventually(lambda: names(seen) == ["a", "b", "c"])
    assert [place.offset for place, _ in seen] == [0, 1, 2]
    assert len({place.check for place, _ in seen}) == 3


async def test_after_a_lost_connection_nothing_is_missed_and_nothing_comes_twice(node: BrokerNode) -> None:
    seen: Seen = []
    with management.virtual_host(node, "log2") as url:
        async with opened(teller_on(url)) as publisher, opened(log_on(url, seen)) as log:
            await tell(publisher, *"abc")
            await eventually(lambda: len(seen) == 3)
            await eventually(lambda: management.close_connections(node, name_contains=f"{SERVICE} "))
            await tell(publisher, *"defgh")

            await eventually(lambda: log.link.sessions == 2)
            await eventually(lambda: names(seen) == list("abcdefgh"))


async def test_more_events_than_the_credit_are_all_read(node: BrokerNode) -> None:
    seen: Seen = []
    with management.virtual_host(node, "log3") as url:
        async with opened(teller_on(url)) as publisher, opened(log_on(url, seen)):
            expected = [str(number) for number in range(1500)]
            await tell(publisher, *expected)

            await eventually(lambda: names(seen) == expected)


async def test_an_event_that_nobody_understands_is_passed_over(node: BrokerNode) -> None:
    seen: Seen = []
    with management.virtual_host(node, "log4") as url:
        async with opened(teller_on(url)) as publisher, opened(log_on(url, seen)):
            strange = {"properties": {}, "routing_key": "x", "payload": "?", "payload_encoding": "string"}
            management.call(node, "POST", "/exchanges/log4/events/publish", strange)
            await tell(publisher, "a")

            await eventually(lambda: names(seen) == ["a"])


async def test_a_log_that_was_replaced_is_read_from_its_beginning_after_rewind(node: BrokerNode) -> None:
    seen: Seen = []
    with management.virtual_host(node, "log5") as url:
        async with opened(teller_on(url)) as publisher, opened(log_on(url, seen)) as log:
            await tell(publisher, *"abcd")
            await eventually(lambda: len(seen) == 4)
            management.call(node, "DELETE", "/queues/log5/events.log")
            await eventually(lambda: log.link.sessions == 2)
            await tell(publisher, "e")

            log.rewind()

            await eventually(lambda: names(seen)[-1] == "e")
            assert seen[-1][0].offset == 0


async def test_a_log_that_was_replaced_by_a_longer_one_is_noticed_and_read_from_its_beginning(
    node: BrokerNode,
) -> None:
    seen: Seen = []
    with management.virtual_host(node, "log6") as url:
        async with opened(teller_on(url)) as publisher:
            async with opened(log_on(url, seen)) as log:
                await tell(publisher, "a", "b")
                await eventually(lambda: len(seen) == 2)
                await log.link.close()
            management.call(node, "DELETE", "/queues/log6/events.log")
        async with opened(teller_on(url)) as publisher:
            await tell(publisher, *"cdefg")
            log.link.start()

            await eventually(lambda: names(seen) == list("abcdefg"))
    assert [place.offset for place, _ in seen] == [0, 1, 0, 1, 2, 3, 4]
