"""Stepping back: a process that takes the processor only as far as others leave it."""

import errno
import os
import time
from pathlib import Path

AUTOGROUP = Path("/proc/self/autogroup")
TRIES = 50
PAUSE_S = 0.1
"""The kernel takes one of these in a tenth of a second, of all processes together."""


def step_back(niceness: int, autogroup: Path = AUTOGROUP) -> None:
    """Give way to the other processes of the machine by so much, as nice(2) counts it. 0: not at all.

    Where the kernel shares the processor out among sessions first (sched(7), "The autogroup feature"),
    niceness counts only within one: so this process begins a session of its own, which is given it too.
    """
    if not niceness:
        return
    os.setsid()
    os.nice(niceness)
    for _ in range(TRIES):
        try:
            autogroup.write_text(str(niceness))
        except OSError as error:
            if error.errno != errno.EAGAIN:
                return  # there are no autogroups here, or they are not for us to change
            time.sleep(PAUSE_S)
        else:
            return
