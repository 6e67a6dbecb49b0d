"""Where RabbitMQ is installed on this machine."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

# Debian's wrapper of the same name on the PATH changes to the user `rabbitmq`; this is what it runs.
DEBIAN_SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


THREE_WAYS = """\
RabbitMQ is not installed. There are three ways to have one:
  the package          sudo apt-get install rabbitmq-server
  Docker               docker compose up --build        (instead of make run)
  one that is there    make run AMQP_URL=amqp://user:password@host:5672/"""


class RabbitMQMissing(Exception):
    """RabbitMQ is not installed; the message says how to get one."""

    def __init__(self) -> None:
        super().__init__(THREE_WAYS)


def find_server(environment: Mapping[str, str] = os.environ) -> Path:
    """The script that starts RabbitMQ as the user who runs it. Raises RabbitMQMissing.

    Looks into RABBITMQ_HOME, then where Debian has it, then on the PATH.
    """
    places = [DEBIAN_SERVER]
    if home := environment.get("RABBITMQ_HOME"):
        places.insert(0, Path(home, "sbin", "rabbitmq-server"))
    if found := shutil.which("rabbitmq-server", path=environment.get("PATH")):
        places.append(Path(found))
    for place in places:
        if os.access(place, os.X_OK):
            return place
    raise RabbitMQMissing
