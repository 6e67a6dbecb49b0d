"""An installation of RabbitMQ with only what a node uses."""

from pathlib import Path

import pytest

from deploy.local.lean_installation import make_lean_installation


def add_application(plugins: Path, name: str, *needs: str) -> None:
    folder = plugins / f"{name}-4.2.1" / "ebin"
    folder.mkdir(parents=True)
    needed = ", ".join(needs)
    (folder / f"{name}.app").write_text(
        f'{{application, {name},\n [{{vsn, "1"}},\n  {{applications, [kernel,\n {needed}]}}]}}.\n'
    )


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """The start script of an installation: RabbitMQ, a console with what it needs, two more plugins."""
    home = tmp_path / "home"
    add_application(home / "plugins", "rabbit", "rabbitmq_prelaunch", "ra")
    add_application(home / "plugins", "rabbitmq_prelaunch", "stdlib")
    add_application(home / "plugins", "rabbitmq_console", "rabbit", "rabbitmq_web")
    add_application(home / "plugins", "rabbitmq_web", "rabbit", "cowboy")
    add_application(home / "plugins", "rabbitmq_mqtt", "rabbit")
    add_application(home / "plugins", "cowboy", "stdlib")
    (home / "plugins" / "rabbitmq_packed-1.ez").touch()
    script = home / "sbin" / "rabbitmq-server"
    script.parent.mkdir()
    script.touch()
    return script


def plugins_of(script: Path) -> set[str]:
    return {entry.name.partition("-")[0] for entry in (script.parent.parent / "plugins").iterdir()}


def test_it_has_what_is_enabled_what_that_needs_and_all_libraries(server: Path, tmp_path: Path) -> None:
    script = make_lean_installation(server, tmp_path / "lean", enabled=["rabbitmq_console"])

    assert script.exists()
    assert script.parent.parent == tmp_path / "lean"
    assert plugins_of(script) == {
        "rabbit",
        "rabbitmq_prelaunch",
        "rabbitmq_console",
        "rabbitmq_web",
        "cowboy",
    }


def test_it_is_made_anew_when_it_is_there_already(server: Path, tmp_path: Path) -> None:
    make_lean_installation(server, tmp_path / "lean", enabled=["rabbitmq_console"])

    script = make_lean_installation(server, tmp_path / "lean", enabled=["rabbitmq_mqtt"])

    assert "rabbitmq_console" not in plugins_of(script)
    assert "rabbitmq_mqtt" in plugins_of(script)
    assert plugins_of(server) >= {"rabbitmq_console", "rabbitmq_mqtt"}


def test_a_link_to_the_script_is_followed(server: Path, tmp_path: Path) -> None:
    link = tmp_path / "rabbitmq-server"
    link.symlink_to(server)

    script = make_lean_installation(link, tmp_path / "lean", enabled=[])

    assert plugins_of(script) == {"rabbit", "rabbitmq_prelaunch", "cowboy"}


def test_an_installation_of_another_form_is_used_as_it_is(tmp_path: Path) -> None:
    script = tmp_path / "bin" / "rabbitmq-server"
    script.parent.mkdir()
    script.touch()

    assert make_lean_installation(script, tmp_path / "lean", enabled=[]) == script
