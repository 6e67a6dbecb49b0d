"""For machines: does it live, and would it take an upload?"""

from deploy.local.broker_node import BrokerNode
from tests import management
from tests.unit.frontend.conftest import Client, NewFrontend, when_ready


async def test_a_frontend_that_answers_lives(client: Client) -> None:
    async with client.get("/health/live") as response:
        assert (response.status, await response.json()) == (200, {"status": "live"})


async def test_a_frontend_with_a_broker_and_space_is_ready(client: Client) -> None:
    async with client.get("/health/ready") as response:
        assert response.status == 200
        assert await response.json() == {
            "status": "ready",
            "checks": {"queue": True, "events": True, "storage": True, "outbox": True},
        }


async def test_a_frontend_without_a_broker_lives_and_is_not_ready(lonely: Client) -> None:
    async with lonely.get("/health/live") as response:
        assert response.status == 200
    async with lonely.get("/health/ready") as response:
        assert response.status == 503
        assert await response.json() == {
            "status": "not ready",
            "checks": {"queue": False, "events": False, "storage": True, "outbox": True},
        }


async def test_a_frontend_on_a_nearly_full_disk_is_not_ready(
    new_frontend: NewFrontend, amqp_url: str
) -> None:
    client = await when_ready(await new_frontend(amqp_url, min_free_bytes=10**18))

    async with client.get("/health/ready") as response:
        assert response.status == 503
        assert (await response.json())["checks"]["storage"] is False


async def test_a_frontend_whose_log_is_bound_to_nothing_binds_it_and_is_ready(
    node: BrokerNode, new_frontend: NewFrontend
) -> None:
    with management.virtual_host(node, "unbound-log") as url:
        await when_ready(await new_frontend(url))
        management.call(node, "DELETE", "/bindings/unbound-log/e/events/q/events.log/%23")

        await when_ready(await new_frontend(url))
