"""`python -m deploy.local [run | worker]`, from the folder of the project; `make` calls it so."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from deploy.local.broker_node import NodeFailed
from deploy.local.broker_server import RabbitMQMissing
from deploy.local.control import NothingRuns, ask_for_worker
from deploy.local.die_with_parent import signal_at_parents_end
from deploy.local.ports import NoFreePort, Ports
from deploy.local.run_folder import AlreadyRunning, RunFolder
from deploy.local.runner import Run
from deploy.local.settings import LocalSettings
from pipeline.errors import InvalidSetting
from pipeline.logs import configure_logging

STOPPED, FAILED, REFUSED, INTERRUPTED = 0, 1, 2, 130

FOLDER = RunFolder(Path(".run"))


def run() -> None:
    """Run everything until a signal."""
    settings = LocalSettings.read(os.environ)
    configure_logging(service="runner", level=settings.frontend.log_level)
    with FOLDER.held(), Ports() as ports:
        asyncio.run(Run(settings, FOLDER, ports).until_stopped())


def worker() -> None:
    """Ask the runner, which may be in another terminal, for one more worker."""
    print(f"{ask_for_worker(FOLDER.socket)} is started; its log is where `make run` runs, and ends with it")


COMMANDS = {"run": run, "worker": worker}


def main() -> int:
    """0 after an orderly stop, 1 if something failed, 2 if what was asked for cannot be done."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local", description=__doc__)
    parser.add_argument("command", choices=COMMANDS, nargs="?", default="run")
    parser.add_argument(
        "--end-with-parent", action="store_true", help="stop when the process that started this one ends"
    )
    arguments = parser.parse_args()
    if arguments.end_with_parent:
        signal_at_parents_end(signal.SIGTERM)
    try:
        COMMANDS[arguments.command]()
    except NodeFailed as error:
        return _tell(error, FAILED)
    except (InvalidSetting, RabbitMQMissing, AlreadyRunning, NothingRuns, NoFreePort) as error:
        return _tell(error, REFUSED)
    except KeyboardInterrupt:
        # Before the run, or after it, while Python cleans up: nothing of ours is running.
        return INTERRUPTED
    return STOPPED


def _tell(error: Exception, code: int) -> int:
    print(error, file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
