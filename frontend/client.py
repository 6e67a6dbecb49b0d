"""Who sends a request, and what it may see and use."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.messages import ClientTag, Owner

TAG_DIGITS = 16


class Allowance(NamedTuple):
    """How many requests, and bytes of images, a client may send in a minute. 0: as many as it likes."""

    requests: int = 0
    bytes: int = 0


NO_LIMIT = Allowance()


@dataclass(frozen=True, kw_only=True)
class Client:
    """The holder of an API key or, where there are no keys, whoever it is that sends from an address.

    It is counted under its `name`. Its jobs belong to `owner`, which is the name of its key; None where there
    are no keys. `sees_all` says that the jobs of all others are there for it too. The ends of its jobs are
    told at `callback_url`, unless it says otherwise.
    """

    name: str
    owner: Owner | None = None
    sees_all: bool = False
    allowance: Allowance = NO_LIMIT
    callback_url: str | None = None

    @property
    def owners(self) -> tuple[Owner | None, ...] | None:
        """Whose jobs are there for it; None: everybody's."""
        return None if self.sees_all else (self.owner,)

    @property
    def tag(self) -> ClientTag:
        """What tells it from others in what is stored and published, where its name need not stand."""
        return hashlib.sha256(self.name.encode()).hexdigest()[:TAG_DIGITS]

    def sees(self, owner: Owner | None) -> bool:
        """Whether the jobs of this owner are there for it."""
        return self.sees_all or owner == self.owner
