"""Where RabbitMQ is looked for."""

from pathlib import Path

import pytest

from deploy.local import broker_server
from deploy.local.broker_server import RabbitMQMissing, find_server


@pytest.fixture(autouse=True)
def not_debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(broker_server, "DEBIAN_SERVER", tmp_path / "debian")


def make_script(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_debians_own_script_goes_before_its_wrapper_on_the_path(tmp_path: Path) -> None:
    script = make_script(tmp_path / "debian")
    make_script(tmp_path / "bin" / "rabbitmq-server")

    assert find_server({"PATH": str(tmp_path / "bin")}) == script


def test_elsewhere_the_path_is_searched(tmp_path: Path) -> None:
    script = make_script(tmp_path / "bin" / "rabbitmq-server")

    assert find_server({"PATH": str(tmp_path / "bin")}) == script


def test_a_rabbitmq_that_the_user_names_goes_before_all(tmp_path: Path) -> None:
    make_script(tmp_path / "debian")
    script = make_script(tmp_path / "mine" / "sbin" / "rabbitmq-server")

    assert find_server({"RABBITMQ_HOME": str(tmp_path / "mine"), "PATH": ""}) == script


def test_without_one_the_three_ways_to_get_one_are_told() -> None:
    with pytest.raises(RabbitMQMissing) as error:
        find_server({"PATH": ""})

    for way in ("apt-get install rabbitmq-server", "docker compose up", "AMQP_URL="):
        assert way in str(error.value)
