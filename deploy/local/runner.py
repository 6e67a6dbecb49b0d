"""One run: a broker unless there is one, the frontends, the workers; from the first to the last of them."""

import asyncio
import itertools
import logging
from collections.abc import Coroutine
from pathlib import Path

from deploy.local.banner import banner
from deploy.local.broker_node import START_WITHIN_S, BrokerNode, NodeFailed
from deploy.local.broker_server import find_server
from deploy.local.control import control_socket
from deploy.local.keeper import Keeper
from deploy.local.leftover_node import end_leftover_node
from deploy.local.port_choice import frontend_port, node_ports
from deploy.local.port_mapper import wait_for_port_mapper
from deploy.local.ports import Ports
from deploy.local.run_folder import RunFolder
from deploy.local.services import Services
from deploy.local.settings import LocalSettings
from deploy.local.stop_signals import StopSignals
from deploy.local.supervisor import Stage, Supervisor

log = logging.getLogger(__name__)

POLL_S = 0.05
PATIENCE_S = 20.0


class Run:
    """Everything that `settings` ask for, in `folder`. It belongs to one event loop, and is used once."""

    def __init__(self, settings: LocalSettings, folder: RunFolder, ports: Ports) -> None:
        self._settings = settings
        self._folder = folder
        self._supervisor = Supervisor()
        self._worker_numbers = itertools.count(1)
        self._node = None if settings.outside_broker else _private_node(folder.broker, ports)
        self._services = Services(
            settings=settings,
            folder=Path.cwd(),
            amqp_url=self._node.amqp_url if self._node else settings.frontend.amqp_url,
            console_url=self._node.management_url if self._node else settings.frontend.console_url,
            port=frontend_port(ports, settings),
        )

    async def until_stopped(self) -> None:
        """Start all, keep it running, and on a signal stop it in order.

        Raises NodeFailed if the private broker cannot be started; then nothing is left running either.
        """
        signals = StopSignals(insist=self._supervisor.kill)
        try:
            async with control_socket(self._folder.socket, self._add_worker):
                await _unless(signals.asked, self._bring_up())
                await signals.asked.wait()
        finally:
            await self._stop()

    async def _bring_up(self) -> None:
        """Start everything, and tell when it is up.

        The frontends start at once, so that they only have to connect when the broker is up. The workers
        wait for the broker: on a small machine they would slow its start down.
        """
        for frontend in self._services.frontends():
            self._supervisor.start(Stage.FRONTENDS, frontend)
        if self._node:
            log.info("starting RabbitMQ, which takes some seconds")
            await _node_up(self._node, await self._launch_node(self._node))
        for _ in range(self._settings.workers):
            self._add_worker()
        await self._page_ready()
        self._folder.write_note(**self._services.facts(own_broker=self._node is not None))
        print(banner(self._services, has_own_broker=self._node is not None), flush=True)

    async def _launch_node(self, node: BrokerNode) -> Keeper:
        node.prepare()
        epmd, server = node.programs()
        self._supervisor.start(Stage.PORT_MAPPER, epmd)
        await asyncio.to_thread(wait_for_port_mapper, node.ports.epmd)
        return self._supervisor.start(Stage.BROKER, server, restarts=False)

    def _add_worker(self) -> str:
        """Start one more worker; its name."""
        worker = self._services.worker(next(self._worker_numbers))
        self._supervisor.start(Stage.WORKERS, worker)
        return worker.name

    async def _page_ready(self) -> None:
        """Return when a frontend is ready, however long that takes: the logs say what is missing."""
        started = asyncio.get_running_loop().time()
        complained = False
        while not await asyncio.to_thread(self._services.is_ready):
            if not complained and asyncio.get_running_loop().time() - started > PATIENCE_S:
                complained = True
                log.warning("the frontend is not ready yet: is the broker at %s up?", self._services.broker)
            await asyncio.sleep(POLL_S)

    async def _stop(self) -> None:
        started = asyncio.get_running_loop().time()
        log.info("stopping one after the other; Ctrl-C ends all at once")
        await self._supervisor.stop()
        log.info("all stopped after %.1f s", asyncio.get_running_loop().time() - started)


def _private_node(folder: Path, ports: Ports) -> BrokerNode:
    server = find_server()
    # Before ports are chosen: it would still have the usual ones.
    end_leftover_node(folder.absolute())
    return BrokerNode(folder, node_ports(ports), server=server)


async def _node_up(node: BrokerNode, keeper: Keeper) -> None:
    """Return when the node takes connections; from then on it is started again when it dies."""
    deadline = asyncio.get_running_loop().time() + START_WITHIN_S
    while not node.is_up():
        if keeper.has_ended:
            raise NodeFailed(f"RabbitMQ has ended while starting.\n{node.last_words()}")
        if asyncio.get_running_loop().time() > deadline:
            raise NodeFailed(f"RabbitMQ was not up after {START_WITHIN_S:g} s.\n{node.last_words()}")
        await asyncio.sleep(POLL_S)
    keeper.restarts = True


async def _unless(asked: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Do the work, but leave it when `asked` is set. Raises what the work raises."""
    working = asyncio.create_task(work, name="bring up")
    waiting = asyncio.create_task(asked.wait(), name="wait for a stop signal")
    await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    for task in (working, waiting):
        task.cancel()
    await asyncio.wait((working, waiting))
    if not working.cancelled():
        working.result()
