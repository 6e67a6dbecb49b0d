"""How a delivery ends. Every delivery ends in exactly one of these, after its effect is stored."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Done:
    """The command has been carried out, or need not be: acknowledge it."""


@dataclass(frozen=True)
class RetryLater:
    """Something passing was in the way: give the command back after `delay_s` seconds."""

    reason: str
    delay_s: float


@dataclass(frozen=True)
class GiveUp:
    """No worker can ever do this: move it to the dead letters together with the reason."""

    reason: str


Outcome = Done | RetryLater | GiveUp
