"""What a run plays on: the services, the broker and the disk, for the faults to break and to be mended."""

from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.chaos.brokers import Broker
from tests.chaos.ledger import Ledger
from tests.rig import Rig
from tests.webhook_receiver import Receiver


@dataclass
class Stage:
    """`ballast` is the file that fills the disk of the store, when it is to be full."""

    rig: Rig
    broker: Broker
    ledger: Ledger
    dice: Random
    mark: str
    receiver: Receiver

    @property
    def ballast(self) -> Path:
        """Beside the folders of the store, which nobody looks at."""
        return self.rig.storage.parent / "ballast"

    async def mend(self) -> None:
        """Make whole what faults may have left broken; decoders are the business of their workers."""
        self.ballast.unlink(missing_ok=True)
        await self.broker.mend()
        for service in self.rig.services:
            if not service.is_running:
                service.start()
