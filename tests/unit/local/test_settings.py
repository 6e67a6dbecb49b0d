"""What `make run` reads from the environment."""

import os
from pathlib import Path

import pytest

from deploy.local.settings import LocalSettings
from pipeline.errors import InvalidSetting


def test_three_workers_and_a_broker_of_our_own_unless_told_otherwise() -> None:
    settings = LocalSettings.read({})

    assert settings.workers == 3
    assert settings.frontends == 1
    assert settings.outside_broker is None
    assert settings.frontend.port == 5000


def test_a_broker_that_is_there_is_used() -> None:
    settings = LocalSettings.read({"AMQP_URL": "amqp://me:secret@there:5673/images"})

    assert settings.outside_broker == "amqp://me:secret@there:5673/images"


@pytest.mark.parametrize("name", ["WORKERS", "FRONTENDS", "PORT", "SLOTS", "AMQP_URL", "MAX_UPLOAD_BYTES"])
def test_a_wrong_setting_of_any_service_is_found_before_it_is_started(name: str) -> None:
    with pytest.raises(InvalidSetting, match=name):
        LocalSettings.read({name: "many"})


def test_wrong_presets_are_found_before_anything_is_started(tmp_path: Path) -> None:
    presets = tmp_path / "presets.toml"
    presets.write_text('[card]\nwidth = "wide"\n')

    with pytest.raises(InvalidSetting, match=r"'card'.*width.*'wide'"):
        LocalSettings.read({"PRESETS_FILE": str(presets)})


def test_keys_that_cannot_be_read_are_found_before_anything_is_started(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="API_KEYS"):
        LocalSettings.read({"API_KEYS": str(tmp_path / "none.toml")})


def test_the_workers_share_the_cores() -> None:
    cores = len(os.sched_getaffinity(0))

    assert LocalSettings.read({"WORKERS": "1"}).slots_per_worker == cores
    assert LocalSettings.read({"WORKERS": str(10 * cores)}).slots_per_worker == 1


def test_whoever_sets_the_slots_gets_them() -> None:
    assert LocalSettings.read({"SLOTS": "7"}).slots_per_worker == 7
