"""One log format for every process: time, level, who, what; one line an event."""

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)-7s %(service)s %(message)s"


def configure_logging(*, service: str, level: str = "INFO") -> None:
    """Send the logs of this process to stderr, each line marked with the name of its service."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter(_FORMAT, datefmt="%H:%M:%S", defaults={"service": service}))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # Every reconnect is reported once, by us; the libraries would tell each attempt with a traceback.
    for chatty in ("aio_pika", "aiormq"):
        logging.getLogger(chatty).setLevel(logging.CRITICAL)
