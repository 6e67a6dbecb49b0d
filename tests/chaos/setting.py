"""Where a run takes place: a folder, a broker in it, and perhaps a small disk. All of it goes at the end."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deploy.local.broker_node import BrokerNode
from tests.broker_cluster import BrokerCluster
from tests.chaos.brokers import Broker


class NotPossible(Exception):
    """What the scenario needs cannot be had here."""


@contextmanager
def own_node(folder: Path) -> Iterator[Broker]:
    """A broker of one node."""
    with BrokerNode(folder / "rabbitmq") as node:
        yield Broker([node], amqp_url=node.amqp_url)


@contextmanager
def own_cluster(folder: Path) -> Iterator[Broker]:
    """A broker of three nodes."""
    with BrokerCluster(folder / "cluster") as cluster:
        yield Broker(cluster.nodes, amqp_url=cluster.amqp_url, until_whole=cluster.replicated)


@contextmanager
def storage_in(folder: Path, *, size: int) -> Iterator[Path]:
    """A folder for a store; with `size` it is on a disk of so many bytes. Raises NotPossible."""
    if not size:
        yield folder / "storage"
        return
    disk = folder / "disk"
    disk.mkdir()
    _mount(disk, size)
    try:
        yield disk / "storage"
    finally:
        # Lazily: a process that hangs may still have a file open.
        subprocess.run(["umount", "--lazy", str(disk)], check=True)  # noqa: S607


def _mount(disk: Path, size: int) -> None:
    if os.geteuid() != 0:
        raise NotPossible("to mount a small disk (tmpfs) one has to be root")
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotPossible(f"a small disk (tmpfs) cannot be mounted: {done.stderr.strip()}")
