"""Erlang's epmd, through which the nodes of one machine find each other's ports."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path

from deploy.local.broker_files import LOOPBACK, log_folder
from deploy.local.program import Program

ANSWERS_WITHIN_S = 5.0
POLL_S = 0.01


def port_mapper(folder: Path, port: int, environment: Mapping[str, str]) -> Program:
    """An epmd that listens on this machine only, and ends with us, unlike one that Erlang starts itself."""
    return Program(
        name="epmd",
        command=("epmd", "-port", str(port), "-address", LOOPBACK),
        environment=environment,
        folder=folder,
        stop_within_s=0.5,
        output=log_folder(folder) / "epmd.log",
    )


def wait_for_port_mapper(port: int) -> None:
    """Return when it answers. A node that finds none starts one of its own, which would outlive us."""
    deadline = time.monotonic() + ANSWERS_WITHIN_S
    while not _answers(port) and time.monotonic() < deadline:
        time.sleep(POLL_S)


def _answers(port: int) -> bool:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=ANSWERS_WITHIN_S):
            return True
    except OSError:
        return False
