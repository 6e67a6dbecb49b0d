"""All the programs of a run, and the order in which they are stopped."""

import asyncio
from enum import IntEnum

from deploy.local.keeper import Keeper
from deploy.local.program import Program


class Stage(IntEnum):
    """The order of stopping: no new uploads, then finish what is at work, then the broker under it all."""

    FRONTENDS = 1
    WORKERS = 2
    BROKER = 3
    PORT_MAPPER = 4


class Supervisor:
    """Keeps programs running until it is told to stop. It belongs to one event loop."""

    def __init__(self) -> None:
        self._keepers: dict[Stage, list[Keeper]] = {stage: [] for stage in Stage}

    def start(self, stage: Stage, program: Program, *, restarts: bool = True) -> Keeper:
        """Start the program and keep it running."""
        keeper = Keeper(program, restarts=restarts)
        self._keepers[stage].append(keeper)
        return keeper

    async def stop(self) -> None:
        """Stop stage after stage; the programs of one stage stop side by side. Afterwards none is left."""
        for stage in Stage:
            await asyncio.gather(*(keeper.stop() for keeper in self._keepers[stage]))

    def kill(self) -> None:
        """End all of them at once; a `stop` that is waiting then has nothing more to wait for."""
        for keepers in self._keepers.values():
            for keeper in keepers:
                keeper.kill()
