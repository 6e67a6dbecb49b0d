"""What an operator does on the machine of a RabbitMQ node."""

import os
import subprocess

from deploy.local.broker_files import broker_environment
from deploy.local.broker_node import BrokerNode
from deploy.local.broker_server import find_server

WITHIN_S = 60.0


def rabbitmqctl(node: BrokerNode, *arguments: str) -> str:
    """What it says. Raises subprocess.SubprocessError."""
    command = [str(find_server().with_name("rabbitmqctl")), "--silent", *arguments]
    environment = {**os.environ, **broker_environment(node.folder, node.ports, name=node.name)}
    return subprocess.run(
        command, env=environment, check=True, capture_output=True, text=True, timeout=WITHIN_S
    ).stdout
