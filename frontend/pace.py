"""How fast jobs end, and so when a waiting one will have: told by those that have ended lately. No I/O.

While jobs wait, slots are never idle, and the time between two ends is what counts: it has everything in it
that a job costs. For want of that it is the time for which a worker was at a job, by the number of slots.
"""

import time
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from statistics import fmean, median

from frontend.job_state import JobState
from pipeline.messages import LANES, Lane

MOST_ENDS = 2_000
REFRESH_S = 0.5
"""The rate does not change so fast that it has to be found anew with each end."""
LATELY = timedelta(seconds=20)
"""What ended longer than this before the last one tells nothing of now."""
FEWEST_ENDS = 5
"""So many ends in a row of jobs that had waited tell a rate."""
JUST_NOW_S = 2.0
ENOUGH_ENDS = 12
"""So many in each slot are enough: what is older than these, and not of just now, tells of a rate that was.

Where uploads come through the same processors, work goes faster as soon as they have come.
"""


@dataclass(frozen=True)
class Forecast:
    """When the job at a place of the queue will have ended: `own_s` after its turn comes.

    Its turn comes `each_s` later for every place but the first `ahead`, for which slots are free.
    """

    own_s: float
    each_s: float
    ahead: float

    def seconds_to_go(self, place: int) -> float:
        """Seconds until the job at this place, from 1, will have ended."""
        return self.own_s + self.each_s * max(0.0, place - self.ahead)


@dataclass(frozen=True)
class _End:
    at: float
    began: float
    made: float
    slots: int

    @property
    def lasted(self) -> float:
        return max(self.at - self.began, 0.0)


class Pace:
    """The jobs that were ended by a worker lately, in the order in which they ended."""

    def __init__(self) -> None:
        self._ends: deque[_End] = deque(maxlen=MOST_ENDS)
        self._cycle_s = 0.0
        self._found_at = -inf

    def take(self, state: JobState, *, slots: int) -> None:
        """Take in that a job has ended, while there were so many slots."""
        if state.started_at is None or state.finished_at is None or state.worker is None:
            return
        at, began, made = (
            when.timestamp() for when in (state.finished_at, state.started_at, state.created_at)
        )
        self._ends.append(_End(at, began, made, max(slots, 1)))

    def forecast(self, *, slots: int, busy: int) -> Forecast | None:
        """What is to be expected of so many slots, of which so many are busy; None if nothing is known."""
        if not self._ends or not slots:
            return None
        now = time.monotonic()
        if now - self._found_at > REFRESH_S:
            self._cycle_s, self._found_at = _cycle(list(self._ends)), now
        free = max(slots - busy, 0)
        # A slot that is busy is so for half a cycle more, on average.
        return Forecast(own_s=self._cycle_s, each_s=self._cycle_s / slots, ahead=free or 0.5)


class Paces:
    """The pace of each lane: its jobs have slots of their own, and more or less of the processor."""

    def __init__(self) -> None:
        self._paces: dict[Lane, Pace] = {lane: Pace() for lane in LANES}

    def take(self, state: JobState, *, lane: Lane, slots: int) -> None:
        """Take in that a job of this lane has ended, while there were so many slots."""
        self._paces[lane].take(state, slots=slots)

    def forecast(self, lane: Lane, *, slots: int, busy: int) -> Forecast | None:
        """What is to be expected in this lane, of whose slots so many are busy; None if nothing is known.

        Of a lane in which nothing has ended yet it is told by the other one.
        """
        own_first = sorted(LANES, key=lambda other: other != lane)
        told = (self._paces[other].forecast(slots=slots, busy=busy) for other in own_first)
        return next((forecast for forecast in told if forecast is not None), None)


def _cycle(ends: list[_End]) -> float:
    """Seconds from one end to the next one in the same slot, while there is enough to do."""
    lately = max(end.at for end in ends) - LATELY.total_seconds()
    ends = sorted((end for end in ends if end.at >= lately), key=lambda end: end.at)
    row = _waited_for(ends)
    if len(row) < FEWEST_ENDS:
        return fmean(end.lasted for end in ends)
    row = _latest(row)
    return (row[-1].at - row[0].at) / (len(row) - 1) * median(end.slots for end in row)


def _latest(row: list[_End]) -> list[_End]:
    """The last ends of a row: those of just now, and at least enough."""
    just_now = sum(end.at >= row[-1].at - JUST_NOW_S for end in row)
    return row[-max(just_now, ENOUGH_ENDS * row[-1].slots + 1) :]


def _waited_for(ends: list[_End]) -> list[_End]:
    """The latest ends in a row with all slots busy: the job was there when the one before it had ended."""
    row: list[_End] = []
    for number in range(len(ends) - 1, -1, -1):
        row.append(ends[number])
        before = number - ends[number].slots
        if before < 0 or ends[number].made > ends[before].at:
            break
    return row[::-1]
