"""A broker short of memory or disk reads nothing from those who publish. Uploads wait in the outbox."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_aiohttp.plugin import AiohttpClient

from deploy.local.broker_node import BrokerNode
from frontend.app import create_app
from frontend.settings import FrontendSettings
from pipeline.broker import Publisher, PublishUncertain
from pipeline.broker import publisher as publisher_module
from pipeline.errors import BrokerUnavailable
from pipeline.ids import new_job_id
from pipeline.messages import ResizeImage, WorkerOffline
from tests import management
from tests.eventually import eventually
from tests.lanes import INTERACTIVE
from tests.links import opened
from tests.rabbitmqctl import rabbitmqctl
from tests.unit.frontend.requests import PNG

PLENTY = "4GB"


def set_memory_limit(node: BrokerNode, limit: str) -> None:
    """Below what the node uses it is an alarm."""
    rabbitmqctl(node, "set_vm_memory_high_watermark", "absolute", limit)


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
    await eventually(lambda: len(management.messages(alarmed, INTERACTIVE)) == 2)


async def test_uploads_are_accepted_under_an_alarm_and_go_into_the_queue_after_it(
    alarmed: BrokerNode, tmp_path: Path, aiohttp_client: AiohttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publisher_module, "COMMAND_TIMEOUT_S", 1.0)
    settings = FrontendSettings(
        amqp_url=alarmed.amqp_url, storage_dir=tmp_path, min_free_bytes=0, board_history_s=1
    )
    client = await aiohttp_client(create_app(settings))
    job_ids = []
    for _ in range(3):
        async with client.put("/upload/a.png", data=PNG) as response:
            assert response.status == 202
            job_ids.append((await response.json())["jobs"][0]["id"])
    assert sorted(path.name for path in (tmp_path / "outbox").iterdir()) == job_ids

    set_memory_limit(alarmed, PLENTY)

    await eventually(lambda: not list((tmp_path / "outbox").iterdir()))
    in_queue = {
        message["properties"]["correlation_id"] for message in management.messages(alarmed, INTERACTIVE)
    }
    assert in_queue == set(job_ids)
