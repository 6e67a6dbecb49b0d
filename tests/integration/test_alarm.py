"""A broker that is short of memory or disk reads nothing from those who publish. Uploads are told so."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from deploy.local.broker_files import broker_environment
from deploy.local.broker_node import BrokerNode
from deploy.local.broker_server import find_server
from pipeline.broker import Publisher, PublishUncertain
from pipeline.broker import publisher as publisher_module
from pipeline.errors import BrokerUnavailable
from pipeline.ids import new_job_id
from pipeline.messages import ResizeImage, WorkerOffline
from tests import management
from tests.eventually import eventually
from tests.links import opened

PLENTY = "4GB"


def set_memory_limit(node: BrokerNode, limit: str) -> None:
    """What an operator does with rabbitmqctl; below what the node uses it is an alarm."""
    command = [str(find_server().with_name("rabbitmqctl")), "set_vm_memory_high_watermark", "absolute", limit]
    environment = {**os.environ, **broker_environment(node.folder, node.ports)}
    subprocess.run(command, env=environment, check=True, capture_output=True, timeout=60)


@pytest.fixture
def alarmed(node: BrokerNode, amqp_url: str) -> Iterator[BrokerNode]:
    """The node with a memory alarm."""
    set_memory_limit(node, "1MB")
    yield node
    set_memory_limit(node, PLENTY)


def command() -> ResizeImage:
    return ResizeImage(job_id=new_job_id(), source="uploads/x")


async def test_an_alarm_is_an_error_and_what_was_under_way_arrives_after_it(
    alarmed: BrokerNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "COMMAND_TIMEOUT_S", 1.0)
    async with opened(Publisher(alarmed.amqp_url, service="alarm-test")) as publisher:
        await publisher.check_open()  # nobody has been told of the alarm yet

        with pytest.raises(PublishUncertain):
            await publisher.publish_command(command())
        with pytest.raises(BrokerUnavailable, match="nearly full"):
            await publisher.publish_command(command())
        with pytest.raises(BrokerUnavailable, match="nearly full"):
            await publisher.check_open()
        assert not await publisher.publish_event(WorkerOffline(worker="w"))

        set_memory_limit(alarmed, PLENTY)

        async def is_open() -> bool:
            await publisher.check_open()
            return True

        await eventually(is_open)
        await publisher.publish_command(command())
    await eventually(lambda: len(management.messages(alarmed, "resize")) == 2)
