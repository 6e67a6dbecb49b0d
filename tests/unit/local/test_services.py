"""The command lines and environments of the services, and what a person is told about them."""

from pathlib import Path

from deploy.local.banner import banner
from deploy.local.broker_files import NodePorts
from deploy.local.broker_node import BrokerNode
from deploy.local.services import Services
from deploy.local.settings import LocalSettings


def services(amqp_url: str = "amqp://me:secret@broker:5673/", **environment: str) -> Services:
    settings = LocalSettings.read(environment)
    return Services(
        settings=settings,
        folder=Path("/project"),
        amqp_url=amqp_url,
        console_url="http://127.0.0.1:15672/",
        port=5001,
    )


def test_what_the_user_has_set_reaches_the_services() -> None:
    assert services(MAX_OUTPUT_PIXELS="1000").worker(1).environment["MAX_OUTPUT_PIXELS"] == "1000"


def test_where_the_broker_and_the_images_are_is_the_same_for_all() -> None:
    here = services(STORAGE_DIR="pictures")

    for program in (*here.frontends(), here.worker(1)):
        assert program.environment["AMQP_URL"] == "amqp://me:secret@broker:5673/"
        assert program.environment["STORAGE_DIR"] == str(Path.cwd() / "pictures")


def test_the_frontend_is_told_the_port_that_was_free_and_has_it_for_itself() -> None:
    (frontend,) = services(PORT="5000").frontends()

    assert frontend.name == "frontend"
    assert frontend.environment["PORT"] == "5001"
    assert frontend.environment["SHARE_PORT"] == "no"


def test_several_frontends_share_the_port_and_are_told_their_names() -> None:
    frontends = services(FRONTENDS="2").frontends()

    assert [frontend.environment["FRONTEND_NAME"] for frontend in frontends] == ["frontend-1", "frontend-2"]
    assert {frontend.environment["PORT"] for frontend in frontends} == {"5001"}
    assert {frontend.environment["SHARE_PORT"] for frontend in frontends} == {"yes"}


def test_workers_are_told_their_names() -> None:
    assert services().worker(4).environment["WORKER_NAME"] == "worker-4"


def test_workers_give_back_what_they_cannot_finish_before_they_are_killed() -> None:
    worker = services(STOP_TIMEOUT_S="60").worker(1)

    assert float(worker.environment["STOP_TIMEOUT_S"]) <= worker.stop_within_s - 1


def test_a_frontend_that_listens_everywhere_is_asked_on_this_machine() -> None:
    assert services(HOST="::").host == "127.0.0.1"
    assert services(HOST="192.0.2.1").host == "192.0.2.1"


def test_the_banner_has_the_page_the_console_with_its_login_and_the_results() -> None:
    text = banner(services(), has_own_broker=True)

    assert "http://localhost:5001/" in text
    assert "http://127.0.0.1:15672/   login: guest / guest" in text
    assert "storage/processed/" in text


def test_the_banner_tells_of_several_frontends() -> None:
    assert "http://localhost:5001/   2 frontends share the port" in banner(
        services(FRONTENDS="2"), has_own_broker=True
    )
    assert "share" not in banner(services(), has_own_broker=True)


def test_the_banner_warns_of_who_is_not_served() -> None:
    assert "only this machine is served" in banner(services(HOST="::"), has_own_broker=True)
    assert "Warning" not in banner(services(), has_own_broker=True)


def test_the_banner_names_an_outside_broker_without_its_password() -> None:
    text = banner(services(), has_own_broker=False)

    assert "broker:5673" in text
    assert "secret" not in text
    assert "guest" not in text


def test_of_a_cluster_the_first_node_is_named() -> None:
    assert services("amqp://me:secret@one:5673/,amqp://me:secret@two/").broker == "one:5673"


def test_time_to_stop_all_in_order_is_less_than_ten_seconds() -> None:
    node = BrokerNode(
        Path("/nowhere"), NodePorts(amqp=1, management=2, distribution=3, epmd=4), server=Path("/s")
    )
    stages = (*services().frontends(), services().worker(1), *node.programs())

    assert sum(program.stop_within_s for program in stages) < 10


def test_where_all_is_found_is_told_without_a_secret() -> None:
    facts = services(STORAGE_DIR="pictures").facts(own_broker=False)

    assert facts["page"] == "http://localhost:5001/"
    assert facts["storage"] == str(Path.cwd() / "pictures")
    assert "secret" not in str(facts)
    assert services().facts(own_broker=True)["amqp"] == "amqp://me:secret@broker:5673/"
