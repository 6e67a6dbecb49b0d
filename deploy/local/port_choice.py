"""Which ports a run uses: the usual ones, or the next that are free, and then it is said."""

import logging

from deploy.local.broker_files import NodePorts
from deploy.local.ports import Ports
from deploy.local.settings import LocalSettings

log = logging.getLogger(__name__)

AMQP_PORT = 5672
CONSOLE_PORT = 15672
PAGE_PORT = 5000


def node_ports(ports: Ports) -> NodePorts:
    """The ports of the private RabbitMQ node."""
    taken = NodePorts.take(ports, amqp=AMQP_PORT, management=CONSOLE_PORT)
    _tell_move("RabbitMQ", AMQP_PORT, taken.amqp)
    _tell_move("RabbitMQ's console", CONSOLE_PORT, taken.management)
    return taken


def frontend_port(ports: Ports, settings: LocalSettings) -> int:
    """The port of the page, which several frontends share."""
    wanted, host = settings.frontend.port or PAGE_PORT, settings.frontend.host
    port = ports.take(wanted, host=host) if settings.frontends == 1 else ports.take_shared(wanted, host=host)
    _tell_move("the page", wanted, port)
    return port


def _tell_move(what: str, wanted: int, port: int) -> None:
    if port != wanted:
        log.warning("port %d is taken by another program: %s is on %d", wanted, what, port)
