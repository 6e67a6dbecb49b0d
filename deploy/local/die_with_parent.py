"""Become another program that the kernel kills when the process that started it ends, however it ends.

    python -I -S die_with_parent.py PARENT_PID PROGRAM ARGUMENT ...

SIGKILL, because a kill -9 of the runner is to the services what a power cut is: they are built to survive
one, nobody is left to insist if they are slow to stop, and their ports are free for the next start at once.

A script of its own, because the alternative, Python's `preexec_fn`, is not safe in a process with threads.
The kernel watches the *thread* that started the program, so that has to be one that stays: the main thread.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # <linux/prctl.h>


def signal_at_parents_end(number: signal.Signals) -> None:
    """Have the kernel send this process the signal when its parent ends. It outlasts exec, not fork."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)


def main() -> None:
    """Replace this process. Exit code 127 means that the program cannot be run, as in a shell."""
    parent, command = int(sys.argv[1]), sys.argv[2:]
    signal_at_parents_end(signal.SIGKILL)
    if os.getppid() != parent:
        sys.exit("the process that started this one has ended already")
    try:
        os.execvp(command[0], command)  # noqa: S606  # no shell is wanted: the list is run as it is
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127)


if __name__ == "__main__":
    main()
