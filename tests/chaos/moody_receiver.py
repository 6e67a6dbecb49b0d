"""Somebody who is told how jobs ended, and now and then is in no mood for it."""

from collections import Counter
from random import Random

from tests.webhook_receiver import Received, Receiver

MOOD = 0.3
MOST_REFUSALS = 3
"""Of each job, so that none is given up: there are more rungs."""
HOOK_SETTINGS = {
    "WEBHOOK_HOSTS": "hooks.example.com",
    "WEBHOOK_DELAYS_S": "0.5,1,2,3,4,5,6,7,8",
    "WEBHOOK_TIMEOUT_S": "2",
}


class MoodyReceiver(Receiver):
    """Refuses some of what comes, and hangs now and then."""

    def __init__(self, dice: Random) -> None:
        super().__init__()
        self._dice = dice
        self._refused: Counter[str] = Counter()

    def answer(self, received: Received) -> object:
        """204 in the end."""
        if self._refused[received.job_id] >= MOST_REFUSALS or self._dice.random() > MOOD:
            self.told[received.job_id] = received
            return 204
        self._refused[received.job_id] += 1
        return self._dice.choice([500, 503, 302, "hang", "garbage"])
