"""docker-compose.yml: valid, and true to what the services and the broker's definitions say."""

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from deploy.definitions import COMMITTED, SALT_BYTES
from frontend.settings import FrontendSettings
from pipeline.settings import ServiceSettings, read_settings
from worker.settings import WorkerSettings

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
SETTINGS: dict[str, type[ServiceSettings]] = {"frontend": FrontendSettings, "worker": WorkerSettings}
OURS = sorted(SETTINGS)

VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def with_defaults(node: Any) -> Any:
    """The value as Compose sees it when no variable is set."""
    if isinstance(node, dict):
        return {key: with_defaults(value) for key, value in node.items()}
    if isinstance(node, list):
        return [with_defaults(value) for value in node]
    return VARIABLE.sub(r"\2", node) if isinstance(node, str) else node


@pytest.fixture(scope="module")
def compose() -> Any:
    return with_defaults(YAML(typ="safe", pure=True).load(COMPOSE))


@pytest.fixture
def services(compose: Any) -> Any:
    return compose["services"]


def seconds(duration: str) -> int:
    return int(re.fullmatch(r"(\d+)s", duration)[1])  # type: ignore[index]  # fails the test as it is


def test_the_file_is_valid_by_the_compose_specification() -> None:
    checker = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    result = subprocess.run([*checker, str(COMPOSE)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def test_every_variable_has_a_default() -> None:
    text = COMPOSE.read_text()
    assert len(VARIABLE.findall(text)) == len(re.findall(r"\$(?!\$)", text))


def test_there_are_three_workers_and_can_be_more(services: Any) -> None:
    worker = services["worker"]
    assert worker["deploy"]["replicas"] == 3
    # Each of these can be had by one container only.
    assert not {"container_name", "hostname", "ports"} & worker.keys()
    assert "WORKER_NAME" not in worker["environment"]


def test_every_service_says_whether_it_is_healthy(services: Any) -> None:
    assert [name for name, service in services.items() if "healthcheck" not in service] == []


@pytest.mark.parametrize("name", OURS)
def test_services_wait_for_a_healthy_broker(services: Any, name: str) -> None:
    assert services[name]["depends_on"] == {"rabbitmq": {"condition": "service_healthy"}}


@pytest.mark.parametrize("name", OURS)
def test_results_lie_in_storage_on_the_host(services: Any, name: str) -> None:
    mounts = {volume["source"]: volume["target"] for volume in services[name]["volumes"]}
    assert mounts == {"./storage": services[name]["environment"]["STORAGE_DIR"]}
    assert (ROOT / "storage").is_dir()


@pytest.mark.parametrize("name", OURS)
def test_services_have_no_rights_they_do_not_need(services: Any, name: str) -> None:
    service = services[name]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]


def test_workers_reach_nothing_but_the_broker(compose: Any) -> None:
    inside = {name for name, network in compose["networks"].items() if (network or {}).get("internal")}
    assert set(compose["services"]["worker"]["networks"]) <= inside
    neighbours = [
        name
        for name, service in compose["services"].items()
        if inside & set(service.get("networks", ["default"])) and name != "worker"
    ]
    assert neighbours == ["rabbitmq"]


def test_nothing_is_open_to_other_machines_unless_asked_for(services: Any) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]
    assert published
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_every_service_has_a_limit_of_memory(services: Any) -> None:
    limits = {name: service["deploy"]["resources"]["limits"] for name, service in services.items()}
    assert [name for name, limit in limits.items() if "memory" not in limit] == []


@pytest.mark.parametrize("name", OURS)
def test_the_environment_is_made_of_settings_that_are_read(services: Any, name: str) -> None:
    environment = services[name]["environment"]
    settings = read_settings(SETTINGS[name], environment)
    assert [variable for variable in environment if not hasattr(settings, variable.lower())] == []


@pytest.mark.parametrize("name", OURS)
def test_services_log_in_as_users_of_the_definitions(services: Any, name: str) -> None:
    address = urlsplit(services[name]["environment"]["AMQP_URL"])
    users = {user["name"]: user for user in json.loads(COMMITTED.read_text())["users"]}
    assert address.hostname in services
    assert address.username == name
    assert address.password is not None
    salt = base64.b64decode(users[name]["password_hash"])[:SALT_BYTES]
    digest = hashlib.sha256(salt + address.password.encode()).digest()
    assert base64.b64encode(salt + digest).decode() == users[name]["password_hash"]


def test_the_broker_is_given_files_that_exist(services: Any) -> None:
    sources = [volume.split(":")[0] for volume in services["rabbitmq"]["volumes"]]
    files = [source for source in sources if source.startswith("./")]
    assert len(files) == 4
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_the_broker_keeps_its_name_and_so_its_data(services: Any) -> None:
    assert services["rabbitmq"]["hostname"]


def test_a_worker_may_finish_its_job_before_it_is_killed(services: Any) -> None:
    settings = read_settings(WorkerSettings, services["worker"]["environment"])
    assert settings.stop_timeout_s >= settings.job_timeout_s
    assert seconds(services["worker"]["stop_grace_period"]) >= settings.stop_timeout_s + 10


def test_the_frontend_is_asked_where_it_listens(services: Any) -> None:
    settings = read_settings(FrontendSettings, services["frontend"]["environment"])
    assert f"http://127.0.0.1:{settings.port}/health/ready" in services["frontend"]["healthcheck"]["test"][-1]
    assert services["frontend"]["ports"][0].endswith(f":{settings.port}")
    assert settings.host == "0.0.0.0"  # noqa: S104  # a container is reached through its own address


@pytest.mark.parametrize(("age_s", "healthy"), [(0, True), (20, True), (40, False), (None, False)])
def test_a_worker_is_healthy_while_it_touches_its_file(
    services: Any, tmp_path: Path, age_s: float | None, healthy: bool
) -> None:
    how, command = services["worker"]["healthcheck"]["test"]
    heartbeat = services["worker"]["environment"]["HEARTBEAT_FILE"]
    assert how == "CMD-SHELL"
    assert heartbeat in command
    file = tmp_path / "alive"
    if age_s is not None:
        file.touch()
        touch_again(file, age_s)
    checked = subprocess.run(["/bin/sh", "-c", command.replace(heartbeat, str(file))], capture_output=True)
    assert (checked.returncode == 0) is healthy


def touch_again(file: Path, age_s: float) -> None:
    """Make it look as if it had been touched so many seconds ago."""
    os.utime(file, (time.time() - age_s, time.time() - age_s))
