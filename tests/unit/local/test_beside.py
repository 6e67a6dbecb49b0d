"""Commands that work on what `make run` runs: which broker and which store that is."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.beside import BrokerNotNoted, environment_beside
from deploy.local.control import NothingRuns
from deploy.local.run_folder import RunFolder

ROOT = Path(__file__).parents[3]
NOTE = {"page": "http://localhost:5000/", "amqp": "amqp://guest:guest@127.0.0.1:5673/", "storage": "/storage"}
OWN = "amqp://me:secret@broker/"
SHOW = "import os, json; print(json.dumps([os.environ['AMQP_URL'], os.environ['STORAGE_DIR']]))"


def test_it_is_what_the_note_of_the_run_says() -> None:
    environment = environment_beside(NOTE, {"PATH": "/bin", "AMQP_URL": ""})

    assert environment == {"PATH": "/bin", "AMQP_URL": NOTE["amqp"], "STORAGE_DIR": "/storage"}


def test_what_is_set_comes_before_that() -> None:
    environment = environment_beside(NOTE, {"AMQP_URL": OWN, "STORAGE_DIR": "pictures"})

    assert environment == {"AMQP_URL": OWN, "STORAGE_DIR": "pictures"}


def test_when_nothing_runs_it_says_so_unless_it_is_told_where() -> None:
    with pytest.raises(NothingRuns):
        environment_beside({}, {})

    assert environment_beside({}, {"AMQP_URL": OWN})["AMQP_URL"] == OWN


def test_an_address_that_may_hold_a_secret_is_not_noted_and_has_to_be_told() -> None:
    without = {name: fact for name, fact in NOTE.items() if name != "amqp"}

    with pytest.raises(BrokerNotNoted, match="AMQP_URL"):
        environment_beside(without, {})
    assert environment_beside(without, {"AMQP_URL": OWN})["STORAGE_DIR"] == "/storage"


def test_the_module_gets_that_environment_and_its_arguments(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / ".run")
    with folder.held():
        folder.write_note(**NOTE)
        (tmp_path / "shows.py").write_text(f"import sys\nassert sys.argv[1:] == ['--all']\n{SHOW}\n")

        ended = subprocess.run(
            [sys.executable, "-m", "deploy.local.beside", "shows", "--all"],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=30,
        )

    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [NOTE["amqp"], NOTE["storage"]]
