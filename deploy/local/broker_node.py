"""A private RabbitMQ node: everything of it is in one folder, and on 127.0.0.1.

with BrokerNode(folder) as node:
    connect(node.amqp_url)
"""

import contextlib
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.broker_files import (
    ENABLED_PLUGINS,
    LOOPBACK,
    NODE_NAME,
    NodePorts,
    broker_environment,
    console_log,
    up_file,
    write_broker_files,
)
from deploy.local.broker_server import find_server
from deploy.local.lean_installation import make_lean_installation
from deploy.local.leftover_node import end_leftover_node
from deploy.local.port_mapper import port_mapper, wait_for_port_mapper
from deploy.local.ports import Ports
from deploy.local.program import Program

START_WITHIN_S = 60.0
STOP_WITHIN_S = 3.0
# RabbitMQ saves which queue has which Raft log about a second late. Killed before that, it comes back with
# a queue that has no leader, for good. To stop in order takes little longer than to wait for that.
SPARED_S = 2.0
POLL_S = 0.05
LOG_LINES_SHOWN = 15

# Erlang that runs in the node. A node stops in order on SIGTERM as well, but takes 5 s longer: the event
# handler of the management plugin asks Erlang's application controller a question, and the controller is
# busy with stopping the handler. So the handler goes first.
UP_UNTIL_EOF = (
    "spawn(fun() -> rabbit:await_startup(), ok = file:write_file(up, []), eof = io:get_line(''), "
    "catch gen_event:delete_handler(rabbit_event, rabbit_mgmt_db_handler, []), "
    "init:stop() end)."
)


class NodeFailed(Exception):
    """The RabbitMQ node does not run."""


class BrokerNode:
    """One node with the management plugin and the login guest/guest; not started yet.

    It stops when the process that started it ends, even on kill -9. Data outlives `stop` and `kill`.
    """

    def __init__(
        self,
        folder: Path,
        ports: NodePorts | None = None,
        *,
        name: str = NODE_NAME,
        has_own_mapper: bool = True,
        server: Path | None = None,
    ) -> None:
        self.name = name
        self._has_own_mapper = has_own_mapper
        self.folder = folder.absolute()
        # Its own are kept until the end: nobody may take them before it listens, nor while it is killed.
        self._kept = Ports()
        self.ports = ports or NodePorts.anywhere(self._kept)
        self._server = self._script = server or find_server()
        self._processes: list[subprocess.Popen[bytes]] = []

    @property
    def amqp_url(self) -> str:
        """Where clients connect."""
        return f"amqp://guest:guest@{LOOPBACK}:{self.ports.amqp}/"

    @property
    def management_url(self) -> str:
        """The console, and the HTTP API below it."""
        return f"http://{LOOPBACK}:{self.ports.management}/"

    @property
    def pid(self) -> int:
        """The process id of the running node."""
        return self._processes[-1].pid

    @property
    def is_running(self) -> bool:
        """Whether it has been started and has not ended."""
        return bool(self._processes) and self._processes[-1].poll() is None

    def programs(self) -> tuple[Program, Program]:
        """What has to run: Erlang's port mapper, and the node, which ends when its standard input does."""
        environment = broker_environment(self.folder, self.ports, name=self.name)
        node = Program(
            name="rabbitmq",
            command=(str(self._script), "-noshell", "-eval", UP_UNTIL_EOF),
            environment=environment,
            folder=self.folder,
            stop_within_s=STOP_WITHIN_S,
            output=console_log(self.folder),
            stops_at_eof=True,
            spared_s=SPARED_S,
        )
        return port_mapper(self.folder, self.ports.epmd, environment), node

    def prepare(self) -> None:
        """End a node that still uses the folder, and write the files that `programs` need."""
        end_leftover_node(self.folder)
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_broker_files(self.folder, self.ports)
        installation = self.folder / "installation"
        self._script = make_lean_installation(self._server, installation, enabled=ENABLED_PLUGINS)

    def is_up(self) -> bool:
        """Whether this node, since `prepare`, has come so far that it serves clients and the console."""
        return up_file(self.folder).exists()

    def last_words(self) -> str:
        """The end of what the node said, and where to read all of it."""
        log = console_log(self.folder)
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        # It would also set the title of the terminal.
        told = ["".join(filter(str.isprintable, line)) for line in lines if line.strip()]
        return "\n".join([*told[-LOG_LINES_SHOWN:], f"Its logs are in {log.parent}"])

    def start(self) -> None:
        """Return when it takes connections. Raises NodeFailed with what it said, and then nothing is left."""
        self.begin()
        self.wait_until_up()

    def begin(self) -> None:
        """Start its programs, and do not wait for them."""
        self.prepare()
        try:
            mapper, node = self.programs()
            if self._has_own_mapper:
                self._processes.append(open_program(mapper))
                wait_for_port_mapper(self.ports.epmd)
            self._processes.append(open_program(node))
        except BaseException:
            self.kill()
            raise

    def wait_until_up(self) -> None:
        """The second half of `start`."""
        try:
            self._watch_start()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Stop it in order; kill what has not stopped in time."""
        if self._processes:
            node = self._processes[-1]
            assert node.stdin is not None
            node.stdin.close()
            with contextlib.suppress(subprocess.TimeoutExpired):
                node.wait(STOP_WITHIN_S)
        self.kill()

    def kill(self) -> None:
        """End it with SIGKILL. A queue younger than about a second may not come back: see SPARED_S."""
        while self._processes:
            process = self._processes.pop()
            process.kill()
            process.wait()
            if process.stdin is not None:
                process.stdin.close()

    def restart(self) -> None:
        """Stop it, and start it on the same data and ports."""
        self.stop()
        self.start()

    def _watch_start(self) -> None:
        deadline = time.monotonic() + START_WITHIN_S
        while not self.is_up():
            if self._processes[-1].poll() is not None:
                raise NodeFailed(f"RabbitMQ has ended while starting.\n{self.last_words()}")
            if time.monotonic() > deadline:
                raise NodeFailed(f"RabbitMQ was not up after {START_WITHIN_S:.0f} s.\n{self.last_words()}")
            time.sleep(POLL_S)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self._kept.close()
            raise
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.stop()
        finally:
            self._kept.close()


def open_program(program: Program) -> subprocess.Popen[bytes]:
    """Start a program that has an output file."""
    assert program.output is not None
    with program.output.open("wb") as output:
        return subprocess.Popen(program.launch, stdout=output, stderr=output, **program.options)
