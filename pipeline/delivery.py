"""How a delivery ends. Every delivery ends in exactly one of these, after its effect is stored."""

from dataclasses import dataclass

from pipeline.messages import ResizeImage


@dataclass(frozen=True)
class Done:
    """The command has been carried out, or need not be: acknowledge it."""


@dataclass(frozen=True)
class RetryLater:
    """Something passing was in the way: `command` comes in `delay_s` seconds, as a new attempt.

    `delay_s` is that of a rung of the retry ladder.
    """

    reason: str
    delay_s: float
    command: ResizeImage


@dataclass(frozen=True)
class GiveBack:
    """It was not tried, or not to its end, and not for its own fault: put it back as it came."""

    reason: str


@dataclass(frozen=True)
class GiveUp:
    """No worker can ever do this: move it to the dead letters together with the reason."""

    reason: str


Outcome = Done | RetryLater | GiveBack | GiveUp
