"""A RabbitMQ cluster of three nodes on this machine, of which one after another can be killed.

with BrokerCluster(folder) as cluster:
    connect(cluster.amqp_url)
    cluster.kill(1)
    cluster.start_node(1)
"""

import contextlib
import os
import secrets
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.broker_files import NodePorts, log_folder
from deploy.local.broker_node import BrokerNode, open_program
from deploy.local.port_mapper import port_mapper, wait_for_port_mapper
from deploy.local.ports import Ports
from tests import management
from tests.eventually import eventually

SIZE = 3
REPLICATED = ("quorum", "stream")


class ClusterNode(BrokerNode):
    """A node that joins the others of `names` when it is new; their epmd belongs to the cluster."""

    def __init__(
        self, folder: Path, ports: NodePorts, *, name: str, names: Sequence[str], cookie: str
    ) -> None:
        super().__init__(folder, ports, name=name, has_own_mapper=False)
        self._names = names
        self._cookie = cookie

    def prepare(self) -> None:
        """As for a node alone, and what makes it one of several."""
        super().prepare()
        cookie = self.folder / ".erlang.cookie"
        if not cookie.exists():
            cookie.touch(mode=0o600)
            cookie.write_text(self._cookie)
        peers = "".join(
            f"cluster_formation.classic_config.nodes.{number} = {name}\n"
            for number, name in enumerate(self._names, start=1)
        )
        with (self.folder / "rabbitmq.conf").open("a") as configuration:
            configuration.write(f"cluster_formation.peer_discovery_backend = classic_config\n{peers}")


class BrokerCluster:
    """Three nodes with the login guest/guest, counted from 0; not started yet. It ends with its starter.

    Quorum queues and streams that are declared while all nodes run have a replica on each.
    """

    def __init__(self, folder: Path) -> None:
        names = [f"resizer-{number}@localhost" for number in range(SIZE)]
        # Kept until the end: while a node is killed, nobody else may take its ports.
        self._ports = Ports()
        epmd = NodePorts.anywhere(self._ports).epmd
        cookie = secrets.token_hex(16)
        self.nodes = [
            ClusterNode(
                folder / name.partition("@")[0],
                replace(NodePorts.anywhere(self._ports), epmd=epmd),
                name=name,
                names=sorted({names[0], name}),
                cookie=cookie,
            )
            for name in names
        ]
        self._folder = folder.absolute()
        self._epmd: subprocess.Popen[bytes] | None = None

    @property
    def amqp_url(self) -> str:
        """The addresses of all nodes, as a setting AMQP_URL has them."""
        return ",".join(node.amqp_url for node in self.nodes)

    @property
    def running(self) -> list[ClusterNode]:
        """The nodes that run just now."""
        return [node for node in self.nodes if node.is_running]

    def start(self) -> None:
        """Return when all nodes take connections. Raises NodeFailed, and then nothing is left."""
        has_formed = all(node.folder.exists() for node in self.nodes)
        try:
            self._open_port_mapper()
            # A node that comes back may wait for what another one knows. New ones, on the other hand, would
            # all want to be the first, and who is not sleeps for seconds.
            for node in self.nodes:
                node.begin()
                if node is self.nodes[0] and not has_formed:
                    node.wait_until_up()
            for node in self.nodes:
                node.wait_until_up()
        except BaseException:
            self._end(in_order=False)
            raise

    def stop(self) -> None:
        """Stop all nodes in order."""
        self._end(in_order=True)

    def kill(self, number: int) -> None:
        """End a node with SIGKILL. Not before its queues are `replicated`, or they may stay without it."""
        self.nodes[number].kill()

    def start_node(self, number: int) -> None:
        """Start a node that was stopped or killed, while the others run; return when it takes connections."""
        self.nodes[number].start()

    async def replicated(self) -> None:
        """Return when there are quorum queues and streams, with all members up, that can survive a kill."""
        await eventually(self._is_replicated)

    def _is_replicated(self) -> bool:
        node = self.running[0]
        names = {each.name for each in self.nodes}
        replicated = [
            queue for queue in management.call(node, "GET", "/queues") if queue["type"] in REPLICATED
        ]
        are_online = all(set(queue.get("online", ())) == names for queue in replicated)
        return (
            bool(replicated)
            and are_online
            and all(
                has_saved(each, queue["name"]) if queue["type"] == "quorum" else _can_lead_streams(each)
                for each in self.nodes
                for queue in replicated
            )
        )

    def _open_port_mapper(self) -> None:
        port = self.nodes[0].ports.epmd
        log_folder(self._folder).mkdir(parents=True, exist_ok=True)
        # In an environment of its own: in that of a node it would be taken for a part of the node.
        self._epmd = open_program(
            port_mapper(self._folder, port, {"PATH": os.environ.get("PATH", os.defpath)})
        )
        wait_for_port_mapper(port)

    def _end(self, *, in_order: bool) -> None:
        with contextlib.ExitStack() as rest:
            rest.callback(self._ports.close)
            if self._epmd is not None:
                rest.callback(self._epmd.wait)
                rest.callback(self._epmd.kill)
            for node in self.nodes:
                rest.callback(node.stop if in_order else node.kill)
        self._epmd = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def has_saved(node: BrokerNode, queue: str) -> bool:
    """Whether the node has noted which Raft log a quorum queue of `/` has: it does so about a second late."""
    return _is_named(node, "quorum", f"%2F_{queue}")


def _can_lead_streams(node: BrokerNode) -> bool:
    """The same for what all streams have in common. Without it a node never serves its streams again."""
    return _is_named(node, "coordination", "rabbit_stream_coordinator")


def _is_named(node: BrokerNode, system: str, name: str) -> bool:
    # With its length, as Erlang writes it: `resize` would be found in `resize.dead` and in names of nodes.
    written = bytes([len(name)]) + name.encode()
    return any(written in names.read_bytes() for names in node.folder.glob(f"data/*/{system}/*/names.dets"))
