"""deploy/: the Dockerfile, and the broker's definitions as they are generated."""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from deploy import definitions
from deploy.definitions import (
    COMMITTED,
    DEFAULT_LADDER,
    DEFAULT_RUNGS,
    DEFAULT_WEBHOOK_LADDER,
    FRONTEND,
    USERS,
    WORKER,
    User,
)
from pipeline import topology

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
NAMES = [one.name for one in (*topology.EXCHANGES, *topology.QUEUES)]
RUNGS = [rung.name for rung in DEFAULT_LADDER]
WEBHOOK_RUNGS = [rung.name for rung in DEFAULT_WEBHOOK_LADDER]
OWN = {user.password_variable: f"{user.name}-of-my-own" for user in USERS}


def copied_from_the_project() -> set[str]:
    """The files and folders that the Dockerfile takes from the build context."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), re.MULTILINE)
    return {name for line in lines for name in line.split()}


def test_the_dockerfile_has_no_lint() -> None:
    # Beside the interpreter, where pip has put it, whether or not the environment is activated.
    hadolint = shutil.which("hadolint", path=Path(sys.executable).parent) or shutil.which("hadolint")
    assert hadolint, "hadolint is missing: pip install -e .[dev]"
    result = subprocess.run([hadolint, str(DOCKERFILE)], capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stdout + result.stderr


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    allowed = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    assert copied_from_the_project() == allowed
    assert [name for name in allowed if not (ROOT / name).exists()] == []


def test_the_image_has_every_package() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    packages = {package.split(".")[0] for package in setup["options"]["packages"].split()}
    assert packages <= copied_from_the_project()


def test_the_committed_definitions_are_what_is_generated() -> None:
    assert definitions.main(["--check"], {}) is None


def test_definitions_that_are_out_of_date_are_found(tmp_path: Path) -> None:
    edited = tmp_path / "definitions.json"
    edited.write_text(COMMITTED.read_text().replace("resize.dead", "resize.gone"))
    assert "out of date" in str(definitions.check(edited))
    assert "out of date" in str(definitions.check(tmp_path / "missing.json"))


@pytest.mark.parametrize("user", USERS, ids=lambda user: user.name)
@pytest.mark.parametrize("name", NAMES)
def test_every_user_may_look_at_the_whole_topology(user: User, name: str) -> None:
    # RabbitMQ 3.10 lets anybody declare passively, so only newer ones would refuse a service to start.
    assert any(re.search(pattern, name) for pattern in (user.configure, user.write, user.read))


@pytest.mark.parametrize("name", RUNGS)
def test_workers_fill_the_rungs_of_the_ladder_and_frontends_have_nothing_to_do_there(name: str) -> None:
    assert re.search(WORKER.write, name)
    assert not any(re.search(pattern, name) for pattern in (WORKER.read, FRONTEND.read, FRONTEND.write))


@pytest.mark.parametrize("name", WEBHOOK_RUNGS)
def test_frontends_fill_the_rungs_of_the_webhooks_and_workers_have_nothing_to_do_there(name: str) -> None:
    assert re.search(FRONTEND.write, name)
    assert not any(re.search(pattern, name) for pattern in (FRONTEND.read, WORKER.read, WORKER.write))


@pytest.mark.parametrize("user", [FRONTEND, WORKER], ids=lambda user: user.name)
@pytest.mark.parametrize("name", [*NAMES, *RUNGS, *WEBHOOK_RUNGS, "amq.default", "amq.gen-1"])
def test_services_make_and_delete_nothing(user: User, name: str) -> None:
    assert not re.search(user.configure, name)


@pytest.mark.parametrize("user", [FRONTEND, WORKER], ids=lambda user: user.name)
@pytest.mark.parametrize(
    "queue", [*topology.QUEUES, *(rung.queue for rung in DEFAULT_RUNGS)], ids=lambda queue: queue.name
)
def test_services_cannot_undo_a_binding(user: User, queue: topology.Queue) -> None:
    bound = [binding.exchange for binding in queue.bindings if re.search(user.read, binding.exchange)]
    assert not (bound and re.search(user.write, queue.name))


def test_own_passwords_are_hashed_with_a_salt_of_their_own(tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    for file in (first, second):
        assert definitions.main(["--output", str(file)], OWN) is None
    assert first.read_text() != second.read_text()
    hashes = {user["name"]: base64.b64decode(user["password_hash"]) for user in users_in(first)}
    for user in USERS:
        salt, digest = hashes[user.name][:4], hashes[user.name][4:]
        assert hashlib.sha256(salt + OWN[user.password_variable].encode()).digest() == digest


def test_own_definitions_have_the_ladders_that_the_services_are_given(tmp_path: Path) -> None:
    file = tmp_path / "definitions.json"
    assert (
        definitions.main(["--output", str(file)], {**OWN, "RETRY_DELAYS_S": "1,30", "WEBHOOK_DELAYS_S": "7"})
        is None
    )
    content = json.loads(file.read_text())
    for kind in ("exchanges", "queues"):
        names = {one["name"] for one in content[kind]}
        rungs = {name for name in names if "retry" in name}
        assert rungs == {"resize.retry.1s", "resize.retry.30s", "webhooks.retry.7s"}
    [worker] = [one for one in content["permissions"] if one["user"] == "worker"]
    assert re.search(worker["write"], "resize.retry.30s")
    assert not re.search(worker["write"], "resize.retry.10s")
    assert {"resize.retry.1s", "resize.retry.30s"} <= {one["destination"] for one in content["bindings"]}


def test_a_ladder_that_will_not_do_is_named(tmp_path: Path) -> None:
    file = tmp_path / "definitions.json"
    said = definitions.main(["--output", str(file)], {**OWN, "RETRY_DELAYS_S": "30,1"})
    assert said is not None
    assert said.startswith("RETRY_DELAYS_S has value")
    assert not file.exists()


def test_the_committed_definitions_have_the_default_ladder_whatever_is_set() -> None:
    assert definitions.main(["--check"], {"RETRY_DELAYS_S": "1,30"}) is None


@pytest.mark.parametrize("bad", ["", "short", "with a space in it", "an@sign/in-the-middle"])
def test_a_password_that_will_not_do_is_named(tmp_path: Path, bad: str) -> None:
    file = tmp_path / "definitions.json"
    said = definitions.main(["--output", str(file)], {**OWN, "WORKER_PASSWORD": bad})
    assert said is not None
    assert said.startswith("WORKER_PASSWORD has to be")
    assert not bad or bad not in said
    assert not file.exists()


def users_in(file: Path) -> list[dict[str, str]]:
    users: list[dict[str, str]] = json.loads(file.read_text())["users"]
    return users
