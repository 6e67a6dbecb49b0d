"""RabbitMQ without the plugins that a node does not use: it is up in 3 s instead of 5.

RabbitMQ loads every module there is while it starts, and Erlang looks for each of them in the folders of
all plugins in turn, some forty of which nobody has enabled.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

NODE = "rabbit"
# Plugins are called so; what is called otherwise is a library, which may be needed without being declared.
PLUGIN = "rabbitmq_"

# What an application needs, as it declares it in Erlang: {applications, [kernel, stdlib, rabbit]}.
_APPLICATIONS = re.compile(r"\{\s*applications\s*,\s*\[([^\]]*)\]")


def make_lean_installation(server: Path, folder: Path, *, enabled: Iterable[str]) -> Path:
    """Make `folder` an installation of links to that of `server`, a start script; its own start script.

    It has only the plugins that are `enabled`, and those that they need. `server` itself is returned where
    the installation has another form than this one knows.
    """
    home = server.resolve().parent.parent
    plugins = home / "plugins"
    if not plugins.is_dir() or not (home / "sbin" / server.name).exists():
        return server
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "plugins").mkdir(parents=True)
    for part in home.iterdir():
        if part != plugins:
            (folder / part.name).symlink_to(part)
    for plugin in _used(plugins, {NODE, *enabled}):
        (folder / "plugins" / plugin.name).symlink_to(plugin)
    return folder / "sbin" / server.name


def _used(plugins: Path, wanted: set[str]) -> list[Path]:
    """The libraries, and the plugins that are wanted or needed by what is."""
    # Folders are called like rabbit-3.10.8.
    found = {entry.name.partition("-")[0]: entry for entry in plugins.iterdir()}
    needed: set[str] = set()
    while wanted:
        name = wanted.pop()
        needed.add(name)
        wanted |= _needs(found[name], name) - needed if name in found else set()
    return [entry for name, entry in found.items() if name in needed or not name.startswith(PLUGIN)]


def _needs(folder: Path, name: str) -> set[str]:
    """The applications that this one declares to need; none if it is not an unpacked one."""
    declaration = folder / "ebin" / f"{name}.app"
    if not declaration.is_file():
        return set()
    applications = _APPLICATIONS.search(declaration.read_text(errors="replace"))
    return set(re.findall(r"\w+", applications[1])) if applications else set()
