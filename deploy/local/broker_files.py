"""What a private RabbitMQ node needs to know, as files in its folder and as its environment.

Nothing of a RabbitMQ that the machine may have besides is used: not its configuration, plugins, cookie,
data or node name. Everything listens on 127.0.0.1.
"""

import os
import random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from deploy.local.ports import Ports

# The name belongs to the data: with another one the node would start empty. It is known to its own epmd
# only, so any number of nodes can have it; those that share an epmd need others.
NODE_NAME = "resizer@localhost"
LOOPBACK = "127.0.0.1"
ENABLED_PLUGINS = ("rabbitmq_management",)
DATA_FOLDER = "RABBITMQ_MNESIA_BASE"
FREE_DISK_NEEDED = "2GB"
ADVANCED_CONFIG = Path(__file__).parents[1] / "rabbitmq" / "advanced.config"
"""The same as in containers."""


@dataclass(frozen=True, kw_only=True)
class NodePorts:
    """The ports of a node: clients, console, and the two that Erlang wants for itself."""

    amqp: int
    management: int
    distribution: int
    epmd: int

    @classmethod
    def take(cls, ports: Ports, *, amqp: int = 5672, management: int = 15672, erlang: int = 25672) -> Self:
        """Four free ports: those named, or the next ones up."""
        return cls(
            amqp=ports.take(amqp),
            management=ports.take(management),
            distribution=ports.take(erlang),
            epmd=ports.take(erlang + 1),
        )

    @classmethod
    def anywhere(cls, ports: Ports) -> Self:
        """Four free ports that nobody is likely to ask for."""
        # Below those that the system gives to outgoing connections.
        start = random.randrange(20_000, 30_000)  # noqa: S311  # not for a secret
        return cls.take(ports, amqp=start, management=start, erlang=start)


def write_broker_files(folder: Path, ports: NodePorts) -> None:
    """Write the configuration of a node that lives in `folder`; data that is there stays."""
    log_folder(folder).mkdir(parents=True, exist_ok=True)
    up_file(folder).unlink(missing_ok=True)
    (folder / "rabbitmq.conf").write_text(_configuration(ports))
    (folder / "advanced.config").write_bytes(ADVANCED_CONFIG.read_bytes())
    (folder / "enabled_plugins").write_text(f"[{','.join(ENABLED_PLUGINS)}].\n")


def _configuration(ports: NodePorts) -> str:
    return f"""\
listeners.tcp.local = {LOOPBACK}:{ports.amqp}
management.tcp.ip = {LOOPBACK}
management.tcp.port = {ports.management}
disk_free_limit.absolute = {FREE_DISK_NEEDED}
log.file = rabbitmq.log
log.file.level = info
log.file.rotation.size = 10485760
log.file.rotation.count = 2
"""


def broker_environment(folder: Path, ports: NodePorts, *, name: str = NODE_NAME) -> Mapping[str, str]:
    """The whole environment of the node in `folder` (absolute) and of its epmd."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        # Erlang keeps the cookie there.
        "HOME": str(folder),
        "ERL_EPMD_PORT": str(ports.epmd),
        "ERL_EPMD_ADDRESS": LOOPBACK,
        "ERL_CRASH_DUMP_SECONDS": "0",
        "RABBITMQ_NODENAME": name,
        "RABBITMQ_DIST_PORT": str(ports.distribution),
        DATA_FOLDER: str(_data(folder)),
        "RABBITMQ_LOG_BASE": str(log_folder(folder)),
        "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "advanced.config"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
        # Makes the script become the node instead of starting it, and leaves standard input open.
        "RABBITMQ_ALLOW_INPUT": "1",
    }


def log_folder(folder: Path) -> Path:
    """Where a node writes its logs."""
    return folder / "log"


def console_log(folder: Path) -> Path:
    """What the node says before it has a log, such as why it cannot start."""
    return log_folder(folder) / "startup.log"


def up_file(folder: Path) -> Path:
    """What the node makes once it serves clients. That its port answers may be somebody else's doing."""
    return folder / "up"


def data_folder_variable(folder: Path) -> str:
    """What the environment of a node in `folder` (absolute) has, and that of no other node."""
    return f"{DATA_FOLDER}={_data(folder)}"


def _data(folder: Path) -> Path:
    return folder / "data"
