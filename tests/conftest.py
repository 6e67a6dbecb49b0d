"""What all tests share: one real RabbitMQ node for the session, empty queues and a store for each test."""

import signal
from collections.abc import AsyncIterator, Generator, Iterator
from functools import partial
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from hypothesis import HealthCheck, settings

from deploy.local.broker_node import BrokerNode
from pipeline import topology
from pipeline.local_store import LocalImageStore
from tests import management
from tests.eventually import eventually

VERSION = pytest.StashKey[str]()
HAS_FAILED = pytest.StashKey[bool]()
LONGEST_LOG = 20_000


# A busy machine is no reason to fail. It is said before any test is read: each keeps what was said by then.
settings.register_profile(
    "unhurried", deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Let the tests press Ctrl-C: what a shell starts in the background is born deaf to it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell which RabbitMQ the tests ran against."""
    if VERSION in config.stash:
        terminalreporter.write_line(f"RabbitMQ {config.stash[VERSION]}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a test that has failed what the services said that had their logs in its folder."""
    report = yield
    if call.when == "call" and report.failed:
        item.stash[HAS_FAILED] = True
        folder = getattr(item, "funcargs", {}).get("tmp_path")
        for log in sorted(folder.rglob("*.log")) if folder else ():
            report.sections.append((f"{log.stem} said", log.read_text(errors="replace")[-LONGEST_LOG:]))
    return report


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[BrokerNode]:
    """A private RabbitMQ node on free ports, with the management plugin."""
    with BrokerNode(tmp_path_factory.mktemp("rabbitmq")) as running:
        pytestconfig.stash[VERSION] = ".".join(map(str, management.version(running)))
        yield running


@pytest.fixture
async def amqp_url(node: BrokerNode) -> AsyncIterator[str]:
    """The address of the node; its queues are there and empty. Tests end what they start on it."""
    drop_retry_ladders(node)  # first, for what waits there comes back into the queues
    await empty_queues(node.amqp_url)
    yield node.amqp_url


def drop_retry_ladders(node: BrokerNode) -> None:
    """Remove what still waits for another try, whichever delays it was given."""
    for queue in management.call(node, "GET", "/queues/%2F"):
        if queue["name"].startswith(("resize.retry.", "webhooks.retry.")):
            management.call(node, "DELETE", f"/queues/%2F/{queue['name']}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of the store."""
    return tmp_path / "storage"


@pytest.fixture
def store(root: Path) -> LocalImageStore:
    """A store with nothing in it."""
    return LocalImageStore(root)


async def empty_queues(url: str) -> None:
    """Declare everything, and remove what an earlier test has left in the queues and in the log."""
    connection = await aio_pika.connect(url)
    async with connection:
        async with connection.channel() as channel:
            # A stream cannot be purged. Waiting jobs of an earlier test would stand before those of the next.
            await channel.queue_delete(topology.EVENT_LOG.name)
        await topology.declare(connection)
        async with connection.channel() as channel:
            for emptied in (
                topology.INTERACTIVE,
                topology.BULK,
                topology.RESIZE_DEAD,
                topology.WEBHOOK_QUEUE,
                topology.WEBHOOK_DEAD,
            ):
                # What somebody holds is not purged, and comes back when he has gone.
                await eventually(partial(has_no_consumers, channel, emptied.name))
                queue = await channel.get_queue(emptied.name, ensure=False)
                await queue.purge()


async def has_no_consumers(channel: AbstractChannel, queue: str) -> bool:
    """Whether nobody takes from this queue, so that nobody holds anything of it."""
    declared = await channel.declare_queue(queue, passive=True)
    return declared.declaration_result.consumer_count == 0
